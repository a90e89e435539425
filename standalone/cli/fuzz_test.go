package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzEnv reads any file .env: a repo's own may be another program's.
func FuzzEnv(f *testing.F) {
	f.Add("export SHIP_IMAGE=${A:-b}/shop\n# c\nX='y'\nZ=\"\n")
	f.Add("A=${${A}}\n=\n'=\n$=$\n${=}\n")
	f.Add("SHIP_A=$B\nSHIP_B=${A}\n")
	file := filepath.Join(f.TempDir(), ".env")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = readEnv(file, "ship")
	})
}
