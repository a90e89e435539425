package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// kind is a custom resource definition, whose objects have a status.
func (a *app) kind(group, kind string) {
	a.t.Helper()
	plural := strings.ToLower(kind) + "s"
	a.write("kind.yaml", fmt.Sprintf(`apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %[1]s.%[2]s}
spec:
  group: %[2]s
  scope: Namespaced
  names: {plural: %[1]s, singular: %[3]s, kind: %[4]s}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`, plural, group, strings.ToLower(kind), kind))
	a.kubectl("apply", "--filename="+filepath.Join(a.Dir, "kind.yaml"))
	a.kubectl("wait", "--for=condition=Established", "customresourcedefinition/"+plural+"."+group)
	a.t.Cleanup(func() {
		_, _ = world.Kubectl("delete", "customresourcedefinition", plural+"."+group, "--wait=false",
			"--ignore-not-found")
	})
}

// TestWaitsForWorkloads rolls out a chart of which only the pods become ready: a custom resource has a status that Helm
// cannot read, another one waits for a person, nothing uses a claim, and there is no load balancer. Then it is paused.
func TestWaitsForWorkloads(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.kind("delivery.example.com", "Canary")
	a.Settings["environments"] = "live=" + a.Name
	a.write("chart/templates/others.yaml", `apiVersion: delivery.example.com/v1
kind: Canary
metadata: {name: unreadable}
---
apiVersion: delivery.example.com/v1
kind: Canary
metadata: {name: approved}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: unused}
spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Mi}}}
---
apiVersion: v1
kind: Service
metadata: {name: outside}
spec: {type: LoadBalancer, ports: [{port: 80}]}
`)
	a.commit("more than pods")
	a.release("released")
	for name, status := range map[string]string{
		"unreadable": `"observedGeneration":"1","conditions":[{"type":"Promoted","status":"True"}]`,
		"approved": `"conditions":[{"type":"Ready","status":"False","reason":"Waiting","message":"for approval",` +
			`"lastTransitionTime":"2026-01-01T00:00:00Z"}]`,
	} {
		a.kubectl("patch", "canary", name, "--namespace="+a.Name, "--subresource=status", "--type=merge",
			`--patch={"status":{`+status+`}}`)
	}
	a.bump("0.2.0")
	out := a.release("released")
	for _, said := range []string{
		"canary approved is not ready: Waiting: for approval", "persistentvolumeclaim unused is pending",
		"service outside has no address of a load balancer yet",
	} {
		if !strings.Contains(out, said) {
			t.Errorf("the report does not say %q", said)
		}
	}
	running := a.running(a.Name)

	// a rollout that fails is taken back, though these are not ready then either
	a.edit("Dockerfile", `(?m)^CMD .*`, `CMD ["sleep", "1000"]`)
	a.bump("0.3.0")
	a.Settings["timeout"] = "15s"
	out, err := a.ship("release")
	if err == nil || !strings.Contains(out, "\nrolled back to revision 2") || a.running(a.Name) != running {
		t.Errorf("a rollout that fails: %v\nproduction runs %s, want %s", err, a.running(a.Name), running)
	}
	a.Settings["timeout"] = "1m"

	a.lighten()
	a.edit("chart/templates/deployment.yaml", `(?m)^spec:`, "spec:\n  paused: true")
	a.bump("0.4.0")
	if out := a.release("released"); !regexp.MustCompile(`deployment \S+ is paused`).MatchString(out) {
		t.Error("the report does not say that no pod is replaced")
	}
}

// TestOtherNamespace deploys to another namespace than that of Helm's record.
func TestOtherNamespace(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	other := a.Name + "-apps"
	a.kubectl("create", "namespace", other)
	a.Settings["environments"] = "live=" + a.Name
	a.edit("chart/templates/deployment.yaml", `(?m)^metadata:`, "metadata:\n  namespace: "+other)
	a.commit("in another namespace")
	a.release("released")
	if out, err := a.ship("status"); err != nil || !strings.Contains(out, "healthy") {
		t.Errorf("status: %v", err)
	}
	a.edit("Dockerfile", `(?m)^CMD .*`, `CMD ["sh", "-c", "echo no database; exit 7"]`)
	a.bump("0.2.0")
	a.Settings["timeout"] = "15s"
	out, err := a.ship("release")
	if err == nil || !regexp.MustCompile(`the rollout failed: pod \S+: container greeter crashe.*exit code 7`).
		MatchString(out) || !strings.Contains(out, "\n  no database\n") {
		t.Errorf("a rollout that fails: %v", err)
	}
	a.kubectl("set", "image", "deployments", "--all", "greeter="+world.Registry.Address+"/acme/none:1.0",
		"--namespace="+other)
	a.kubectl("rollout", "restart", "deployments", "--namespace="+other)
	if out, err := a.ship("status"); err != nil || strings.Contains(out, "healthy") {
		t.Errorf("status of what is broken: %v", err)
	}
}

