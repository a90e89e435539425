package helm

import (
	"cmp"
	"strings"
	"testing"
	"time"
)

// dumped is how Kubernetes shows a job's template that cannot be changed: as JSON, or as Go.
var dumped = []string{
	`{"metadata":{"labels":{"app":"x{"}},"spec":{"volumes":null,"containers":[{"name":"seed","command":["sh","-c",` +
		`"echo \"connection refused\", another operation, timed out"]}],"activeDeadlineSeconds":30}}`,
	`core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{Name:"", Labels:map[string]string{"app":"x}"}}, ` +
		`Spec:core.PodSpec{Volumes:[]core.Volume(nil), ActiveDeadlineSeconds:(*int64)(0xc00f2b5c10), ` +
		`Message:"i/o timeout, resource Job/x/y not ready. status: , context deadline exceeded"}}`,
}

// TestJobImmutable has what Helm 3.22 and 4.3 say if a chart changes a job's template.
func TestJobImmutable(t *testing.T) {
	const invalid = `Job.batch "x-seed" is invalid: spec.template: `
	for _, before := range []string{
		`UPGRADE FAILED: cannot patch "x-seed" with kind Job: ` + invalid,
		`UPGRADE FAILED: server-side apply failed for object shop/x-seed batch/v1, Kind=Job: ` + invalid,
	} {
		for _, value := range dumped {
			words := before + "Invalid value: " + value + ": field is immutable"
			got := Failure(1, "level=WARN msg=\"upgrade failed\" error=\"Error: timed out\"\nError: "+words+"\n")
			if want := before + "field is immutable"; got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
			if Waited(words) || Locked(words) || NotDone(Late(words, time.Hour, time.Second)) != "" ||
				Own(words) != strings.NewReplacer(`"x-seed"`, `""`).Replace(before+"field is immutable") {
				t.Errorf("Helm's own words are found in what is only shown: %s", Own(words))
			}
		}
	}
}

