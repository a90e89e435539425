package main_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dagger/ship/testbed/internal/state"
)

func TestUpTwiceThenDownLeavesNothing(t *testing.T) {
	folder := state.Folder(filepath.Join(t.TempDir(), "state"))
	up := []string{"up", "--without-cluster", "--state", string(folder), "--programs", programs()}
	out, err := run(t, up...)
	expect(t, "up", out, err, "")
	for _, words := range []string{"git", "registry", "mirror", "stand-ins", string(folder)} {
		if !strings.Contains(out, words) {
			t.Errorf("up does not say %q:\n%s", words, out)
		}
	}
	first, err := folder.Read()
	check(t, err)
	for _, secret := range []string{first.Git.Token, first.Git.Push, first.Git.ReadOnly, first.Git.Job,
		first.Registry.Password} {
		if secret == "" || strings.Contains(out, secret) {
			t.Errorf("a secret is empty or printed by up")
		}
	}
	if info, err := os.Stat(folder.Path("testbed.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("testbed.json: %v, %v", info.Mode(), err)
	}
	out, err = run(t, up...)
	if err != nil || !strings.Contains(out, "up already") {
		t.Errorf("the second up: %v\n%s", err, out)
	}
	again, err := folder.Read()
	check(t, err)
	if again.Git != first.Git {
		t.Error("the second up has changed something")
	}
	out, err = run(t, "status", "--state", string(folder))
	expect(t, "status", out, err, "")
	process, err := state.ReadProcess(folder.DaemonPID())
	check(t, err)

	out, err = run(t, "down", "--state", string(folder))
	expect(t, "down", out, err, "")
	gone(t, folder, process, first)
	out, err = run(t, "status", "--state", string(folder))
	expect(t, "status after down", out, err, "no testbed is up")
	out, err = run(t, "down", "--state", string(folder))
	if err != nil || !strings.Contains(out, "no testbed is up") {
		t.Errorf("the second down: %v\n%s", err, out)
	}
}

// gone wants no process, no port and no file of a testbed.
func gone(t *testing.T, folder state.Folder, process state.Process, was *state.Testbed) {
	t.Helper()
	if process.Alive() {
		t.Error("the daemon still runs")
	}
	for _, address := range []string{strings.TrimPrefix(was.Git.URL, "http://"), was.Registry.Address,
		was.Mirror.Address} {
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Close()
			t.Errorf("something listens at %s", address)
		}
	}
	if _, err := os.Stat(string(folder)); !os.IsNotExist(err) {
		t.Errorf("the state folder: %v", err)
	}
}

func TestDownSparesWhatItDidNotMake(t *testing.T) {
	folder := state.Folder(t.TempDir())
	mine := folder.Path("mine")
	check(t, os.WriteFile(mine, nil, 0o644))
	// A pid file of a process that is somebody else's by now: this test's, with another start.
	process, err := state.Identify(os.Getpid())
	check(t, err)
	process.Start += "0"
	data, err := json.Marshal(process)
	check(t, err)
	check(t, os.WriteFile(folder.DaemonPID(), data, 0o600))
	out, err := run(t, "down", "--state", string(folder))
	expect(t, "down", out, err, "") // and this test still runs
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(folder.DaemonPID()); !os.IsNotExist(err) {
		t.Errorf("the pid file: %v", err)
	}
}

func TestUpCleansUpAfterAKilledOne(t *testing.T) {
	folder := state.Folder(filepath.Join(t.TempDir(), "state"))
	up := []string{"up", "--state", string(folder), "--programs", programs()}
	withCluster := os.Getenv("CLUSTER_PROGRAMS") != ""
	if !withCluster {
		up = append(up, "--without-cluster")
	}
	out, err := run(t, up...)
	expect(t, "up", out, err, "")
	defer run(t, "down", "--state", string(folder))
	process, err := state.ReadProcess(folder.DaemonPID())
	check(t, err)
	check(t, syscall.Kill(process.PID, syscall.SIGKILL))
	out, err = run(t, "status", "--state", string(folder))
	expect(t, "status", out, err, "was killed")
	if withCluster {
		// The cluster ends by itself when its parent is gone.
		cluster, err := state.ReadProcess(folder.Path(state.ClusterPID))
		check(t, err)
		for deadline := time.Now().Add(30 * time.Second); cluster.Alive(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the cluster outlives the daemon")
			}
		}
	}
	out, err = run(t, up...)
	expect(t, "up again", out, err, "")
	again, err := state.ReadProcess(folder.DaemonPID())
	check(t, err)
	was, err := folder.Read()
	check(t, err)
	out, err = run(t, "down", "--state", string(folder))
	expect(t, "down", out, err, "")
	gone(t, folder, again, was)
	check(t, noMounts(string(folder)))
}

// noMounts wants nothing to be mounted below a folder.
func noMounts(folder string) error {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err == nil && strings.Contains(string(data), folder) {
		return fmt.Errorf("something is still mounted below %s", folder)
	}
	return err
}

func TestUpSaysWhatIsWrong(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "state")
	out, err := run(t, "up", "--state", folder, "--programs", t.TempDir())
	expect(t, "without the program cluster", out, err, "find the program cluster")
	out, err = run(t, "up", "--without-cluster", "--state", folder, "--programs", programs(), "--address", "192.0.2.1")
	expect(t, "an address of another machine", out, err, "cannot assign requested address")
	out, err = run(t, "down", "--state", folder)
	expect(t, "down", out, err, "")
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the state folder: %v", err)
	}
}
