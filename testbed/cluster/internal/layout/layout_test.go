package layout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLock(t *testing.T) {
	folder, err := Open(filepath.Join(t.TempDir(), "new", "folder"))
	if err != nil {
		t.Fatal(err)
	}
	if err := folder.Lock(); err != nil {
		t.Fatal(err)
	}
	if err := folder.Lock(); err == nil || !strings.Contains(err.Error(), "another cluster runs there") {
		t.Errorf("locked twice: %v", err)
	}
	if other := folder + "2"; folder.ID() == other.ID() {
		t.Errorf("two folders have the ID %s", folder.ID())
	}
}

func TestClear(t *testing.T) {
	folder := Folder(t.TempDir())
	for _, path := range []string{folder.Run("a", "b"), folder.Path("logs")} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := folder.Describe(Description{Node: "real"}); err != nil {
		t.Fatal(err)
	}
	if err := folder.Clear(true); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(string(folder))
	if err != nil || len(left) != 1 || left[0].Name() != "logs" {
		t.Errorf("left: %v, %v", left, err)
	}
}
