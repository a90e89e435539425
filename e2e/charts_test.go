package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pod is a chart's Deployment of the light app. IMAGE and LABELS stand for what a chart makes of its values.
const pod = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels: {app.kubernetes.io/version: LABEL}
spec:
  replicas: 1
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: "IMAGE"
`

const threeKeys = "{{ .Values.image.repository }}:{{ .Values.image.tag }}@{{ .Values.image.digest }}"

// chart writes a chart into the checkout: its Deployment, and files that are given as pairs of path and text.
func (a *app) chart(folder, image string, files ...string) {
	a.t.Helper()
	name := filepath.Base(folder)
	deployment := strings.NewReplacer("IMAGE", image, "LABEL", "{{ .Chart.AppVersion | quote }}").Replace(pod)
	files = append([]string{
		"Chart.yaml", "apiVersion: v2\nname: " + name + "\nversion: 0.0.1\nappVersion: stale\n",
		"templates/web.yaml", deployment,
	}, files...)
	for i := 0; i < len(files); i += 2 {
		file := filepath.Join(folder, files[i])
		must(a.t, 0, os.MkdirAll(filepath.Join(a.Dir, filepath.Dir(file)), 0o755))
		a.write(file, files[i+1])
	}
}

// with is the same app with other settings.
func (a *app) with(t *testing.T, settings map[string]string) *app {
	other := *a.App
	other.Settings = maps.Clone(a.Settings)
	maps.Copy(other.Settings, settings)
	maps.DeleteFunc(other.Settings, func(_, value string) bool { return value == "" })
	return &app{App: &other, t: t}
}

const helm3 = "docker.io/alpine/k8s:1.33.4"

// TestCharts has charts of all kinds in one repo: those that Helm or the cluster would refuse are refused before
// anything is tagged or published, and those that it would take are not.
func TestCharts(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	twoKeys := "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
	kind := "apiVersion: telemetry.example.com/v1\nkind: Scrape\nmetadata: {name: shop}\n"
	a.chart("c/label", twoKeys, "templates/web.yaml", strings.NewReplacer("IMAGE", twoKeys, "LABEL",
		"{{ .Values.image.tag }}").Replace(pod))
	a.chart("c/string", "{{ .Values.image }}")
	a.chart("c/split", "docker.io/"+threeKeys)
	a.chart("c/list", "{{ with index .Values.containers 0 }}{{ .image.repository }}:{{ .image.tag }}{{ end }}",
		"values.yaml", "containers: [{name: web, image: {repository: busybox, tag: '1'}}]\n")
	a.chart("c/schema", twoKeys, "values.schema.json",
		`{"type":"object","properties":{"image":{"properties":{"repository":{},"tag":{"pattern":"^[0-9.]+$"}},`+
			`"additionalProperties":false}}}`)
	a.chart("c/worker", threeKeys, "templates/worker.yaml",
		"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: batch}\n"+
			"spec: {schedule: '@daily', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [\n"+
			"  {name: worker, image: {{ .Values.worker | default (print .Values.image.repository \":0.0.9\") }}}\n"+
			"]}}}}}\n",
		"values-busybox.yaml", "worker: busybox\n")
	a.chart("c/invalid", threeKeys, "templates/service.yaml",
		"apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: {{ .Release.Namespace }}\n"+
			"spec: {ports: [{port: 70000}]}\n")
	a.chart("c/kind", threeKeys, "templates/scrape.yaml", strings.Replace(kind, "telemetry", "nowhere", 1))
	a.chart("c/guard", threeKeys, "templates/scrape.yaml",
		`{{ if not (.Capabilities.APIVersions.Has "v1/Secret") }}{{ fail "no secrets here" }}{{ end }}`+
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\ndata:\n"+
			`  user: {{ (lookup "v1" "Secret" .Release.Namespace "db").data.user | b64dec }}`)
	a.chart("c/crds", threeKeys, "templates/scrape.yaml", kind+
		`{{ if not (.Capabilities.APIVersions.Has "telemetry.example.com/v1/Scrape") }}{{ fail "none" }}{{ end }}`,
		"crds/scrape.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"+
			"metadata: {name: scrapes.telemetry.example.com}\n"+
			"spec:\n  group: telemetry.example.com\n  scope: Namespaced\n"+
			"  names: {plural: scrapes, singular: scrape, kind: Scrape}\n"+
			"  versions: [{name: v1, served: true, storage: true,\n"+
			"    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]\n")
	for name, repository := range map[string]string{
		"outside": "file://../../../x", "unlocked": "https://127.0.0.1:1",
	} {
		a.chart("c/"+name, threeKeys, "Chart.yaml", "apiVersion: v2\nname: "+name+"\nversion: 0.0.1\n"+
			"dependencies: [{name: x, version: 1.0.0, repository: '"+repository+"'}]\n")
	}
	a.commit("charts")

	guarded := a.Name + "-guarded"
	a.kubectl("create", "namespace", guarded)
	a.kubectl("create", "secret", "generic", "db", "--from-literal=user=ledger", "--namespace="+guarded)
	list := "containers[name=web].image.repository,containers[0].image.tag"
	busybox, live := "busybox="+a.Name+"-busybox", "live="+guarded
	for name, c := range map[string]struct {
		settings string // the chart, and more
		refused  bool
		want     string
	}{
		"a tag and digest as a label": {"c/label keys=image.repository,image.tag", true,
			"the label app.kubernetes.io/version is \"0.1.0@sha256:…\""},
		"a map as an image":     {"c/string", true, "one REPOSITORY:TAG@DIGEST"},
		"one key":               {"c/string keys=image", false, "are good"},
		"a registry of its own": {"c/split", true, "the chart puts docker.io before the repository"},
		"an element of a list":  {"c/list keys=" + list, false, "are good"},
		"a list that is not": {"c/split keys=containers[0].image", true,
			"there is no list for containers[0].image"},
		"a strict schema": {"c/schema keys=image.repository,image.tag", true, "With --keys, three keys get"},
		"an older worker": {"c/worker", true, "CronJob batch: container worker runs " + a.Image() + ":0.0.9"},
		"a worker that floats": {"c/worker environments=" + busybox, false,
			"worker runs busybox, which may change"},
		"an object that is not":  {"c/invalid", true, `Service "web" is invalid: `},
		"the same with Helm 3":   {"c/invalid tools=" + helm3, true, `Service "web" is invalid: `},
		"a kind that is not":     {"c/kind", true, `no matches for kind "Scrape"`},
		"a kind of its own":      {"c/crds", false, "are good"},
		"and with Helm 3":        {"c/crds tools=" + helm3, false, "are good"},
		"asks the cluster":       {"c/guard environments=" + live, false, "are good"},
		"asks it by Helm 3":      {"c/guard tools=" + helm3 + " environments=" + live, false, "are good"},
		"asks what is not there": {"c/guard", true, "nil pointer"},
		"asks none": {"c/guard kubeconfig=", false,
			"not known without a cluster, which templates/scrape.yaml asks"},
		"a dependency outside":         {"c/outside", true, "c/outside/Chart.yaml: file://../../../x"},
		"a dependency that may be any": {"c/unlocked", true, "commit its Chart.lock"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := map[string]string{"environments": "live=" + a.Name + "-live"}
			for setting := range strings.FieldsSeq("chart=" + c.settings) {
				key, value, _ := strings.Cut(setting, "=")
				settings[key] = value
			}
			function := map[bool]string{true: "release", false: "plan"}[c.refused]
			out, err := a.with(t, settings).ship(function)
			if (err != nil) != c.refused || !strings.Contains(out, c.want) {
				t.Errorf("%s: %v, want %q", function, err, c.want)
			}
		})
	}
	before := len(a.changes())
	t.Cleanup(func() {
		for _, change := range a.changes()[before:] {
			if !strings.Contains(change, "/blobs/uploads/") { // by which it is known whether it may push
				t.Errorf("something was changed: %s", change)
			}
		}
	})
}

// TestChartWithDependency releases a chart that depends on others in the repo, and whose labels say the app's version.
// The second release changes a Job, which the cluster refuses.
func TestChartWithDependency(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"], a.Settings["chart"] = "live="+a.Name, "deploy/shop"
	a.chart("deploy/shop", threeKeys, "Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.0.1\nappVersion: stale\n"+
		"dependencies: [{name: house, version: ^1.0.0, repository: file://../../lib/house}]\n",
		"templates/job.yaml", "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: seed\n"+
			"  labels: {{ include \"house.labels\" . }}\n"+
			"spec: {template: {spec: {restartPolicy: Never, containers: [\n"+
			"  {name: seed, image: \""+threeKeys+"\", command: ['true']}]}}}\n")
	a.chart("lib/house", threeKeys, "Chart.yaml", "apiVersion: v2\ntype: library\nname: house\nversion: 1.2.0\n"+
		"dependencies: [{name: base, version: 0.0.1, repository: file://../base}]\n",
		"templates/_labels.tpl", `{{ define "house.labels" }}{ {{- include "base.label" . -}} }{{ end }}`)
	a.chart("lib/base", threeKeys, "templates/web.yaml", `{{ define "base.label" }}team: payments{{ end }}`)
	a.commit("depend")
	out, err := a.ship("release")
	if err != nil {
		t.Fatalf("release: %v", err)
	}
	labels := a.kubectl("get", "deployments,jobs", "--namespace="+a.Name,
		"--output=jsonpath={.items[*].metadata.labels}")
	if !strings.Contains(labels, `"app.kubernetes.io/version":"0.1.0"`) ||
		!strings.Contains(labels, `"team":"payments"`) {
		t.Errorf("the labels are %s, after\n%s", labels, out)
	}
	a.bump("0.2.0")
	for _, function := range []string{"plan", "release"} {
		out, err := a.ship(function)
		if err == nil || !strings.Contains(out, `The Job "seed" is invalid: spec.template: field is immutable`) {
			t.Errorf("%s: %v", function, err)
		}
	}
	if tags := a.tags(); len(tags) != 1 || a.look("0.2.0").Digest != "" {
		t.Errorf("tags are %v, the image is %v", tags, a.look("0.2.0"))
	}
	a.Settings["environments"] += ":reinstall"
	if out, err := a.ship("plan"); err != nil {
		t.Errorf("plan of a reinstall: %v\n%s", err, out)
	}
}

// TestChartBeside plans the first release of a chart that another release of the namespace runs already.
func TestChartBeside(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "live=" + a.Name
	if _, err := a.Bed.Helm("install", "by-hand", filepath.Join(a.Dir, "chart"), "--namespace="+a.Name,
		"--create-namespace", "--set-string=image.repository=busybox,image.tag=1,image.digest=sha256:"+
			strings.Repeat("0", 64)); err != nil {
		t.Fatal(err)
	}
	out, err := a.ship("plan")
	if err != nil || !strings.Contains(out, "release by-hand in "+a.Name+" runs the chart") {
		t.Errorf("plan: %v\n%s", err, out)
	}
}
