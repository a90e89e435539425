package helm

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTrial runs the program with stand-ins for Helm and kubectl, which say what they were given.
func TestTrial(t *testing.T) {
	const upgraded = `Release "shop" does not exist. Installing it now.
NAME: shop
HOOKS:
---
# Source: shop/templates/hook.yaml
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: pre-install}}
MANIFEST:
---
# Source: shop/templates/web.yaml
kind: Service
metadata:
  name: web
  namespace: "test"
NOTES:
kind: Notes
`
	folder := t.TempDir()
	program := func(name, text string) {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+text), 0o755))
	}
	program("helm", `[ -z "$FAILS" ] || { echo "Error: no" >&2; exit 3; }
echo "helm $*" >>`+folder+`/did; cat <<'END'
`+upgraded+"END\n")
	program("kubectl", `[ "$1" != api-versions ] || { echo v1; exit; }
echo "kubectl $*: $(grep -c . | tr -d ' ') lines" >>`+folder+`/did
case "$*" in *"create"*"--namespace test"*) echo "$SAYS" >&2; exit 1;; *apply*) echo "$SAYS_OF_CHANGE" >&2;; esac`)
	r := Release{Name: "shop", Chart: "/chart", Namespace: "test", Values: []string{"/v"}, Helm: Version{4, 3}}
	run := func(args []string, env ...string) (Tried, string, int) {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(env, "PATH="+folder+":/usr/bin:/bin")
		out, _ := cmd.Output()
		did, _ := os.ReadFile(filepath.Join(folder, "did"))
		_ = os.Remove(filepath.Join(folder, "did"))
		return r.ParseTrial(string(out)), string(did), cmd.ProcessState.ExitCode()
	}

	tried, did, code := run(r.UpgradeTrialArgs(Trial{}, time.Minute), `SAYS=The Service "web" is invalid: spec.port: no
Error from server (Invalid): error when creating "STDIN": Job "a" is invalid: x: provided port is already allocated
Error from server (AlreadyExists): error when creating "STDIN": services "web" already exists`,
		`SAYS_OF_CHANGE=The Service "web" is invalid: spec.port: no
The Job "seed" is invalid: spec.template: Invalid value: {"`+strings.Repeat("a", 80)+`": [1]}: field is immutable
The PersistentVolumeClaim "pv" is invalid: spec: Forbidden: spec is immutable after creation
@@ -6,7 +6,7 @@
  "Resources": {
-   "storage": "2Gi"
+   "storage": "1Gi"
`)
	objects, err := ParseObjects(tried.Manifests, "test")
	if err != nil || len(objects) != 2 || objects[0].Name != "migrate" || objects[1].Name != "web" || code != 0 {
		t.Errorf("rendered %+v, %v, exit code %d", objects, err, code)
	}
	for i, want := range []string{`The Job "seed" is invalid: spec.template: field is immutable`,
		`The PersistentVolumeClaim "pv" is invalid: spec: Forbidden: spec is immutable after creation`,
		`The Service "web" is invalid: spec.port: no`} {
		if i >= len(tried.Refused) || !strings.HasPrefix(tried.Refused[i], want) {
			t.Errorf("refused %q, want %q", tried.Refused, want)
		}
	}
	const manifest = "--filename=- --validate="
	want := "helm upgrade --install shop /chart --values /v --namespace test --dry-run=server --server-side=true " +
		"--force-conflicts\nkubectl create --dry-run=server " + manifest + "strict --namespace test: 6 lines\n" +
		"kubectl apply --dry-run=server " + manifest + "ignore --server-side --force-conflicts " +
		"--field-manager=helm --namespace test: 6 lines\n"
	if did != want {
		t.Errorf("it did\n%swanted\n%s", did, want)
	}

	const no = `SAYS=Error from server: admission webhook "policy" denied the request: no`
	for trial, want := range map[*Trial]int{{Install: true}: 1, {Install: true, Replace: true}: 0} {
		tried, did, _ = run(r.UpgradeTrialArgs(*trial, time.Minute), no)
		if strings.Contains(did, "apply") || len(tried.Refused) != want {
			t.Errorf("%+v did\n%s%q", *trial, did, tried.Refused)
		}
	}
	tried, did, _ = run(r.UpgradeTrialArgs(Trial{Install: true}, time.Minute), `SAYS=namespaces "test" not found`)
	if !strings.HasSuffix(did, "create --dry-run=server "+manifest+"strict --namespace default: 6 lines\n") ||
		len(tried.Refused) > 0 {
		t.Errorf("without a namespace it did\n%s%q", did, tried.Refused)
	}
	r.Helm = Version{3, 22}
	_, did, _ = run(r.TemplateTrialArgs(Trial{Kinds: []string{"a.b/v1"}}, time.Minute))
	if !strings.Contains(did, "--dry-run=server --is-upgrade --api-versions a.b/v1 --api-versions v1\n") ||
		!strings.Contains(did, "validate=ignore") || strings.Contains(did, "apply") {
		t.Errorf("the template did\n%s", did)
	}
	if _, _, code := run(r.UpgradeTrialArgs(Trial{}, time.Minute), "FAILS=1"); code != 3 {
		t.Errorf("Helm's exit code is %d", code)
	}
}

