package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestRunnersCheckout releases from a checkout as GitLab's runners make it: of one commit, on no branch, and with the
// job's token in the remote's address.
func TestRunnersCheckout(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.write("notes.md", "A note.\n")
	commit := a.commit("a note")
	a.Settings["environments"] = "production=" + a.Name
	a.Secrets["SHOP_GIT_TOKEN"] = a.Bed.Git.Job
	build := filepath.Join(t.TempDir(), "build")
	remote := strings.Replace(a.Bed.Git.URL, "://", "://gitlab-ci-token:"+a.Bed.Git.Job+"@", 1) + "/" + a.Repo + ".git"
	a.git("clone", "--quiet", "--depth=1", remote, build)
	a.Dir, a.Settings["source"] = build, build
	a.git("checkout", "--quiet", "--detach")
	a.release("released")
	if got := a.tags()[a.Name+"-0.1.0"]; got != commit {
		t.Errorf("the tag is at %s, want %s", got, commit)
	}
	a.release("nothing to do")
}