func TestWithoutDumps(t *testing.T) {
	long := strings.Repeat("x", tooLong)
	for words, want := range map[string]string{
		`spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive`: "",
		`name: Invalid value: "Shop": must consist of lower case`:                          "",
		`a: Invalid value: "` + long + `\"": too long, b: Invalid value: {"a":1}: bad`: `a: too long, b: Invalid ` +
			`value: {"a":1}: bad`,
		`a: Duplicate value: {"name":"` + long + `"}`:                        `a: Duplicate value`,
		`a: Invalid value: []core.Port{core.Port{Name:"` + long + `"}}: two`: `a: two`,
		`a: Invalid value: map[string]string{"a":"` + long + `"}: two`:       `a: two`,
		`a: Invalid value: {"never ends ` + long:                             "",
		`a: Invalid value: `:                                                 "",
	} {
		if want == "" {
			want = words
		}
		if got := withoutDumps(words); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}

func TestWaited(t *testing.T) {
	for cause, want := range map[string]bool{
		"UPGRADE FAILED: resource Deployment/shop/shop not ready. status: InProgress, message: Updated: " +
			"1/2\ncontext deadline exceeded": true,
		"UPGRADE FAILED: context deadline exceeded": true, // Helm 3
		"INSTALLATION FAILED: context canceled":     true, // Helm was told to end
		"UPGRADE FAILED: client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context " +
			"deadline": true,
		"UPGRADE FAILED: pre-upgrade hooks failed: 1 error occurred:\n\t* job shop-migrate failed: " +
			"BackoffLimitExceeded": true,
		"UPGRADE FAILED: post-upgrade hooks failed: 1 error occurred:\n\t* timed out waiting for the condition": true,
		"INSTALLATION FAILED: failed pre-install: 1 error occurred:\n\t* pod shop-test failed":                  true,
		"failed pre-install: resource Job/shop/shop-migrate not ready. status: Failed, message: Job Failed. failed: " +
			"1/1": true,
		`UPGRADE FAILED: cannot patch "shop" with kind Deployment: Deployment.apps "shop" is invalid: ` +
			`spec.selector: Invalid value: field is immutable`: false,
		`UPGRADE FAILED: failed to create resource: deployments.apps is forbidden: ` +
			`User "ship" cannot create resource "deployments" in API group "apps"`: false,
		`UPGRADE FAILED: conflict occurred while applying object shop/shop apps/v1, Kind=Deployment: ` +
			`Apply failed with 1 conflict: conflict with "kubectl-scale"`: false,
		// a hook is not made
		`UPGRADE FAILED: pre-upgrade hooks failed: warning: Hook pre-upgrade shop/templates/migrate.yaml failed: ` +
			`jobs.batch is forbidden: User "ship" cannot create resource "jobs"`: false,
		`UPGRADE FAILED: cannot patch "hooks-failed" with kind Ingress: admission webhook "w" denied the request: ` +
			`not ready, timed out, pre-upgrade hooks failed: context deadline exceeded`: false,
		"UPGRADE FAILED: execution error at (shop/templates/a.yaml:1:4): deadline passed, see --timeout": false,
	} {
		if got := Waited(cause); got != want {
			t.Errorf("%q: %v", cause, got)
		}
	}
}

func TestLocked(t *testing.T) {
	const render = "execution error at (greeter/" + ComparePath + ":1:42): "
	for cause, want := range map[string]bool{
		"UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress":           true,
		"another operation (install/upgrade/rollback) is in progress":                           true, // a rollback's
		"UPGRADE FAILED: release: already exists":                                               true,
		"INSTALLATION FAILED: cannot re-use a name that is still in use":                        true, // Helm 3
		"INSTALLATION FAILED: cannot reuse a name that is still in use":                         true,
		"UPGRADE FAILED: " + render + Taken + ": the next revision is not 8 any more":           true,
		Taken + ": revision 4 of shop in live came after 3":                                     true,
		"UPGRADE FAILED: execution error at (shop/templates/a.yaml:1:2): another operation":     false,
		`UPGRADE FAILED: failed to create resource: configmaps "another operation" is bad`:      false,
		`UPGRADE FAILED: admission webhook "w" denied the request: release: already exists`:     false,
		`INSTALLATION FAILED: services "a name that is still in use" already exists`:            false,
		"UPGRADE FAILED: pre-upgrade hooks failed: 1 error occurred:\n\t* job release: already": false,
	} {
		if got := Locked(cause); got != want {
			t.Errorf("%q: %v", cause, got)
		}
	}
}

func TestMissing(t *testing.T) {
	for stderr, want := range map[string]bool{
		"Error: release: not found\n": true,
		"level=WARN msg=x\nError: uninstall: Release not loaded: shop: release: not found": true,
		`Error: query: failed to query "release: not found"`:                               false,
		"Error: Kubernetes cluster unreachable: release: not found on this server":         false,
	} {
		if got := Missing(stderr); got != want {
			t.Errorf("%q: %v", stderr, got)
		}
	}
	for cause, want := range map[string]bool{
		`INSTALLATION FAILED: create: failed to create: namespaces "live" not found`:           true,
		`INSTALLATION FAILED: create: failed to create: namespaces "other" not found`:          false,
		`UPGRADE FAILED: admission webhook "w" denied: namespaces "live" not found in the map`: false,
	} {
		if got := NamespaceMissing(cause, "live"); got != want {
			t.Errorf("%q: %v", cause, got)
		}
	}
}

// TestLate has what Helm says if its time is over, which is OVER here, and the same words of others.
func TestLate(t *testing.T) {
	const (
		hooks   = "UPGRADE FAILED: pre-upgrade hooks failed: 1 error occurred:\n\t* " // Helm 3's
		notDone = "not done within 15s (see --timeout)"
		canary  = "UPGRADE FAILED: resource Deployment/s/s not ready. status: InProgress, message: Updated: 1/2\n"
	)
	for words, over := range map[string]string{
		"UPGRADE FAILED: OVER":                     "context canceled", // as it was told to end
		"INSTALLATION FAILED: OVER":                "context deadline exceeded",
		"OVER":                                     "context deadline exceeded", // a rollback's
		canary + "OVER":                            "context deadline exceeded",
		"UPGRADE FAILED: Wait: OVER":               "",
		"UPGRADE FAILED: failed pre-upgrade: OVER": "context canceled",
		hooks + "OVER":                             "timed out waiting for the condition",
		"UPGRADE FAILED: resource Db/s/s not ready. status: X, message: OVER":      "",
		`UPGRADE FAILED: admission webhook "w" denied the request: "OVER"`:         "",
		`UPGRADE FAILED: execution error at (s/templates/a.yaml:1:2): see OVER`:    "",
		`UPGRADE FAILED: services "context canceled" is invalid: spec.type: OVER.`: "",
	} {
		said := strings.Replace(words, "OVER", cmp.Or(over, "context deadline exceeded"), 1)
		want, waited := said, strings.Contains(words, "status: ")
		if over != "" {
			want, waited = strings.Replace(words, "OVER", notDone, 1), true
		}
		got := Late(said, 16*time.Second, 15*time.Second)
		if got != want || Waited(got) != waited || (NotDone(got) == notDone) != (over != "") {
			t.Errorf("got %q, want %q; waited: %v, not done: %q", got, want, Waited(got), NotDone(got))
		}
		if got := Late(said, 14*time.Second, 15*time.Second); got != said {
			t.Errorf("within its time: %q", got)
		}
	}
	for code, want := range map[int]string{124: notDone, 143: notDone, 137: notDone, 1: Failure(1, "")} {
		if got := Late(Failure(code, "Terminated\n"), 16*time.Second, 15*time.Second); got != want {
			t.Errorf("ended with exit code %d: %q", code, got)
		}
	}
}

// TestOwn has words of servers in trouble, which may be over a moment later, that only others say.
func TestOwn(t *testing.T) {
	for words, want := range map[string]string{
		`unreachable: Get "https://h/version": dial tcp 127.0.0.1:1: connect: connection refused`: `unreachable: ` +
			`Get "": dial tcp 127.0.0.1:1: connect: connection refused`,
		`services "EOF" is invalid: Invalid value: "connection \"refused": no`: `services "" is invalid: Invalid ` +
			`value: "": no`,
		"resource Db/s/s not ready. status: InProgress, message: connection refused": "resource Db/s/s ",
		`admission webhook "w" denied the request: i/o timeout`:                      `admission webhook "" `,
		`webhook "w": Post "https://w": EOF`:                                         `webhook "": Post "": EOF`,
		"UPGRADE FAILED: execution error at (s/templates/a.yaml:1:2): no answer":     "UPGRADE FAILED: ",
		"parse error at (s/templates/a.yaml:3): unexpected EOF":                      "",
		"template: s/templates/a.yaml:3:4: executing: EOF":                           "",
		"spec.template: EOF": "spec.template: EOF",
		"sh -c x: exit code 1\nit printed last:\n  | curl: (7) connection refused": "sh -c x: exit code 1\n",
		"parse s/a.yaml: error converting YAML to JSON: yaml: line 3: EOF":         "parse s/a.yaml: ",
	} {
		if got := Own(words); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
