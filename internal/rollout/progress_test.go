package rollout

import (
	"os/exec"
	"strings"
	"testing"

	"dagger/ship/internal/helm"
)

const chart = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: held}
spec: {paused: true}
---
apiVersion: batch/v1
kind: Job
metadata: {name: removed after its end}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: it's}
---
apiVersion: delivery.example.com/v1
kind: Canary
metadata: {name: web, namespace: other}
`

func objects(t *testing.T, manifests string) []helm.Object {
	t.Helper()
	all, err := helm.ParseObjects(manifests, "shop")
	if err != nil {
		t.Fatal(err)
	}
	return append(Workloads(all), Others(all)...)
}

func TestJudge(t *testing.T) {
	const (
		ready = `{"kind":"Deployment","metadata":{"name":"web","namespace":"shop","generation":2},"spec":{"replicas":1},
			"status":{"observedGeneration":2,"replicas":1,"updatedReplicas":1,"readyReplicas":1}}`
		held  = `{"kind":"Deployment","metadata":{"name":"held","namespace":"shop"},"spec":{"paused":true,"replicas":1}}`
		claim = `{"kind":"PersistentVolumeClaim","metadata":{"name":"data","namespace":"shop"},"status":{"phase":"Pending"}}`
		// an operator that writes a number as a text and conditions of its own
		canary = `{"kind":"Canary","metadata":{"name":"web","namespace":"other"},"status":{"observedGeneration":"1",
			"replicas":{"wanted":"x"},"conditions":[
				{"type":"Ready","status":"False","reason":"Waiting","message":"for approval"}]}}`
		late = `{"kind":"Deployment","metadata":{"name":"web","namespace":"shop","generation":2},"spec":{"replicas":1},
			"status":{"observedGeneration":2,"replicas":1,"updatedReplicas":1,"conditions":[
				{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded"}]}}`
		paused = "deployment held is paused, so its pods stay as they are"
		others = paused + "; persistentvolumeclaim data is pending; " +
			"canary web is not ready: Waiting: for approval"
	)
	list := func(items ...string) string { return `{"kind":"List","items":[` + strings.Join(items, ",") + `]}` }
	for name, c := range map[string]struct {
		answer, refused string
		ready, failed   bool
		why, others     string
	}{
		"all":       {list(ready, held) + claim + canary, "", true, false, "", others},
		"one hangs": {list(late, held), "", false, true, "deployment web: 0 of 1 pods are ready", paused},
		"one gone":  {held, "", false, false, "deployment web is not there", paused},
		"one hidden": {
			held, "deployments.apps is forbidden", false, false,
			"deployment web cannot be seen: deployments.apps is forbidden", paused,
		},
	} {
		got, err := Judge(c.answer, c.refused, objects(t, chart), nil)
		if err != nil || got.Ready != c.ready || got.Failed != c.failed || got.Why != c.why ||
			strings.Join(got.Others, "; ") != c.others {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// The script is one that a shell takes, whatever an object is called.
func TestProgressArgs(t *testing.T) {
	all := objects(t, chart+"---\napiVersion: v1\nkind: Pod\nmetadata: {name: \"it's $(touch x)\"}\n")
	args := ProgressArgs(Release{Name: "shop", Namespace: "shop"}, all, 0)
	dir := t.TempDir()
	shell := exec.Command(args[0], "-c", "kubectl() { printf '%s|' \"$@\"; echo; }\n"+args[2])
	shell.Dir = dir
	printed, err := shell.Output()
	if err != nil {
		t.Fatal(err)
	}
	_, objects, refused := SplitProgress(string(printed))
	want := ""
	for _, name := range []string{
		"shop|Deployment.apps/web", "shop|Deployment.apps/held", "shop|Job.batch/removed after its end",
		"shop|Pod/it's $(touch x)",
		"shop|PersistentVolumeClaim/data", "other|Canary.delivery.example.com/web",
	} {
		namespace, object, _ := strings.Cut(name, "|")
		want += "--namespace|" + namespace + "|get|--ignore-not-found|--output|json|" + object + "|\n"
	}
	want += "\n"
	if objects != want || refused != "" {
		t.Errorf("got\n%s%s\nwant\n%s", objects, refused, want)
	}
}
