package settings

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestSOPS: the image is the default's, the top's or the project's own.
func TestSOPS(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               SOPS,
		"sops = 'r.example/sops:1'\n":    "r.example/sops:1",
		"sops = 'r/a:1'\n[projects.p]\n": "r/a:1",
		"[projects.p]\nsops = 'r/b:1'\n": "r/b:1",
		"sops = 'r/a:1'\n[projects.p]\nsops = 'r/b:1'\n": "r/b:1",
	} {
		if s, err := of(t, Given{}, text); err != nil || s.SOPSImage != want {
			t.Errorf("%q: %s, %v, want %s", text, s.SOPSImage, err, want)
		}
	}
}

// TestSOPSIsTested: the tests serve the image that is the default, of the version that they build.
func TestSOPSIsTested(t *testing.T) {
	t.Parallel()
	for file, pattern := range map[string]string{
		"../../testbed/sops/go.mod":              `(?m)^\tgithub.com/getsops/sops/v3 (\S+) `,
		"../../testbed/internal/images/tools.go": `SOPSImage  = "(.*)"`,
	} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(pattern).FindStringSubmatch(string(data))
		if found == nil || !strings.Contains(SOPS, found[1]) {
			t.Errorf("%s has %q, the default is %s", file, found, SOPS)
		}
	}
}
