package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger/ship/testbed/control"
	"dagger/ship/testbed/internal/state"
)

// What all tests share: the program as users run it, and one testbed that it brought up, without a cluster.
var (
	program string
	bed     *state.Testbed
)

func TestMain(m *testing.M) {
	code, err := withTestbed(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withTestbed(m *testing.M) (code int, err error) {
	scratch, err := os.MkdirTemp("", "testbed-test-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(scratch)
	program = filepath.Join(scratch, "testbed")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build testbed: %w\n%s", err, out)
	}
	folder := state.Folder(filepath.Join(scratch, "state"))
	up := exec.Command(program, "up", "--without-cluster", "--state", string(folder), "--programs", programs(),
		"--sops", os.Getenv("SOPS_PROGRAM"))
	up.Stdout, up.Stderr = os.Stdout, os.Stderr
	if err := up.Run(); err != nil {
		return 1, fmt.Errorf("testbed up: %w", err)
	}
	defer func() {
		if out, failed := exec.Command(program, "down", "--state", string(folder)).CombinedOutput(); failed != nil {
			err = fmt.Errorf("testbed down: %w\n%s", failed, out)
		}
	}()
	if bed, err = folder.Read(); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// programs is the folder with cluster, helm and kubectl, where they were built.
func programs() string {
	if folder := os.Getenv("CLUSTER_PROGRAMS"); folder != "" {
		return folder
	}
	return filepath.Dir(program)
}

// run runs the program and returns what it printed.
func run(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	out, err := exec.Command(program, arguments...).CombinedOutput()
	return string(out), err
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// server is the control of one of the servers; its log is empty and no fault is set. Tests that use it must not run in
// parallel.
func server(t *testing.T, url string) control.Client {
	t.Helper()
	client := control.Client{URL: url}
	check(t, client.Reset(t.Context()))
	t.Cleanup(func() {
		if err := client.Reset(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return client
}

// requests waits until the log holds n requests that the filter takes, and returns them: a request is logged when it
// has ended on the server, which can be after its client has gone.
func requests(t *testing.T, client control.Client, n int, take func(control.Request) bool) []control.Request {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		all, err := client.Requests(t.Context())
		check(t, err)
		var taken []control.Request
		for _, one := range all {
			if take(one) {
				taken = append(taken, one)
			}
		}
		if len(taken) == n {
			return taken
		}
		if time.Now().After(deadline) {
			data, _ := json.MarshalIndent(all, "", "  ")
			t.Fatalf("want %d requests, got %d of\n%s", n, len(taken), data)
		}
	}
}

// checkout is a clone of a repository, with one commit.
type checkout struct {
	t    *testing.T
	path string // on the server
	dir  string
}

// newCheckout makes a repository and pushes a first commit to it.
func newCheckout(t *testing.T, repository control.Repository) *checkout {
	t.Helper()
	repository.Path = "tests/" + strings.ToLower(strings.NewReplacer("/", "-", " ", "-").Replace(t.Name()))
	check(t, control.Client{URL: bed.Git.Control}.Create(t.Context(), repository))
	c := &checkout{t, repository.Path, t.TempDir()}
	c.must("init", "--quiet", "--initial-branch=main")
	c.must("remote", "add", "origin", c.url(bed.Git.User, bed.Git.Token))
	c.commit("first")
	c.must("push", "--quiet", "origin", "main")
	return c
}

// url is the repository's address with credentials in it; for a test's own scratch repository that is good enough.
func (c *checkout) url(user, token string) string {
	host := strings.TrimPrefix(bed.Git.URL, "http://")
	if user == "" {
		return "http://" + host + "/" + c.path + ".git"
	}
	return "http://" + user + ":" + token + "@" + host + "/" + c.path + ".git"
}

func (c *checkout) commit(message string) string {
	c.t.Helper()
	c.must("commit", "--quiet", "--allow-empty", "--message="+message)
	return c.must("rev-parse", "HEAD")
}

// git runs git, which must not ask for anything, and returns what it printed on either stream.
func (c *checkout) git(arguments ...string) (string, error) {
	command := exec.Command("git", append([]string{"-C", c.dir, "-c", "user.name=t", "-c", "user.email=t@localhost"},
		arguments...)...)
	command.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"LC_ALL=C")
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err := command.Run()
	return strings.TrimSpace(out.String()), err
}

func (c *checkout) must(arguments ...string) string {
	c.t.Helper()
	out, err := c.git(arguments...)
	if err != nil {
		c.t.Fatalf("git %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	return out
}
