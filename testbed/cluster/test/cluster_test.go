package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dagger/ship/testbed/cluster/internal/layout"
)

func TestRealNode(t *testing.T) {
	t.Parallel()
	programs := programsFolder(t)
	hub := serveRegistry(t, true)
	plain, secured := serveBoth(t, false)
	apps, appsTLS := strings.TrimPrefix(plain.URL, "http://"), strings.TrimPrefix(secured.URL, "https://")
	image := apps + "/group/app:1"
	push(t, image, hub+"/library/app:1")
	passwordFile := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(passwordFile, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := startCluster(t, programs, t.TempDir(), "--node", "real", "--mirror", hub,
		"--registry", apps, "--registry-user", user, "--registry-password-file", passwordFile,
		"--registry-tls", appsTLS, "--registry-ca", authorityOf(t, secured))

	t.Run("release", func(t *testing.T) {
		t.Parallel()
		begin := time.Now()
		if output, err := c.helm(t, "upgrade", "--install", "good", "testdata/chart", "--wait", "--timeout=60s",
			"--set=image="+image); err != nil {
			t.Fatalf("install: %v\n%s%s", err, output, c.kubectl(t, "get", "pods,events"))
		}
		t.Logf("installed in %s", time.Since(begin))
		c.answers(t, "services/good:80", "version 1")
		begin = time.Now()
		if output, err := c.helm(t, "upgrade", "good", "testdata/chart", "--wait", "--timeout=60s",
			"--set=version=2,image="+image); err != nil {
			t.Fatalf("upgrade: %v\n%s", err, output)
		}
		t.Logf("upgraded in %s", time.Since(begin))
		c.answers(t, "services/good:80", "version 2")
		if logs := c.kubectl(t, "logs", "deployment/good"); !strings.Contains(logs, "listening on :8080") {
			t.Errorf("logs say %q", logs)
		}
		if said, err := try(t, c.environment(), filepath.Join(programs, "kubectl"), "exec", "deployment/good", "--",
			"/app", "crash"); err == nil || !strings.Contains(said, "on purpose") {
			t.Errorf("exec said %q, error %v", said, err)
		}
	})
	t.Run("image over TLS", func(t *testing.T) {
		t.Parallel()
		c.kubectl(t, "run", "secured", "--image="+appsTLS+"/group/app:1")
		c.kubectl(t, "wait", "--for=condition=Ready", "pod/secured", "--timeout=30s")
	})
	t.Run("image of docker.io", func(t *testing.T) {
		t.Parallel()
		c.kubectl(t, "run", "hub", "--image=app:1")
		c.kubectl(t, "wait", "--for=condition=Ready", "pod/hub", "--timeout=30s")
		c.answers(t, "pods/hub:8080", "version")
	})
	t.Run("image that is not there", func(t *testing.T) {
		t.Parallel()
		c.kubectl(t, "run", "missing", "--image="+apps+"/group/app:none")
		c.waitsWith(t, "missing", "ImagePullBackOff")
		c.happened(t, "missing", "not found")
	})
	t.Run("crash loop", func(t *testing.T) {
		t.Parallel()
		c.kubectl(t, "run", "crash", "--image="+image, "--", "crash")
		c.waitsWith(t, "crash", "CrashLoopBackOff")
		c.happened(t, "crash", "Back-off restarting failed container")
		if logs := c.kubectl(t, "logs", "crash", "--previous"); !strings.Contains(logs, "on purpose") {
			t.Errorf("logs say %q", logs)
		}
	})
	t.Run("probe that fails", func(t *testing.T) {
		t.Parallel()
		output, err := c.helm(t, "install", "stuck", "testdata/chart", "--wait", "--timeout=30s",
			"--set=ready=/stuck,image="+image)
		if err == nil {
			t.Errorf("install succeeded: %s", output)
		}
		pod := c.kubectl(t, "get", "pods", "--selector=app=stuck", "--output=jsonpath={.items[0].metadata.name}")
		c.happened(t, pod, "Readiness probe failed")
	})
	t.Run("quota", func(t *testing.T) {
		t.Parallel()
		c.kubectl(t, "create", "namespace", "small")
		c.kubectl(t, "create", "quota", "none", "--hard=pods=0", "--namespace=small")
		eventually(t, "quota to count", func() (string, bool) {
			said, err := try(t, c.environment(), filepath.Join(programs, "kubectl"), "run", "more", "--image="+image,
				"--namespace=small")
			return said, err != nil && strings.Contains(said, "exceeded quota")
		})
	})
	// The parallel parts run when this function has returned; what comes after them is a cleanup.
	t.Cleanup(func() { c.stop(t, syscall.SIGTERM) })
}

// answers asks a pod or service over HTTP, through the API server's proxy.
func (c *cluster) answers(t *testing.T, target, want string) {
	t.Helper()
	eventually(t, target+" to answer "+want, func() (string, bool) {
		answer, err := try(t, c.environment(), filepath.Join(c.programs, "kubectl"), "get", "--raw",
			"/api/v1/namespaces/default/"+target+"/proxy/")
		return answer, err == nil && strings.Contains(answer, want)
	})
}

// waitsWith waits until the pod's container waits for this reason.
func (c *cluster) waitsWith(t *testing.T, pod, reason string) {
	t.Helper()
	eventually(t, pod+" to wait with "+reason, func() (string, bool) {
		answer := c.kubectl(t, "get", "pod", pod,
			"--output=jsonpath={.status.containerStatuses[0].state.waiting.reason}")
		return answer, answer == reason
	})
}

// happened waits until an event about the pod says this.
func (c *cluster) happened(t *testing.T, pod, message string) {
	t.Helper()
	eventually(t, "event of "+pod+": "+message, func() (string, bool) {
		events := c.kubectl(t, "get", "events", "--field-selector=involvedObject.kind=Pod,involvedObject.name="+pod)
		return events, strings.Contains(events, message)
	})
}

// stop ends the cluster and checks that nothing of it is left.
func (c *cluster) stop(t *testing.T, how os.Signal) {
	t.Helper()
	begin := time.Now()
	if err := c.command.Process.Signal(how); err != nil {
		t.Fatal(err)
	}
	err := c.command.Wait()
	if how == syscall.SIGTERM && err != nil {
		t.Errorf("cluster ended with %v\n%s", err, c.errors.String())
	}
	t.Logf("stopped in %s", time.Since(begin))
	c.gone(t)
	if how == syscall.SIGTERM {
		for _, name := range []string{"kubeconfig", "cluster.json", "run"} {
			if _, err := os.Stat(filepath.Join(c.state, name)); err == nil {
				t.Errorf("%s is left in the state folder", name)
			}
		}
		c.noCgroups(t)
	}
}

// gone waits until no process names the state folder and no mount or namespace of it is left.
func (c *cluster) gone(t *testing.T) {
	t.Helper()
	eventually(t, "all processes to be gone", func() (string, bool) {
		output, err := exec.Command("pgrep", "--list-full", "--full", c.state).Output()
		return string(output), err != nil // pgrep fails when it finds none
	})
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), c.state) {
		t.Errorf("a mount is left:\n%s", mounts)
	}
}

func (c *cluster) noCgroups(t *testing.T) {
	t.Helper()
	for _, pattern := range []string{"/sys/fs/cgroup/", "/sys/fs/cgroup/*/"} {
		if left, _ := filepath.Glob(pattern + layout.Folder(c.state).ID()); len(left) > 0 {
			t.Errorf("cgroups are left: %v", left)
		}
	}
}
