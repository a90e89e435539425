package test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger/ship/testbed/cluster/internal/layout"
)

// programsFolder has the built programs: CLUSTER_PROGRAMS, or else what `make build` makes now.
func programsFolder(t *testing.T) string {
	t.Helper()
	if folder := os.Getenv("CLUSTER_PROGRAMS"); folder != "" {
		return folder
	}
	cache := os.Getenv("SHIP_CACHE")
	if cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(base, "ship")
	}
	folder := filepath.Join(cache, "cluster")
	run(t, nil, "make", "-C", "..", "build", "OUT="+folder)
	return folder
}

// run returns a program's output and fails the test when the program does.
func run(t *testing.T, environment []string, argv ...string) string {
	t.Helper()
	output, err := try(t, environment, argv...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, output)
	}
	return output
}

// try returns all that a program said and whether it failed.
func try(t *testing.T, environment []string, argv ...string) (string, error) {
	t.Helper()
	command := exec.Command(argv[0], argv[1:]...)
	command.Env = append(os.Environ(), environment...)
	output, err := command.CombinedOutput()
	return string(output), err
}

// A cluster under test: one `cluster run` in the foreground.
type cluster struct {
	state, programs string
	command         *exec.Cmd
	errors          bytes.Buffer
}

// startCluster runs `cluster run` in the folder until it says that it is ready.
func startCluster(t *testing.T, programs, state string, arguments ...string) *cluster {
	t.Helper()
	return startBehind(t, nil, programs, state, arguments...)
}

// startBehind is startCluster behind the words of another command, such as setpriv.
func startBehind(t *testing.T, words []string, programs, state string, arguments ...string) *cluster {
	t.Helper()
	c := &cluster{state: state, programs: programs}
	words = append(words, filepath.Join(programs, "cluster"), "run", "--state", state)
	words = append(words, arguments...)
	c.command = exec.Command(words[0], words[1:]...)
	c.command.Stderr = &c.errors
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.command.Process.Kill() })
	said := make([]byte, len("ready\n"))
	if n, err := stdout.Read(said); err != nil || string(said) != "ready\n" {
		_ = c.command.Wait()
		t.Fatalf("cluster said %q instead of ready (%v)\n%s", said[:n], err, c.errors.String())
	}
	return c
}

// description reads cluster.json.
func (c *cluster) description(t *testing.T) layout.Description {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.state, "cluster.json"))
	if err != nil {
		t.Fatal(err)
	}
	var description layout.Description
	if err := json.Unmarshal(text, &description); err != nil {
		t.Fatal(err)
	}
	return description
}

// kubectl and helm run those programs with the cluster's kubeconfig.
func (c *cluster) kubectl(t *testing.T, arguments ...string) string {
	t.Helper()
	return run(t, c.environment(), append([]string{filepath.Join(c.programs, "kubectl")}, arguments...)...)
}

func (c *cluster) helm(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	return try(t, c.environment(), append([]string{filepath.Join(c.programs, "helm")}, arguments...)...)
}

func (c *cluster) environment() []string {
	return []string{"KUBECONFIG=" + filepath.Join(c.state, "kubeconfig")}
}

// eventually asks until the answer is yes; it fails the test when it never is.
func eventually(t *testing.T, what string, ask func() (string, bool)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	for {
		answer, yes := ask()
		if yes {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s; last answer:\n%s", what, answer)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
