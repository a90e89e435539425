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

// TestOriginAgreesWithGit compares with what git reads in the same files.
func TestOriginAgreesWithGit(t *testing.T) {
	for _, config := range []string{
		"[core]\n\tbare = false\n[remote \"fork\"]\n\turl = https://a.example/f.git\n[remote \"origin\"]\n\turl = git@a.example:g/p.git\n",
		"[remote \"origin\"]\r\n\tfetch = +refs/heads/*:refs/remotes/origin/*\r\n\turl = https://a.example/p.git\r\n",
		"[ReMote \"origin\"] URL=https://a.example/p.git ; not this\n",
		"[remote \"origin\"]\n# url = https://comment.example\n; url = https://comment.example\nurl = \"https://a.example/a b;c#d.git\"  # but this\n",
		"[remote \"origin\"]\nurl = https://a.exa\\\nmple/p.git\n",
		"[remote \"origin\"]\nurl = \"https://a.example/\\\"quoted\\\".git\"\n",
		"[branch \"a]b\"]\nremote = origin\n[remote \"Origin\"]\nurl = https://other.example\n[remote \"origin\"]\nmirror\nurl = https://a.example/p.git\n",
		"[remote \"origin\"]\nurl = https://first.example\nurl = https://second.example\n",
		"[remote \"origin\"]\nfetch = x\n[core]\nurl = https://core.example\n[remote \"origin\"]\nurl = https://a.example/p.git",
		"\ufeff[remote \"origin\"]\n\turl = https://a.example/p.git\n",
	} {
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("git", "config", "--file", file, "--get-all", "remote.origin.url").Output()
		if err != nil {
			t.Fatalf("git on %q: %v", config, err)
		}
		want, _, _ := strings.Cut(string(out), "\n")
		if got, err := Origin(config); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", config, got, err, want)
		}
	}
	for _, config := range []string{"", "[core]\n", "[remote \"origin\"]\nurl\n", "[remote \"origin\"", "url = https://a.example/p.git\n"} {
		if got, err := Origin(config); err == nil || !strings.Contains(err.Error(), "--remote") {
			t.Errorf("%q: got %q, %v", config, got, err)
		}
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
