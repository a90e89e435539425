package e2e

import (
	"strings"
	"testing"
)

// TestWaitsForController rolls out what a controller that Ship does not know makes pods of. The test is that
// controller: it says how far it is.
func TestWaitsForController(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.kind("argoproj.io", "Rollout")
	a.Settings["environments"] = "live=" + a.Name
	a.write("chart/templates/rollout.yaml", `apiVersion: argoproj.io/v1
kind: Rollout
metadata: {name: steps}
spec:
  template: {spec: {containers: [{name: web, image: {{ include "greeter.image" . | quote }}}]}}
`)
	a.commit("in steps")
	says := func(status string) {
		a.kubectl("patch", "rollout", "steps", "--namespace="+a.Name, "--subresource=status", "--type=merge",
			`--patch={"status":{`+status+`}}`)
	}
	release := func() chan string {
		ended := make(chan string, 1)
		go func() {
			out, err := a.ship("release")
			if err != nil {
				out = "failed\n" + out
			}
			ended <- out
		}()
		return ended
	}
	waits := func(ended chan string, revision int) {
		t.Helper()
		a.awaitRollout(revision)
		a.kubectl("rollout", "status", "deployment", "--namespace="+a.Name)
		select {
		case <-ended:
			t.Fatal("the release did not wait")
		default:
		}
	}

	ended := release()
	waits(ended, 1)
	says(`"observedGeneration":"1","phase":"Progressing","message":"more replicas need to be updated"`)
	waits(ended, 1)
	says(`"phase":"Healthy","message":""`)
	if out := <-ended; !strings.Contains(out, ": released") || strings.Contains(out, "(but ") {
		t.Error("it is not released, or something is not ready")
	}

	// it has seen the first generation only, and then waits by design
	a.bump("0.2.0")
	ended = release()
	waits(ended, 2)
	says(`"observedGeneration":"2","phase":"Paused","message":"CanaryPauseStep"`)
	if out := <-ended; !strings.Contains(out, ": released") ||
		!strings.Contains(out, "(but rollout steps has the phase Paused: CanaryPauseStep)") {
		t.Error("it is not released, or the report does not say what waits")
	}

	a.bump("0.3.0")
	ended = release()
	waits(ended, 3)
	says(`"observedGeneration":"3","phase":"Degraded","message":"it exceeded its progress deadline"`)
	// the rollback makes one more
	a.kubectl("wait", "--for=jsonpath={.metadata.generation}=4", "rollout/steps", "--namespace="+a.Name, "--timeout=2m")
	says(`"observedGeneration":"4","phase":"Healthy","message":""`)
	out := <-ended
	if !strings.Contains(out, "\ndeploy live: the rollout failed: rollout steps has the phase Degraded: it exceeded "+
		"its progress deadline\n") || !strings.Contains(out, "\nrolled back to revision 2") {
		t.Error("it is not taken back")
	}
}