// TestLimitedAccount releases with an account that has the rights that the documentation names, and no others.
func TestLimitedAccount(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	text, err := os.ReadFile("../docs/security.md")
	must(t, 0, err)
	roles := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(text)
	if roles == nil {
		t.Fatal("docs/security.md has no role")
	}
	a.kubectl("create", "namespace", a.Name)
	a.write("role.yaml", string(roles[1]))
	a.kubectl("apply", "--namespace="+a.Name, "--filename="+filepath.Join(a.Dir, "role.yaml"))
	a.kubectl("create", "serviceaccount", "ship", "--namespace="+a.Name)
	a.kubectl("create", "rolebinding", "ship", "--role=ship", "--serviceaccount="+a.Name+":ship", "--namespace="+a.Name)
	token := a.kubectl("create", "token", "ship", "--namespace="+a.Name, "--duration=1h")
	a.Secrets["account"] = token
	full, err := os.ReadFile(a.Cluster.Kubeconfig)
	must(t, 0, err)
	limited := regexp.MustCompile(`token: \S+`).ReplaceAllString(string(full), "token: "+token)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, 0, os.WriteFile(file, []byte(limited), 0o600))
	a.Settings["kubeconfig"] = "file://" + file

	for _, strategy := range []string{"upgrade", "reinstall"} {
		a.Settings["environments"] = "live=" + a.Name + ":" + strategy
		a.bump(map[string]string{"upgrade": "0.2.0", "reinstall": "0.4.0"}[strategy])
		a.release("released")
		a.bump(map[string]string{"upgrade": "0.3.0", "reinstall": "0.5.0"}[strategy])
		a.release("released")
	}
	a.Settings["environments"] = "live=" + a.Name
	a.edit("Dockerfile", `(?m)^CMD .*`, `CMD ["sh", "-c", "echo no database; exit 7"]`)
	a.bump("0.6.0")
	a.Settings["timeout"] = "15s"
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "exit code 7") ||
		!strings.Contains(out, "\nrolled back to revision 1") {
		t.Errorf("a rollout that fails: %v", err)
	}
}

// TestRemovedKind has a cluster lose the kind of an object that runs.
func TestRemovedKind(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.kind("legacy.example.com", "Route")
	a.Settings["environments"] = "live=" + a.Name
	a.write("chart/templates/old.yaml", "apiVersion: legacy.example.com/v1\nkind: Route\nmetadata: {name: old}\n")
	a.commit("an old kind")
	a.release("released")
	a.kubectl("delete", "customresourcedefinition", "routes.legacy.example.com")
	must(t, 0, os.Remove(filepath.Join(a.Dir, "chart/templates/old.yaml")))
	a.bump("0.2.0")
	for _, strategy := range []string{"upgrade", "reinstall"} {
		a.Settings["environments"] = "live=" + a.Name + ":" + strategy
		out, err := a.ship("release")
		if err == nil ||
			!strings.Contains(out, "Route/old (legacy.example.com/v1), of a kind that the cluster no longer has") {
			t.Errorf("%s: %v", strategy, err)
		}
		history := a.helm("history")
		if !strings.Contains(history, "deployed") || strings.Contains(history, "uninstalling") {
			t.Errorf("%s: the release is left as\n%s", strategy, history)
		}
	}
	if tags := a.tags(); len(tags) != 1 {
		t.Errorf("tags are %v", tags)
	}
	a.kind("legacy.example.com", "Route")
	a.release("released")
}

// TestOwnNamespace reinstalls a chart that makes its own namespace, which takes Helm's record away with it.
func TestOwnNamespace(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "live=" + a.Name + ":reinstall"
	a.write("chart/templates/namespace.yaml",
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: {{ .Release.Namespace }}}\n")
	a.commit("a namespace of its own")
	a.release("released")
	a.bump("0.2.0")
	a.release("released")
	a.answers(a.Name, "0.2.0")
}

// TestKilledWait kills a release while it waits for pods, which Helm calls deployed already. The next one takes that
// back, or finds it ready.
func TestKilledWait(t *testing.T) {
	for name, c := range map[string]struct{ ready, said string }{
		"never ready":  {"1000", "was left pending-rollout by a run that died: rolled back to revision 1"},
		"ready by now": {"10", "was left pending-rollout by a run that died, and is ready"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			a.Settings["environments"] = "live=" + a.Name
			a.Settings["timeout"] = "20s"
			a.release("released")
			a.edit("Dockerfile", `httpd -p`, `sleep `+c.ready+` & wait; httpd -p`)
			a.bump("0.2.0")
			a.killWaiting(2)
			if out, err := a.ship("plan"); err != nil || !strings.Contains(out, "pending-rollout") {
				t.Errorf("plan: %v", err)
			}
			if name == "never ready" {
				a.lighten()
				a.bump("0.3.0")
			}
			if out, err := a.ship("release"); err != nil || !strings.Contains(out, c.said) {
				t.Errorf("release: %v", err)
			}
			if out, err := a.ship("status"); err != nil || !strings.Contains(out, "healthy") {
				t.Errorf("status: %v", err)
			}
		})
	}
}

// killWaiting kills a release while it waits for a revision's pods.
func (a *app) killWaiting(revision int) {
	a.t.Helper()
	a.killAfter(func() { a.awaitRollout(revision) })
}

// killAfter kills a release once something that is waited for has happened.
func (a *app) killAfter(happens func()) {
	a.t.Helper()
	ctx, kill := context.WithCancel(a.t.Context())
	defer kill()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _, _ = a.Call(ctx, "release") // ends with SIGKILL
	}()
	happens()
	kill()
	<-ended
}

// awaitRollout waits until somebody waits for a revision's pods.
func (a *app) awaitRollout(revision int) {
	a.t.Helper()
	secret := fmt.Sprintf("sh.helm.release.v1.%s.v%d", a.Name, revision)
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		labels, err := a.Kubectl("get", "secret", secret, "--namespace="+a.Name, "--ignore-not-found",
			"--output=jsonpath={.metadata.labels.status} {.metadata.labels.ship-rollout}")
		if err == nil && labels == fmt.Sprintf("deployed %d", revision) {
			return
		}
		if time.Now().After(deadline) {
			a.t.Fatalf("nobody waits for revision %d: %s %v", revision, labels, err)
		}
	}
}
