package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"dagger/ship/testbed/control"
)

// TestFailedRollout rolls out what cannot run, in the ways that users meet. Each time the error names the cause in its
// first line, shows what a person would look at next, and only then what became of the release.
func TestFailedRollout(t *testing.T) {
	if world.Cluster.Node != "real" {
		t.Skip("the cluster's node is simulated: its pods run nothing, so they fail in no way of their own: " +
			world.Cluster.Reason)
	}
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*app)
		cause string   // a pattern for the rest of the error's first line
		shown []string // what is shown after it
	}{
		"pull": {
			func(a *app) {
				a.edit("chart/templates/deployment.yaml", `(?m)^      containers:`,
					"      containers:\n        - {name: proxy, image: \""+world.Registry.Address+"/acme/none:1.0\"}")
			},
			`pod \S+: container proxy needs the image \S+/acme/none:1\.0, which cannot be pulled: .*not found`,
			[]string{"pods:\n", "ImagePull", "events:\n", "Failed to pull image"},
		},
		"probe": {
			func(a *app) {
				a.edit("chart/values.yaml", `readinessProbe:\n  httpGet: \*health`,
					"readinessProbe:\n  httpGet: {path: /nothing, port: http}")
				a.edit("Dockerfile", "httpd ([^;]*);", "httpd -f -v $1 &") // it tells what it answers
			},
			`not ready within \S+s \(see --timeout\): pod \S+: container greeter is not ready: readiness probe fails: HTTP probe failed with statuscode: 404`,
			[]string{"events:\n", "Unhealthy", "the last lines of greeter", "response:404"},
		},
		"crash": {
			func(a *app) { a.crashes("no database configured") },
			`pod \S+: container greeter crashe(s again and again|d): exit code 1 \(restarts: \d\)`,
			[]string{"CrashLoopBackOff", "Back-off restarting failed container", "\n  no database configured\n"},
		},
		"quota": {
			func(a *app) { a.kubectl("create", "quota", "small", "--hard=pods=2", "--namespace="+a.Name) },
			`replicaset \S+: pods cannot be created: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2`,
			[]string{"events:\n", "FailedCreate"},
		},
		"hook": {
			func(a *app) { a.write("chart/templates/migrate.yaml", migration) },
			`job \S+-migrate: the pre-upgrade hook failed: .*: container migrate ended: exit code 1`,
			[]string{"the last lines of migrate", "\n  the table exists already\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			a.Settings["environments"] = "production=" + a.Name
			a.release("released")
			running := a.running(a.Name)

			c.spoil(a)
			a.Settings["timeout"] = a.brief()
			commit := a.bump("0.2.0")
			out, err := a.ship("release")
			said := out[max(0, strings.LastIndex(out, "\ndeploy production: ")):]
			if err == nil {
				t.Fatal("the release did not fail")
			}
			if !regexp.MustCompile(`^\ndeploy production: the rollout failed: ` + c.cause + ".*\n").MatchString(said) {
				t.Errorf("the error does not begin with %s", c.cause)
			}
			before, _, rolledBack := strings.Cut(said, "\n\nrolled back to revision 1")
			if !rolledBack || len(a.running(a.Name)) == 0 || a.running(a.Name) != running {
				t.Errorf("production runs %s, want %s", a.running(a.Name), running)
			}
			for _, shown := range c.shown {
				if !strings.Contains(before, shown) {
					t.Errorf("%q is not shown before the rollback", shown)
				}
			}
			// what was made stays, and a retry deploys it
			if image := a.look("0.2.0"); a.tags()[a.Name+"-0.2.0"] != commit || image.Revision != commit {
				t.Errorf("the tag is at %s, the image of %s, want %s", a.tags()[a.Name+"-0.2.0"],
					image.Revision, commit)
			}
			if out, err := a.ship("plan"); err != nil || !strings.Contains(out, "> deploy production") {
				t.Errorf("the next release would not deploy again: %v", err)
			}
		})
	}
}

const migration = `apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-migrate
  annotations: {helm.sh/hook: pre-upgrade}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      containers:
        - name: migrate
          image: {{ include "greeter.image" . | quote }}
          command: [sh, -c, "echo the table exists already; exit 1"]
`

// TestFailedInstall fails where there is nothing to go back to.
func TestFailedInstall(t *testing.T) {
	if world.Cluster.Node != "real" {
		t.Skip("the cluster's node is simulated: " + world.Cluster.Reason)
	}
	t.Parallel()
	for strategy, want := range map[string]struct{ became, status string }{
		"upgrade":   {"removed, since no earlier revision ran", "nothing is deployed"},
		"reinstall": {"left as it is", "its release is failed"},
	} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			a.Settings["environments"] = "test=" + a.Name + ":" + strategy
			a.edit("chart/templates/deployment.yaml", `(?m)^          env:`,
				"          env:\n            - {name: PASSWORD, valueFrom: {secretKeyRef: {name: database, key: "+
					"password}}}")
			a.commit("need a secret")
			a.publish()
			a.Settings["timeout"] = a.brief()
			cause := regexp.MustCompile(
				`the rollout failed: pod \S+: container greeter cannot be started: secret "database" not found\n`)
			for range 2 {
				out, err := a.ship("release")
				if err == nil || !cause.MatchString(out) ||
					!strings.Contains(out, "\n"+want.became+"\n0.1.0 stays tagged and published") {
					t.Errorf("release: %v, want the missing secret, and at the end: %s", err, want.became)
				}
			}
			if out, err := a.ship("status"); err != nil || !strings.Contains(out, want.status) {
				t.Errorf("status: %v, want %s", err, want.status)
			}
			a.kubectl("create", "secret", "generic", "database", "--from-literal=password=neverminded",
				"--namespace="+a.Name)
			a.Settings["timeout"] = "1m"
			a.release("resumed")
		})
	}
}

