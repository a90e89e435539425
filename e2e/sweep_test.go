package e2e

import (
	"strings"
	"testing"
)

// TestSweep: old snapshots are removed from the registry, but none that an environment runs or may go back to, and
// none that Ship did not make.
func TestSweep(t *testing.T) {
	t.Parallel()
	a := shaped(t, "version = \"given\"\n\n[environments.acc]\nsnapshots = true\nnamespace = \"NAME\"\n")
	commit := func() (tag string) {
		a.commit("a commit")
		a.release("released")
		return "sha-" + a.git("rev-parse", "HEAD")
	}
	a.write("one", "1")
	first := commit()
	a.write("two", "2")
	second := commit()
	images := a.images()
	foreign := "sha-" + strings.Repeat("0", 40)
	for _, tag := range []string{foreign, "1.0.0"} {
		must(t, 0, images.Move(t.Context(), a.look(first).Digest, tag))
	}
	a.says([]string{"sweep", "--age=0s"}, "nothing to do",
		"3 snapshots: 0 old, 0 younger, 2 that an environment runs or may go back to, 1 of somebody else's")

	a.edit("ship.toml", "snapshots = true", "snapshots = true\nstrategy = \"reinstall\"")
	third := commit() // Helm's history begins anew
	a.says([]string{"sweep"}, "nothing to do", "2 younger")
	a.says([]string{"sweep", "--age=0s", "--plan"}, "2 old", "> remove", first, second)
	for _, tag := range []string{first, second} {
		if a.look(tag).Digest == "" {
			t.Errorf("a plan removed %s", tag)
		}
	}
	a.says([]string{"sweep", "--age=0s"}, "swept", "+ remove", first, second)
	a.says([]string{"sweep", "--age=0s"}, "nothing to do")
	for tag, left := range map[string]bool{first: false, second: false, third: true, foreign: true, "1.0.0": true} {
		if (a.look(tag).Digest != "") != left {
			t.Errorf("%s is in the registry: %t, want %t", tag, !left, left)
		}
	}
	a.release("nothing to do")
	delete(a.Settings, "kubeconfig")
	if out, err := a.ship("sweep", "--age=0s"); err == nil || !strings.Contains(out, "no kubeconfig was given") {
		t.Errorf("nobody looked at the environment: %v", err)
	}
	if out, err := a.ship("sweep", "--age=30d"); err == nil || !strings.Contains(out, "write hours, as 720h") {
		t.Errorf("thirty days: %v", err)
	}
}
