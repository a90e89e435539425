package test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestSimulatedNode also runs beside a real one, in a folder of its own, on a machine that seems to forbid it more.
func TestSimulatedNode(t *testing.T) {
	t.Parallel()
	programs := programsFolder(t)
	weak := []string{"setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"}
	c := startBehind(t, weak, programs, t.TempDir(), "--node", "auto")
	if d := c.description(t); d.Node != "simulated" || !strings.Contains(d.Reason, "operation not permitted") {
		t.Errorf("cluster.json says %+v", d)
	}
	if !strings.Contains(c.errors.String(), "only simulated") {
		t.Errorf("nobody was told: %s", c.errors.String())
	}
	c.kubectl(t, "create", "deployment", "good", "--image=any/image:1", "--replicas=2")
	c.kubectl(t, "wait", "--for=condition=Available", "deployment/good", "--timeout=20s")
	c.kubectl(t, "run", "missing", "--image=any/badpull:1")
	c.kubectl(t, "run", "crash", "--image=any/crash:1")
	c.waitsWith(t, "missing", "ImagePullBackOff")
	c.happened(t, "missing", "Failed to pull image")
	c.waitsWith(t, "crash", "CrashLoopBackOff")
	c.happened(t, "crash", "Back-off restarting failed container")
	c.kubectl(t, "delete", "deployment/good", "pod/missing", "pod/crash", "--timeout=20s")
	c.stop(t, syscall.SIGTERM)
}

// TestKilled kills the outer process, which can then clean up nothing, and starts again in its folder.
func TestKilled(t *testing.T) {
	t.Parallel()
	programs := programsFolder(t)
	state := t.TempDir()
	first := startCluster(t, programs, state, "--node", "real")
	other, err := try(t, nil, filepath.Join(programs, "cluster"), "run", "--state", state)
	if err == nil || !strings.Contains(other, "another cluster runs there") {
		t.Errorf("a second cluster in the same folder said %q", other)
	}
	first.stop(t, syscall.SIGKILL)

	second := startCluster(t, programs, state, "--node", "real")
	second.kubectl(t, "get", "nodes")
	if d := second.description(t); d.Node != "real" || d.NetNS == "" {
		t.Errorf("cluster.json says %+v", d)
	}
	second.stop(t, syscall.SIGTERM)
}

// TestPartDies ends one program of a cluster: the rest must not go on as if nothing had happened.
func TestPartDies(t *testing.T) {
	t.Parallel()
	c := startCluster(t, programsFolder(t), t.TempDir(), "--node", "simulated")
	pid := strings.TrimSpace(run(t, nil, "pgrep", "--full", "cluster kube-scheduler .*"+c.state))
	run(t, nil, "kill", "-KILL", pid)
	err := c.command.Wait()
	if said := c.errors.String(); err == nil ||
		strings.Count(said, "kube-scheduler ended (signal killed); its log is") != 1 {
		t.Errorf("cluster ended with %v and said %q", err, said)
	}
	c.gone(t)
}

// TestInputErrors holds every refusal to a word that tells what to do, and to changing nothing.
func TestInputErrors(t *testing.T) {
	t.Parallel()
	programs := programsFolder(t)
	for arguments, want := range map[string]string{
		"":                                     "set --state",
		"--state=DIR --node=no":                "choose auto, real or simulated",
		"--state=DIR --address=localhost":      "IP address",
		"--state=DIR --registry=reg.test:5000": "the node has no DNS",
		"--state=DIR --registry=127.0.0.1":     "write IP:PORT",
		"--state=DIR --registry-user=me":       "go together",
		"--state=DIR surplus":                  "surplus",
		"--state=DIR --address=203.0.113.1 --node=simulated": "find free port on 203.0.113.1",
		"--state=DIR --registry=127.0.0.1:1 --registry-user=me --registry-password-file=/none " +
			"--node=real": "read registry's password",
	} {
		state := t.TempDir()
		words := strings.Fields(strings.ReplaceAll(arguments, "DIR", state))
		said, err := try(t, nil, append([]string{filepath.Join(programs, "cluster"), "run"}, words...)...)
		if err == nil || !strings.Contains(said, want) {
			t.Errorf("%s: want %q, got %v:\n%s", arguments, want, err, said)
		}
		if _, err := os.Stat(filepath.Join(state, "cluster.json")); err == nil {
			t.Errorf("%s: there is a cluster.json", arguments)
		}
	}
}