// TestUnhealthy asks for the status of what is deployed, but broke later.
func TestUnhealthy(t *testing.T) {
	if world.Cluster.Node != "real" {
		t.Skip("the cluster's node is simulated: " + world.Cluster.Reason)
	}
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "test=" + a.Name
	a.release("released")
	if out, err := a.ship("status"); err != nil || !strings.Contains(out, "healthy") {
		t.Errorf("status after a release: %v", err)
	}
	a.kubectl("set", "image", "deployments", "--all", "greeter="+world.Registry.Address+"/acme/none:1.0",
		"--namespace="+a.Name)
	want := regexp.MustCompile(`pod \S+: container greeter needs the image \S+/acme/none:1\.0, which cannot be pulled`)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Second) {
		out, err := a.ship("status")
		if err == nil && want.MatchString(out) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("status: %v, want the missing image", err)
		}
	}
}

// TestLiveUpgrade releases while somebody else's upgrade is at work: it is waited for, and never taken back.
func TestLiveUpgrade(t *testing.T) {
	if world.Cluster.Node != "real" {
		t.Skip("the cluster's node is simulated: its pods are ready at once: " + world.Cluster.Reason)
	}
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "test=" + a.Name
	a.release("released")

	a.bump("0.2.0")
	if _, err := a.ship("publish"); err != nil { // so that the release has little to do before it deploys
		t.Fatal(err)
	}
	slow := a.beginUpgrade()
	stdout, stderr, err := a.Call(t.Context(), "release")
	if err != nil || !strings.Contains(stdout, ": resumed") ||
		!strings.Contains(stderr, "waiting for that Helm operation") {
		t.Errorf("release beside a slow upgrade: %v\n%s%s", err, stdout, stderr)
	}
	if err := slow.Wait(); err != nil {
		t.Errorf("the slow upgrade: %v", err)
	}
	history := a.helm("history")
	if !regexp.MustCompile(`(?m)^2\s.*\ssuperseded\s.*Upgrade complete`).MatchString(history) ||
		!regexp.MustCompile(`(?m)^3\s.*\sdeployed\s`).MatchString(history) || strings.Contains(history, "Rollback") {
		t.Errorf("the slow upgrade's revision did not stay:\n%s", history)
	}
}

// TestUpgradeAfterFailure begins somebody else's upgrade while Ship looks why its own failed.
func TestUpgradeAfterFailure(t *testing.T) {
	if world.Cluster.Node != "real" {
		t.Skip("the cluster's node is simulated: " + world.Cluster.Reason)
	}
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "test=" + a.Name
	a.release("released")

	cluster := control.Client{URL: world.Cluster.Control}
	look := control.Fault{Repository: a.Name + "/events", Operation: "list", Kind: control.Delay,
		Milliseconds: 6000, Count: 1}
	look, err := cluster.Fault(t.Context(), look)
	must(t, 0, err)
	a.Settings["kubeconfig"] = "file://" + world.Cluster.Disturbed
	a.Settings["timeout"] = a.brief()
	a.crashes("no database configured")
	a.bump("0.2.0")
	ended := make(chan string)
	go func() {
		out, _ := a.ship("release")
		ended <- out
	}()
	must(t, 0, cluster.AwaitWaiting(t.Context(), look.ID, 1))
	other := a.beginUpgrade("image.repository="+a.Image(), "image.tag=0.1.0", "image.digest="+a.look("0.1.0").Digest)
	if out := <-ended; !strings.Contains(out, "exit code 1") ||
		!strings.Contains(out, "left as it is: revision 3 is pending-upgrade, by another operation") {
		t.Error("the release says nothing of the other upgrade, or not why its own failed")
	}
	if err := other.Wait(); err != nil {
		t.Errorf("the other upgrade: %v", err)
	}
	history := a.helm("history")
	if !regexp.MustCompile(`(?m)^2\s.*\s(failed|superseded)\s`).MatchString(history) ||
		!regexp.MustCompile(`(?m)^3\s.*\sdeployed\s.*Upgrade complete\s*\z`).MatchString(history) {
		t.Errorf("the other upgrade's revision did not stay:\n%s", history)
	}
}

// beginUpgrade begins an upgrade with helm itself, that takes longer than a release takes to find it, and returns
// once Helm holds its lock.
func (a *app) beginUpgrade(values ...string) *exec.Cmd {
	a.t.Helper()
	args := []string{"--kubeconfig=" + a.Cluster.Kubeconfig, "upgrade", a.Name, filepath.Join(a.Dir, "chart"),
		"--namespace=" + a.Name,
		"--reuse-values", "--wait", "--timeout=5m",
		fmt.Sprintf("--set=startupProbe.initialDelaySeconds=%.0f", a.slowly(15*time.Second).Seconds())}
	for _, value := range values {
		args = append(args, "--set="+value)
	}
	slow := exec.CommandContext(a.t.Context(), filepath.Join(os.Getenv("CLUSTER_PROGRAMS"), "helm"), args...)
	must(a.t, 0, slow.Start())
	a.awaitHelm("pending-upgrade")
	return slow
}
