package gitremote

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHeadAgreesWithGit compares with git itself, as it writes refs loose, packed, detached and not at all.
func TestHeadAgreesWithGit(t *testing.T) {
	dir := t.TempDir()
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@localhost"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	read := func(path string) (string, error) {
		data, err := os.ReadFile(filepath.Join(dir, ".git", path))
		return string(data), err
	}
	git("init", "--quiet", "--initial-branch=release/next")
	if head, err := Head(read); err == nil || !strings.Contains(err.Error(), "no commit yet") {
		t.Errorf("before the first commit: %q, %v", head, err)
	}
	git("commit", "--quiet", "--allow-empty", "--message=one")
	for _, state := range [][]string{{"status"}, {"pack-refs", "--all"}, {"checkout", "--quiet", "--detach"}} {
		git(state...)
		if head, err := Head(read); err != nil || head != git("rev-parse", "HEAD") {
			t.Errorf("after %v: %q, %v", state, head, err)
		}
	}
	dir = t.TempDir()
	if _, err := Head(read); err == nil || !strings.Contains(err.Error(), "--commit") {
		t.Errorf("no checkout: %v", err)
	}
}

func TestOrigin(t *testing.T) {
	config := "[core]\n\tbare = false\n[remote \"fork\"]\n\turl = https://a.example/f.git\n[remote \"origin\"]\n\turl = git@a.example:g/p.git\n"
	if got, err := Origin(config); err != nil || got != "git@a.example:g/p.git" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := Origin("[core]\n"); err == nil || !strings.Contains(err.Error(), "--remote") {
		t.Errorf("no origin: %v", err)
	}
}

func FuzzCheckout(f *testing.F) {
	f.Add("ref: refs/heads/main\n", "[remote \"origin\"]\nurl = x\n")
	f.Fuzz(func(t *testing.T, file, config string) {
		_, _ = Head(func(string) (string, error) { return file, nil })
		if url, err := Origin(config); err == nil {
			_, _ = Address(url)
		}
	})
}
