package daemon

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEnvironment(t *testing.T) {
	t.Setenv("CI_JOB_TOKEN", "a-secret")
	t.Setenv("SSH_AUTH_SOCK", "/a/socket")
	t.Setenv("HTTPS_PROXY", "http://proxy")
	t.Setenv("XDG_CACHE_HOME", "/cache")
	got := Environment("TMPDIR=/there")
	for _, want := range []string{"PATH=" + os.Getenv("PATH"), "HTTPS_PROXY=http://proxy", "XDG_CACHE_HOME=/cache",
		"TMPDIR=/there"} {
		if !slices.Contains(got, want) {
			t.Errorf("there is no %s in %q", want, got)
		}
	}
	for _, variable := range got {
		if strings.HasPrefix(variable, "CI_") || strings.HasPrefix(variable, "SSH_") {
			t.Errorf("there is %s", variable)
		}
	}
}

// TestGitEnvironment: what git writes into a checkout is the commit's, whatever the machine and its user have set up.
func TestGitEnvironment(t *testing.T) {
	home := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(home, ".config", "git"), 0o700))
	must(os.WriteFile(filepath.Join(home, ".gitconfig"), []byte("[core]\n\tautocrlf = true\n[filter "+
		"\"lfs\"]\n\tsmudge = false\n\trequired\n"), 0o600))
	must(os.WriteFile(filepath.Join(home, ".config", "git", "attributes"), []byte("* text eol=crlf\n"), 0o600))
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	t.Setenv("GIT_DIR", filepath.Join(home, "elsewhere"))
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "core.eol")
	t.Setenv("GIT_CONFIG_VALUE_0", "crlf")
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		command := exec.Command("git", args...)
		command.Dir, command.Env = dir, GitEnvironment([2]string{"user.name", "a"},
			[2]string{"user.email", "a@localhost"})
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v: %s", args, err, out)
		}
		return string(out)
	}
	git("init", "--quiet", "--initial-branch=main")
	must(os.WriteFile(filepath.Join(dir, "start.sh"), []byte("#!/bin/sh\necho started\n"), 0o700))
	must(os.WriteFile(filepath.Join(dir, "data.bin"), []byte("data\n"), 0o600))
	must(os.WriteFile(filepath.Join(dir, ".gitattributes"), []byte("*.bin filter=lfs\n"), 0o600))
	git("add", ".")
	git("commit", "--quiet", "--message=first")
	must(os.Remove(filepath.Join(dir, "start.sh")))
	must(os.Remove(filepath.Join(dir, "data.bin")))
	git("checkout", "--quiet", "--", ".")
	for file, want := range map[string]string{"start.sh": "#!/bin/sh\necho started\n", "data.bin": "data\n"} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || string(data) != want {
			t.Errorf("%s: %q, %v; want %q", file, data, err, want)
		}
	}
	if author := git("log", "--format=%an"); author != "a\n" {
		t.Errorf("the commit's author is %q, which a setting says otherwise", author)
	}
}

// Downloads from a server with a certificate of an own authority need the same one that git does.
func TestAuthorities(t *testing.T) {
	unset := func(name string) {
		t.Helper()
		t.Setenv(name, "") // put back when the test ends
		os.Unsetenv(name)
	}
	unset("SSL_CERT_FILE")
	unset("GIT_SSL_CAINFO")
	if got := authorities(); got != nil {
		t.Errorf("without any: %v", got)
	}
	t.Setenv("GIT_SSL_CAINFO", "/ca.pem")
	if got := authorities(); len(got) != 1 || got[0] != "SSL_CERT_FILE=/ca.pem" {
		t.Errorf("git's: %v", got)
	}
	t.Setenv("SSL_CERT_FILE", "/own.pem")
	if got := authorities(); got != nil {
		t.Errorf("one of its own: %v", got)
	}
}
