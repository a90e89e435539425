package gitremote

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHeadAgreesWithGit compares with git itself, as it writes refs loose, packed, detached and not
// at all.
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
	read := Checkout(func(path string) (string, error) {
		data, err := os.ReadFile(filepath.Join(dir, path))
		return string(data), err
	})
	git("init", "--quiet", "--initial-branch=release/next")
	if head, err := read.Head(); err == nil || !strings.Contains(err.Error(), "no commit yet") {
		t.Errorf("before the first commit: %q, %v", head, err)
	}
	git("commit", "--quiet", "--allow-empty", "--message=one")
	for _, state := range [][]string{{"status"}, {"pack-refs", "--all"}, {"checkout", "--quiet", "--detach"}} {
		git(state...)
		if head, err := read.Head(); err != nil || head != git("rev-parse", "HEAD") {
			t.Errorf("after %v: %q, %v", state, head, err)
		}
	}
	git("checkout", "--quiet", "release/next")
	git("symbolic-ref", "refs/heads/alias", "refs/heads/release/next")
	git("symbolic-ref", "HEAD", "refs/heads/alias")
	for range 2 {
		if head, err := read.Head(); err != nil || head != git("rev-parse", "HEAD") {
			t.Errorf("on a branch that is a name of another: %q, %v", head, err)
		}
		git("pack-refs", "--all")
	}
	main, worktree := dir, filepath.Join(t.TempDir(), "other")
	git("worktree", "add", "--quiet", "-b", "other", worktree)
	for head, words := range map[string]string{
		"ref: refs/heads/.invalid\n": "a reftable", strings.Repeat("ab", 32): "SHA-256",
		"ref: refs/heads/loop": "points from one ref to another",
		"ref: ../config":       "instead of a branch",
		"ref: refs/../config":  "instead of a branch",
		"ref: config":          "instead of a branch",
		"x":                    "instead of a commit",
	} {
		if err := errors.Join(os.WriteFile(filepath.Join(dir, ".git/HEAD"), []byte(head), 0o600),
			os.WriteFile(filepath.Join(dir, ".git/refs/heads/loop"), []byte("ref: refs/heads/loop"),
				0o600)); err != nil {
			t.Fatal(err)
		}
		if head, err := read.Head(); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%q, %v, want %s", head, err, words)
		}
	}
	dir = worktree
	_, headErr := read.Head()
	_, originErr := read.Origin()
	for instead, err := range map[string]error{"--commit": headErr, "--remote": originErr} {
		if err == nil || !strings.Contains(err.Error(), "a worktree") || !strings.Contains(err.Error(), main) ||
			!strings.Contains(err.Error(), instead) {
			t.Errorf("in a worktree: %v", err)
		}
	}
	dir = t.TempDir()
	if _, err := read.Head(); err == nil || !strings.Contains(err.Error(), "--commit") {
		t.Errorf("no checkout: %v", err)
	}
}

// withConfig is a checkout with these settings only.
func withConfig(config string) Checkout {
	return func(path string) (string, error) {
		if path != ".git/config" {
			return "", os.ErrNotExist
		}
		return config, nil
	}
}

