package main_test

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger/ship/testbed/control"
	"dagger/ship/testbed/internal/state"
)

// cluster is a testbed with a cluster, whose API is disturbed.
type cluster struct {
	t   *testing.T
	bed *state.Testbed
}

// newCluster brings a testbed up for one test.
func newCluster(t *testing.T) cluster {
	t.Helper()
	if os.Getenv("CLUSTER_PROGRAMS") == "" {
		t.Skip("CLUSTER_PROGRAMS names no folder with a cluster's programs")
	}
	folder := state.Folder(filepath.Join(t.TempDir(), "state"))
	out, err := run(t, "up", "--state", string(folder), "--programs", programs())
	expect(t, "up", out, err, "")
	t.Cleanup(func() { run(t, "down", "--state", string(folder)) })
	up, err := folder.Read()
	check(t, err)
	return cluster{t, up}
}

// disturbed is a program with the kubeconfig that can be disturbed. Its discovery is not kept on the disk.
func (c cluster) disturbed(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, filepath.Join(programs(), program), arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.bed.Cluster.Disturbed, "HOME="+c.t.TempDir())
	return command
}

func (c cluster) kubectl(arguments ...string) (string, error) {
	out, err := c.disturbed(c.t.Context(), "kubectl", arguments...).CombinedOutput()
	return string(out), err
}

// direct asks the API server itself.
func (c cluster) direct(arguments ...string) string {
	c.t.Helper()
	command := exec.Command(filepath.Join(programs(), "kubectl"), arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.bed.Cluster.Kubeconfig)
	out, err := command.CombinedOutput()
	if err != nil {
		c.t.Fatalf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	return string(out)
}

// has says whether an object is there, as kubectl names it.
func (c cluster) has(namespace, object string) bool {
	c.t.Helper()
	return strings.Contains(c.direct("get", "configmaps,secrets", "--namespace", namespace, "--output=name"), object)
}

func TestDisturbedAPI(t *testing.T) {
	c := newCluster(t)
	api := server(t, c.bed.Cluster.Control)
	for _, path := range []string{c.bed.Cluster.Disturbed, c.bed.Cluster.Kubeconfig} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	for _, name := range []string{"one", "other"} {
		c.direct("create", "namespace", name)
	}
	requests(t, api, 0, func(control.Request) bool { return true })
	set := func(t *testing.T, fault control.Fault) control.Fault {
		t.Helper()
		check(t, api.Reset(t.Context()))
		out, err := api.Fault(t.Context(), fault)
		check(t, err)
		return out
	}

	t.Run("log", func(t *testing.T) {
		out, err := c.kubectl("get", "secrets", "--namespace=one")
		expect(t, "get", out, err, "")
		list := requests(t, api, 1, func(r control.Request) bool { return r.Operation == "list" })[0]
		if list.Repository != "one/secrets" || !list.TLS || list.Status != 200 || list.Out == 0 {
			t.Errorf("logged as %+v", list)
		}
	})
	t.Run("refused", func(t *testing.T) {
		check(t, api.Stop(t.Context()))
		out, err := c.kubectl("get", "nodes")
		check(t, api.Start(t.Context()))
		expect(t, "stopped", out, err, "refused")
		c.direct("get", "nodes")
		out, err = c.kubectl("get", "nodes")
		expect(t, "started", out, err, "")
	})
	t.Run("one namespace hangs", func(t *testing.T) {
		held := set(t, control.Fault{Kind: control.Hang, Repository: "one/*"})
		out, err := c.kubectl("get", "secrets", "--namespace=one", "--request-timeout=1s")
		expect(t, "in the namespace", out, err, "exceeded")
		out, err = c.kubectl("get", "secrets", "--namespace=other")
		expect(t, "in another", out, err, "")
		// A client that dies meanwhile has done nothing.
		ctx, kill := context.WithCancel(t.Context())
		creating := c.disturbed(ctx, "kubectl", "create", "configmap", "dead", "--namespace=one")
		check(t, creating.Start())
		within, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		check(t, api.AwaitWaiting(within, held.ID, 1))
		kill()
		creating.Wait()
		requests(t, api, 1, func(r control.Request) bool { return r.Repository == "one/configmaps" && r.Status == 0 })
		check(t, api.EndFault(t.Context(), held.ID))
		if c.has("one", "configmap/dead") {
			t.Error("what a killed client asked for was done when its request was let go")
		}
	})
	t.Run("cut", func(t *testing.T) {
		set(t, control.Fault{Kind: control.CutRequest, Repository: "one/configmaps", Operation: "create", Bytes: 20})
		if out, err := c.kubectl("create", "configmap", "a", "--namespace=one"); err == nil ||
			c.has("one", "configmap/a") {
			t.Errorf("cut in the request: %v\n%s", err, out)
		}
		for name, bytes := range map[string]int64{"b": 0, "c": 20} {
			set(t, control.Fault{Kind: control.CutResponse, Repository: "one/configmaps",
				Operation: "create", Bytes: bytes})
			out, err := c.kubectl("create", "configmap", name, "--namespace=one")
			if expect(t, "cut in the answer", out, err, "EOF"); !c.has("one", "configmap/"+name) {
				t.Errorf("after %d bytes of the answer: not done", bytes)
			}
		}
	})
	t.Run("delay", func(t *testing.T) {
		for _, after := range []bool{false, true} {
			set(t, control.Fault{Kind: control.Delay, Milliseconds: 1000, Repository: "one/secrets", After: after})
			start := time.Now()
			out, err := c.kubectl("get", "secrets", "--namespace=one")
			if expect(t, "get", out, err, ""); time.Since(start) < time.Second {
				t.Errorf("it took %s", time.Since(start))
			}
		}
	})
	t.Run("watch", func(t *testing.T) { c.watch(t, api) })
	for _, helm := range []string{"helm", "helm3"} {
		t.Run(helm, func(t *testing.T) {
			chart := t.TempDir()
			check(t, os.MkdirAll(filepath.Join(chart, "templates"), 0o755))
			check(t, os.WriteFile(filepath.Join(chart, "Chart.yaml"),
				[]byte("apiVersion: v2\nname: c\nversion: 1.0.0\n"), 0o644))
			check(t, os.WriteFile(filepath.Join(chart, "templates", "c.yaml"),
				[]byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"of-{{.Release.Name}}\"}\n"), 0o644))
			set(t, control.Fault{Kind: control.Status, Repository: "one/secrets", Operation: "create", Count: 1})
			install := func() (string, error) {
				out, err := c.disturbed(t.Context(), helm, "install", helm, chart, "--namespace=one").CombinedOutput()
				return string(out), err
			}
			out, err := install()
			if expect(t, "its secret refused", out, err, "the server is currently unable to handle the request (post "+
				"secrets)"); c.has("one", "of-"+helm) {
				t.Error("installed all the same")
			}
			out, err = install()
			if expect(t, "second try", out, err, ""); !c.has("one", "of-"+helm) ||
				!c.has("one", "sh.helm.release.v1."+helm+".v1") {
				t.Error("not installed")
			}
		})
	}
}

