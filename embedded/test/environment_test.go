package test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestEnvironmentOfWhatStays: a daemon and its buildkitd may outlive the job that starts them, whose secrets are in its
// environment.
func TestEnvironmentOfWhatStays(t *testing.T) {
	const secret = "of-the-job-that-started-it"
	t.Setenv("CI_JOB_TOKEN", secret)
	host, _ := startDaemon(t, "")
	root := filepath.Dir(strings.TrimPrefix(host, "unix://"))
	c := connect(t, "BUILDKIT_HOST="+host)
	if _, err := c.Directory().WithNewFile("Dockerfile", "FROM scratch\n").DockerBuild().Sync(background); err != nil {
		t.Fatal(err)
	}
	found := 0
	for pid, command := range processes(t) {
		if !strings.Contains(command, root) {
			continue
		}
		found++
		environment, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
		if err != nil {
			t.Error(err)
		}
		if strings.Contains(string(environment), secret) {
			t.Errorf("the environment of %d (%s) has the job's token", pid, command)
		}
		if !strings.Contains(string(environment), "PATH=") {
			t.Errorf("the environment of %d (%s) has no PATH", pid, command)
		}
	}
	if found < 2 {
		t.Errorf("%d processes of the daemon were found, want itself and buildkitd", found)
	}
}

// processes are those that run, with their arguments.
func processes(t *testing.T) map[int]string {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	commands := map[int]string{}
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			line, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline")) // it may have ended
			commands[pid] = strings.ReplaceAll(string(line), "\x00", " ")
		}
	}
	return commands
}

// TestSecretWithoutEnd: a session does not wait for what a pipe may give one day.
func TestSecretWithoutEnd(t *testing.T) {
	if !isEmbedded {
		t.Skip("an engine's client reads secrets as it does")
	}
	start := time.Now()
	_, err := client.Secret("file:///dev/zero").Plaintext(background)
	if err == nil || !strings.Contains(err.Error(), "more than 1024 KiB") || time.Since(start) > time.Minute {
		t.Errorf("got %v after %s", err, time.Since(start))
	}
}