// TestRefused tells what of the cluster's words is about the chart.
func TestRefused(t *testing.T) {
	const of = `Error from server (Forbidden): deployments.apps "web" is forbidden: `
	for said, want := range map[string]bool{
		`Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal`: true,
		`strict decoding error: unknown field "spec.prots"`:                                    true,
		`resource mapping not found for name: "a": no matches for kind "Foo" in version "x"`:   false,
		`the namespace from the provided object "a" does not match the namespace "b"`:          false,
		`Error from server (InternalError): failed calling webhook "a": no dry run`:            false,
		of + `User "bob" cannot create resource "deployments"`:                                 false,
	} {
		if got := (Release{}).ParseTrial("a: b\n" + refused + "\n" + said + "\n").Refused; (len(got) > 0) != want {
			t.Errorf("%s: %q", said, got)
		}
	}
	for said, want := range map[string][2]bool{ // for Helm 3, and for Helm 4
		`The Service "a" is invalid: spec.ports[1].name: Duplicate value`:                              {},
		`The StatefulSet "a" is invalid: updates to statefulset spec for fields other than 'replicas'`: {true, true},
		`Error from server: admission webhook "policy" denied the request: no`:                         {true, true},
		of + "exceeded quota": {true, true},
		of + `User "bob" cannot patch resource "deployments"`:       {false, true},
		`Error from server (NotFound): namespaces "test" not found`: {},
	} {
		for i, version := range []Version{{3, 22}, {4, 3}} {
			printed := "a: b\n" + refused + "\n" + refusedChanges + "\n" + said + "\n"
			got := Release{Helm: version}.ParseTrial(printed).Refused
			if (len(got) > 0) != want[i] {
				t.Errorf("%s: %q for Helm %d", said, got, version.Major)
			}
		}
	}
}

func TestUnknownKinds(t *testing.T) {
	const cause = `unable to build kubernetes objects from release manifest: [resource mapping not found for name: "a" ` +
		`namespace: "" from "": no matches for kind "Scrape" in version "telemetry.example.com/v1"` + "\n" +
		`ensure CRDs are installed first, no matches for kind "Foo" in version "x.y/v2"]`
	if got := UnknownKinds(cause); !slices.Equal(got, []string{"telemetry.example.com/v1/Scrape", "x.y/v2/Foo"}) {
		t.Errorf("got %q", got)
	}
	got := Defined("kind: CustomResourceDefinition\n" +
		"spec: {group: x.y, names: {kind: Foo}, versions: [{name: v1}, {name: v2}]}\n")
	if want := []string{"x.y/v1", "x.y/v1/Foo", "x.y/v2", "x.y/v2/Foo"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestAskedIn tells which template Helm failed in, in all of its ways to say so.
func TestAskedIn(t *testing.T) {
	for cause, want := range map[string]string{
		"shop/templates/copy.yaml:6:52\n  executing \"a\" at <b>:\n    nil pointer": "templates/copy.yaml",
		"template: shop/templates/copy.yaml:6:52: executing":                        "templates/copy.yaml",
		"execution error at (shop/charts/x/templates/a.yaml:3:4): no":               "charts/x/templates/a.yaml",
		"template: shop/templates/web.yaml:1:1: calling include":                    "",
		"values don't meet the specifications":                                      "",
	} {
		asks := []string{"/ship/chart/templates/copy.yaml", "/ship/chart/charts/x/templates/a.yaml"}
		if file, is := AskedIn(cause, asks); file != want || is != (want != "") {
			t.Errorf("%q: %q", cause, file)
		}
	}
}

func TestParseAPIs(t *testing.T) {
	apis, err := ParseAPIs("{\n  \"serverVersion\": {\"gitVersion\": \"v1.37.2\"}\n}\n" +
		"pods          po   v1             true   Pod\nbindings           v1             true   Binding\n" +
		"deployments   deploy   apps/v1   true   Deployment\nodd\n")
	want := []string{"apps/v1", "apps/v1/Deployment", "v1", "v1/Binding", "v1/Pod"}
	if err != nil || apis.Version != "v1.37.2" || !slices.Equal(apis.Kinds, want) {
		t.Errorf("%+v, %v", apis, err)
	}
	if _, err := ParseAPIs("error"); err == nil {
		t.Error("what is no JSON passes")
	}
}