// TestOriginAgreesWithGit compares with what git reads in the same files.
func TestOriginAgreesWithGit(t *testing.T) {
	for _, config := range []string{
		"[core]\n\tbare = false\n[remote \"fork\"]\n\turl = https://a.example/f.git\n[remote \"origin\"]\n\turl = " +
			"git@a.example:g/p.git\n",
		"[remote \"origin\"]\r\n\tfetch = +refs/heads/*:refs/remotes/origin/*\r\n\turl = https://a.example/p.git\r\n",
		"[ReMote \"origin\"] URL=https://a.example/p.git ; not this\n",
		"[remote \"origin\"]\n# url = https://comment.example\n; url = https://comment.example\nurl = " +
			"\"https://a.example/a b;c#d.git\"  # but this\n",
		"[remote \"origin\"]\nurl = https://a.exa\\\nmple/p.git\n",
		"[remote \"origin\"]\nurl = \"https://a.example/\\\"quoted\\\".git\"\n",
		"[branch \"a]b\"]\nremote = origin\n[remote \"Origin\"]\nurl = https://other.example\n[remote " +
			"\"origin\"]\nmirror\nurl = https://a.example/p.git\n",
		"[remote \"origin\"]\nurl = https://first.example\nurl = https://second.example\n",
		"[remote \"origin\"]\nfetch = x\n[core]\nurl = https://core.example\n[remote \"origin\"]\nurl = " +
			"https://a.example/p.git",
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
		if got, err := withConfig(config).Origin(); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", config, got, err, want)
		}
	}
	for _, config := range []string{"", "[core]\n", "[remote \"origin\"]\nurl\n", "[remote \"origin\"",
		"url = https://a.example/p.git\n"} {
		if got, err := withConfig(config).Origin(); err == nil || !strings.Contains(err.Error(), "--remote") {
			t.Errorf("%q: got %q, %v", config, got, err)
		}
	}
}

func FuzzCheckout(f *testing.F) {
	f.Add("ref: refs/heads/main\n", "[remote \"origin\"]\nurl = x\n")
	f.Fuzz(func(t *testing.T, file, config string) {
		_, _ = Checkout(func(string) (string, error) { return file, nil }).Head()
		_, _ = Checkout(func(string) (string, error) { return config, nil }).Origin() // which includes itself
		if url, err := withConfig(config).Origin(); err == nil {
			_, _ = Address(url)
		}
	})
}

// TestOriginIsWhereGitFetches compares with git in checkouts with further settings about the
// address.
func TestOriginIsWhereGitFetches(t *testing.T) {
	for name, c := range map[string]struct{ config, included string }{
		"instead of a prefix": {
			"[remote \"origin\"]\nurl = acme:shop.git\n[url \"https://a.example/acme/\"]\ninsteadOf = acme:\n",
			"",
		},
		"the longest prefix": {
			"[url \"https://b.example/\"]\ninsteadof = acme:s\n[url \"https://a.example/\"]\ninsteadof = " +
				"acme:\ninsteadof = x:\n[remote \"origin\"]\nurl = acme:shop.git\n",
			"",
		},
		"for pushes only": {
			"[remote \"origin\"]\nurl = https://a.example/shop.git\n[url \"ssh://b.example/\"]\npushInsteadOf = " +
				"https://a.example/\n",
			"",
		},
		"with quotes": {
			"[remote \"origin\"]\nurl = \"quote\"\n[url \"https://a.example/\\\"b\\\\c\"]\ninsteadOf = quote\n",
			"",
		},
		"included": {"[include]\npath = ../shared.config\n", "[remote \"origin\"]\nurl = https://a.example/shop.git\n"},
		"included, then its": {"[include]\npath = ../shared.config\n[remote \"origin\"]\nurl = acme:shop.git\n",
			"[url \"https://a.example/\"]\ninsteadOf = acme:\n"},
		"an old way to write it": {"[remote.origin]\nurl = https://a.example/shop.git\n", ""},
	} {
		dir := t.TempDir()
		if out, err := exec.Command("git", "init", "--quiet", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for file, text := range map[string]string{".git/config": c.config, "shared.config": c.included} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("git", "-C", dir, "ls-remote", "--get-url", "origin")
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		got, err := Checkout(func(path string) (string, error) {
			data, err := os.ReadFile(filepath.Join(dir, path))
			return string(data), err
		}).Origin()
		if want := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s: %q, %v; git has %q", name, got, err, want)
		}
	}
	for _, include := range []string{"[include]\npath = ~/x\n", "[include]\npath = /etc/x\n",
		"[include]\npath = ../../x\n", "[includeIf \"onbranch:main\"]\npath = x\n"} {
		_, path, _ := strings.Cut(strings.TrimSpace(include), "path = ")
		if got, err := withConfig(include).Origin(); err == nil || !strings.Contains(err.Error(), path) ||
			!strings.Contains(err.Error(), "--remote") {
			t.Errorf("%q: got %q, %v", include, got, err)
		}
	}
}
