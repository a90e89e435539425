package rollout

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"dagger/ship/internal/helm"
)

// Objects of kinds that are not Kubernetes' own have controllers that Ship does not know: of rollouts in
// steps, of databases, of secrets from elsewhere. What they have in common is how they tell how far they
// are: by conditions, by a phase, and by the generation that the controller has seen
// (https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md).

// stage is how far an object has come by its own words.
type stage int

// The stages.
const (
	untold   stage = iota // it does not say
	done                  // it is as it should be
	unready               // it is not, and does not say that it is at work on that: it may stay so
	underway              // it is at work on that
	held                  // it waits by design: for a person, a time, or whatever was told to it
	failed                // it has given up
)

// phases are what the status of an object may call its phase: of Argo's Rollout
// (https://argo-rollouts.readthedocs.io/en/stable/features/specification/), of Flagger's Canary
// (https://docs.flagger.app/usage/how-it-works#canary-status), and what others call the same.
var phases = map[string]stage{
	"Healthy": done, "Succeeded": done, "Initialized": done,
	"Progressing": underway, "Initializing": underway, "Promoting": underway, "Finalising": underway,
	"Paused": held, "Suspended": held, "Waiting": held, "WaitingPromotion": held,
	"Degraded": failed, "Failed": failed,
}

// The conditions by which an object tells its stage if they are true.
var (
	holding = []string{"Paused", "Suspended"}
	failing = []string{"Failed", "Stalled", "Degraded"}
	working = []string{"Progressing", "Reconciling"}
	ending  = []string{"Ready", "Available", "Healthy", "Succeeded", "Complete"}
)

// stage tells how far an object of somebody else's kind has come, and why, if it is not done.
func (o *object) stage() (stage, string) {
	if seen := int64(o.Status.ObservedGeneration); seen > 0 && seen < o.Metadata.Generation {
		return underway, "waits for its controller, which has not acted on its newest generation yet"
	}
	if o.Spec.Paused || o.Spec.Suspend {
		return held, "is paused"
	}
	if at, known := phases[o.Status.Phase]; known {
		return at, o.because("has the phase "+o.Status.Phase, condition{Message: o.Status.Message})
	}
	if c := o.first(holding); c.Status == "True" {
		return held, o.because("is paused", c)
	}
	if c := o.first(failing); c.Status == "True" {
		return failed, o.because("has failed", c)
	}
	end := o.first(ending)
	if end.Status == "True" {
		return done, ""
	}
	if c := o.first(working); c.Status == "True" {
		return underway, o.because("is in progress", cmp.Or(end, c))
	}
	if end.Type != "" {
		return unready, o.because("is not ready", end)
	}
	return untold, ""
}

// first is the first of some conditions that is true or, if none is, that is there.
func (o *object) first(types []string) (found condition) {
	for _, kind := range types {
		if c := o.condition(kind); c.Status == "True" {
			return c
		} else if found.Type == "" {
			found = c
		}
	}
	return found
}

// because is what is so, and what a condition says why.
func (o *object) because(what string, c condition) string {
	why := strings.TrimPrefix(c.Reason+": "+c.Message, ": ")
	return strings.TrimSuffix(what+": "+strings.TrimSuffix(why, ": "), ": ")
}

// Controlled are those of a chart's objects whose pods somebody else's controller makes.
func Controlled(objects []helm.Object) []helm.Object { return those(objects, deploys) }

// deploys tells whether an object of somebody else's kind runs the app's pods, so that the rollout is not
// done before it is: a controller of rollouts that is known, or what has a template of pods.
func deploys(o helm.Object) bool {
	switch {
	case slices.Contains(stateless, o.Group):
		return false
	case steps(o):
		return true
	}
	spec, _ := o.Body["spec"].(map[string]any)
	template, _ := spec["template"].(map[string]any)
	pod, _ := template["spec"].(map[string]any)
	_, has := pod["containers"].([]any)
	return has
}

// steps tells whether an object's kind is known to run pods and to say how far it is, so that one that
// says nothing will.
func steps(o helm.Object) bool {
	return o.Group == "argoproj.io" && o.Kind == "Rollout" || o.Group == "serving.knative.dev" && o.Kind == "Service"
}

// judge adds what an object of somebody else's kind says to what is known of a rollout. One that runs
// pods counts as a deployment does. Another one is waited for while it says that it is at work, and keeps
// no healthy release from being one. What waits by design is told, and not waited for.
//
// A failure may be that of an earlier rollout, which the controller has not looked past yet. It is final
// only if the controller says which generation it has seen; that is why a canary of Flagger's, which does
// not say it, is only told of.
func (p *Progress) judge(o helm.Object, f *object, name string) (lack string) {
	at, why := f.stage()
	counts := deploys(o)
	if counts && at == untold && steps(o) {
		at, why = underway, "waits for its controller, which has said nothing yet"
	}
	said := cut(oneLine(name+" "+why), maxLine)
	switch {
	case at == untold || at == done:
		return ""
	case counts && at != held:
		p.Failed = p.Failed || at == failed && f.Status.ObservedGeneration > 0
		return said
	case at == underway:
		p.Underway = append(p.Underway, said)
	}
	p.Others = append(p.Others, said)
	return ""
}

// generation is a number that some controllers write as text. One that is none is 0, which says nothing.
type generation int64

// UnmarshalJSON reads a number or a text.
func (g *generation) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		text = string(data)
	}
	number, _ := strconv.ParseInt(text, 10, 64)
	*g = generation(number)
	return nil
}