// watch wants events at once, and the end of a watch that is cut.
func (c cluster) watch(t *testing.T, api control.Client) {
	check(t, api.Reset(t.Context()))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	begin := func(already int) (*exec.Cmd, *bufio.Scanner, *bytes.Buffer) {
		command := c.disturbed(ctx, "kubectl", "get", "configmaps", "--namespace=other", "--watch", "--output=name")
		var errs bytes.Buffer
		command.Stderr = &errs
		stdout, err := command.StdoutPipe()
		check(t, err)
		check(t, command.Start())
		lines := bufio.NewScanner(stdout)
		for range already {
			lines.Scan()
		}
		return command, lines, &errs
	}
	watching, lines, _ := begin(1) // kube-root-ca.crt
	c.direct("create", "configmap", "seen", "--namespace=other")
	if !lines.Scan() || lines.Text() != "configmap/seen" {
		t.Errorf("watch said %q", lines.Text())
	}
	watching.Process.Kill()
	watching.Wait()

	_, err := api.Fault(ctx, control.Fault{Kind: control.CutResponse, Repository: "other/configmaps",
		Operation: "watch", Bytes: 50})
	check(t, err)
	watching, lines, errs := begin(2)
	c.direct("create", "configmap", "unseen", "--namespace=other")
	if lines.Scan() {
		t.Errorf("a watch that was cut said %q", lines.Text())
	}
	if watching.Wait(); ctx.Err() != nil {
		t.Errorf("a watch that was cut did not end: %s", errs)
	}
	cut := requests(t, api, 1, func(r control.Request) bool { return r.Operation == "watch" && r.Fault != "" })
	if cut[0].Out != 50 {
		t.Errorf("%d bytes were sent", cut[0].Out)
	}
}
