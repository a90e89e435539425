package e2e

import (
	"strings"
	"testing"
)

// TestDevelopmentVersion: a version that is still worked on is not released, and that fails no pipeline. Whoever pushes
// its tag asks for it.
func TestDevelopmentVersion(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	commit := a.bump("1.5.0.dev0")
	words := "1.5.0.dev0 is a version that is still worked on: raise it to 1.5.0 to release that, or push the tag " +
		a.Name + "-1.5.0.dev0"
	for _, function := range []string{"plan", "release"} {
		out, err := a.ship(function)
		if err != nil || !strings.Contains(out, words) {
			t.Errorf("%s: got %v, want %q", function, err, words)
		}
	}
	a.release("nothing to do")
	if tags := a.tags(); len(tags) != 0 {
		t.Fatalf("tagged %v", tags)
	}
	a.git("tag", a.Name+"-1.5.0.dev0", commit)
	a.git("push", "--quiet", "origin", a.Name+"-1.5.0.dev0")
	a.release("resumed")
	a.look("1.5.0.dev0")
}
