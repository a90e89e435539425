package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

// verify has the app's one environment verified, as the lines of its table in ship.toml say. The chart gets a test
// that runs a command in the app's image, and other annotations.
func (a *app) verify(lines, command string, annotations ...string) {
	a.t.Helper()
	delete(a.Settings, "environments")
	a.write("ship.toml", "[environments.test]\nnamespace = \""+a.Name+"\"\n"+lines)
	annotations = append([]string{"helm.sh/hook: test"}, annotations...)
	a.write("chart/templates/test.yaml", fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-test
  annotations: {%s}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  automountServiceAccountToken: false
  containers:
    - name: asks
      image: {{ include "greeter.image" . | quote }}
      command: [sh, -c, %q]
`, strings.Join(annotations, ", "), command))
}

// tested is the pod of the last run of the app's test.
func (a *app) tested() string {
	a.t.Helper()
	return a.kubectl("get", "pods", "--namespace="+a.Name, "--field-selector=metadata.name="+a.Name+"-test",
		"--output=jsonpath={.items[*].metadata.uid}")
}

// TestVerified has rollouts tested: one that passes, once only, and one that fails, which is taken back.
func TestVerified(t *testing.T) {
	if world.Cluster.Node != "real" {
		t.Skip("the cluster's node is simulated: its pods run nothing: " + world.Cluster.Reason)
	}
	t.Parallel()
	for name, c := range map[string]struct{ tools, policy string }{
		"helm 4":      {"", "before-hook-creation"},
		"helm 3":      {helm3, "before-hook-creation"},
		"its pod too": {"", "before-hook-creation,hook-failed"}, // which Helm removes
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			if c.tools != "" {
				a.Settings["tools"] = c.tools
			}
			policy := `helm.sh/hook-delete-policy: "` + c.policy + `"`
			a.verify("test = true\n", "echo fine", policy)
			a.commit("a test")
			if out := a.release("released"); !strings.Contains(out, ", verified by helm test") {
				t.Error("the report does not say that it was tested")
			}
			first := a.tested()
			if a.release("nothing to do"); first == "" || a.tested() != first {
				t.Error("what is verified was tested again, or nothing was")
			}
			running := a.running(a.Name)

			a.verify("test = true\n", "echo no table orders; sleep 3; exit 3", policy) // so that it can be read
			a.bump("0.2.0")
			out, err := a.ship("release")
			if err == nil || !regexp.MustCompile(`\ndeploy test: the rollout failed: helm test: pod `+a.Name+
				`-test: container asks ended: exit code 3\n`).MatchString(out) ||
				!regexp.MustCompile(`the last lines of asks in pod \S+:\n  no table orders\n`).MatchString(out) ||
				!strings.Contains(out, "\nrolled back to revision 1") {
				t.Errorf("a test that fails: %v", err)
			}
			if a.running(a.Name) != running {
				t.Errorf("%s runs, want %s", a.running(a.Name), running)
			}
			if out, err := a.ship("status"); err != nil || !strings.Contains(out, "healthy") {
				t.Errorf("status: %v", err)
			}

			a.verify("test = true\n", "echo fine again", policy)
			a.bump("0.3.0")
			a.release("released")
			if last := a.tested(); last == "" || last == first {
				t.Errorf("0.3.0 was not tested")
			}
		})
	}
}

// TestNeverVerified asks for what cannot be, and has the first rollout fail.
func TestNeverVerified(t *testing.T) {
	if world.Cluster.Node != "real" {
		t.Skip("the cluster's node is simulated: its pods run nothing: " + world.Cluster.Reason)
	}
	t.Parallel()
	a := newLight(t)
	a.verify("test = true\n", "exit 3")
	a.edit("chart/templates/test.yaml", "helm.sh/hook: test", "helm.sh/hook: post-delete")
	a.commit("no test")
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "it has no test") || len(a.tags()) > 0 {
		t.Errorf("a chart without tests: %v, tags are %v", err, a.tags())
	}
	// In this order: what a failed reinstall leaves is no first rollout of an upgrade.
	for _, want := range []struct{ strategy, became, status string }{
		{"upgrade", "removed, since no earlier revision ran", "nothing is deployed"},
		{"reinstall", "left as it is", "its release is failed"},
	} {
		a.verify("test = true\nstrategy = \""+want.strategy+"\"\n", "echo no table orders; exit 3")
		a.commit("a test that fails, by " + want.strategy)
		out, err := a.ship("release")
		if err == nil || !strings.Contains(out, "\n  no table orders\n") ||
			!strings.Contains(out, "\n"+want.became+"\n") {
			t.Errorf("%s: %v", want.strategy, err)
		}
		if out, err := a.ship("status"); err != nil || !strings.Contains(out, want.status) {
			t.Errorf("status after %s: %v", want.strategy, err)
		}
	}
}

// TestSlowTest has a test run longer than the rollout may take, of which its time is a part.
func TestSlowTest(t *testing.T) {
	if world.Cluster.Node != "real" {
		t.Skip("the cluster's node is simulated: its pods run nothing: " + world.Cluster.Reason)
	}
	t.Parallel()
	for name, tools := range map[string]string{"helm 4": "", "helm 3": helm3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			if tools != "" {
				a.Settings["tools"] = tools
			}
			a.verify("test = true\n", "echo waiting for orders; exec sleep 300")
			a.commit("a test")
			a.publish()
			a.Settings["timeout"] = a.slowly(20 * time.Second).Round(time.Second).String()
			out, err := a.ship("release")
			first := regexp.MustCompile(`\ndeploy test: the rollout failed: helm test: not done within \S+s \(see ` +
				`--timeout\): pod ` + a.Name + `-test: container asks has not ended yet\n`)
			if err == nil || !first.MatchString(out) || !strings.Contains(out, "\n  waiting for orders\n") ||
				!strings.Contains(out, "\nremoved, since no earlier revision ran\n") {
				t.Errorf("a test that does not end: %v", err)
			}
		})
	}
}

// TestKilledTest kills a release while the chart's test runs. The next one runs the test again, and does no more.
func TestKilledTest(t *testing.T) {
	if world.Cluster.Node != "real" {
		t.Skip("the cluster's node is simulated: its pods run nothing: " + world.Cluster.Reason)
	}
	t.Parallel()
	for name, c := range map[string]struct{ tools, command string }{
		"helm 4":    {"", "sleep 10"},
		"helm 3":    {helm3, "sleep 10"},
		"and fails": {"", "sleep 10; echo no table orders; exit 3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			a.Settings["timeout"] = "40s"
			if c.tools != "" {
				a.Settings["tools"] = c.tools
			}
			a.verify("test = true\n", "echo fine")
			a.commit("a test")
			a.release("released")
			before := a.tested()
			running := a.running(a.Name)
			a.verify("test = true\n", c.command)
			a.bump("0.2.0")
			killed := a.killTesting(before)
			if out, err := a.ship("plan"); err != nil || !strings.Contains(out, "pending-rollout") {
				t.Errorf("plan: %v", err)
			}
			if name == "and fails" {
				a.verify("test = true\n", "echo fine")
				a.bump("0.3.0")
				out := a.release("released")
				if !strings.Contains(out, "revision 2 was left pending-rollout by a run that died, and is not "+
					"verified (helm test: ") || !strings.Contains(out, "rolled back to revision 1; ") {
					t.Error("the report does not say what became of 0.2.0")
				}
				return
			}
			if out, err := a.ship("release"); err != nil || !strings.Contains(out, "revision 2 was left "+
				"pending-rollout by a run that died, and is ready, verified by helm test") {
				t.Errorf("release: %v", err)
			}
			if last := a.tested(); last == killed || last == "" {
				t.Error("the test did not run again")
			}
			if a.running(a.Name) == running || a.revisions(a.Name) != 2 {
				t.Errorf("%s runs, in revision %d", a.running(a.Name), a.revisions(a.Name))
			}
			killed = a.tested()
			if a.release("nothing to do"); a.tested() != killed {
				t.Error("what is verified was tested again")
			}
			a.lastClaimEnded()
		})
	}
}

// killTesting kills a release while its test runs, which has another pod than before, and returns that.
func (a *app) killTesting(before string) (pod string) {
	a.t.Helper()
	a.killAfter(func() {
		deadline := time.Now().Add(2 * time.Minute)
		for ; pod == "" || pod == before; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(deadline) {
				a.t.Fatal("no test runs")
			}
			pod = a.kubectl("get", "pods", "--namespace="+a.Name,
				"--field-selector=status.phase=Running,metadata.name="+a.Name+"-test",
				"--output=jsonpath={.items[*].metadata.uid}")
		}
	})
	return pod
}

// lastClaimEnded makes sure that nobody has to wait for a claim of a run that has ended.
func (a *app) lastClaimEnded() {
	a.t.Helper()
	labels := a.kubectl("get", "secrets", "--namespace="+a.Name, "--selector=owner=helm,status=deployed",
		"--output=jsonpath={.items[*].metadata.labels}")
	if strings.Contains(labels, `"ship-claim"`) || strings.Contains(labels, `"ship-rollout"`) {
		a.t.Errorf("the last revision has the labels %s", labels)
	}
}

// TestAnswerVerified asks an address after each rollout, which answers as the app does.
func TestAnswerVerified(t *testing.T) {
	if world.Cluster.Node != "real" || world.OnEngine() {
		t.Skip("it takes pods that answer, and an address that Ship reaches: " + world.Cluster.Reason)
	}
	t.Parallel()
	a := newLight(t)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := a.Answer(a.Name)
		if err != nil || r.URL.Path != "/0.1.0" && r.URL.Path != "/0.2.0" && r.URL.Path != "/0.3.0" {
			http.Error(w, "no backend", http.StatusBadGateway)
			return
		}
		fmt.Fprint(w, answer)
	}))
	defer gateway.Close()
	lines := "url = \"" + gateway.URL + "/{version}\"\nanswer = 'version = \"{version}\"'\n"
	a.verify(lines, "exit 3") // it is not asked for
	a.commit("an address")
	if out := a.release("released"); !strings.Contains(out, ", verified by "+gateway.URL+"/0.1.0") {
		t.Error("the report does not say that the address was asked")
	}
	a.bump("0.2.0")
	a.release("released")

	// one that answers something else
	a.verify(strings.Replace(lines, "version =", "release =", 1), "exit 3")
	a.bump("0.3.0")
	brief := a.brief()
	a.Settings["timeout"] = brief
	out, err := a.ship("release")
	answers := regexp.MustCompile(`\ndeploy test: the rollout failed: not verified within ` + brief +
		` \(see --timeout\): ` +
		regexp.QuoteMeta(gateway.URL) + `/0\.3\.0 answers ".*", without "release = \\"0\.3\.0\\"" in it\n`)
	if err == nil || !answers.MatchString(out) || !strings.Contains(out, "\nrolled back to revision 2") {
		t.Errorf("another answer: %v", err)
	}
	// none at all
	a.verify(strings.Replace(lines, "/{version}", "/none", 1), "exit 3")
	a.bump("0.4.0")
	out, err = a.ship("release")
	if err == nil || !strings.Contains(out, "/none answers 502 Bad Gateway, not 200 OK\n") {
		t.Errorf("no answer: %v", err)
	}
}
