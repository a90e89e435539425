// Package rollout tells from a cluster's own words whether a Helm release's pods are ready and, if
// they are not, why. It talks to no server: it says what to ask kubectl, and reads the answers.
package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"dagger/ship/internal/helm"
)

// Release says whose objects are looked at.
type Release struct {
	Name      string
	Namespace string
	// Hooks are the names of its hook jobs and pods, which have no mark of the release.
	Hooks []string
	// Since is when the rollout began: anything older belongs to another rollout. Zero: no limit.
	Since time.Time
}

// begin is the earliest time that an event of the rollout can have.
func (r Release) begin() time.Time {
	if r.Since.IsZero() {
		return r.Since
	}
	return r.Since.Add(-helm.ClockTolerance)
}

// Args asks kubectl, in one call, for all of some namespaces that Read reads. An account that may not
// list some of the kinds gets the others; what was refused to it follows after them: see Split.
func Args(namespaces ...string) []string {
	const script = `: >/tmp/refused
for namespace; do kubectl --namespace "$namespace" --output json get ` +
		`deployments,statefulsets,daemonsets,replicasets,jobs,pods,events 2>>/tmp/refused || :; done
echo; echo "$0"; cat /tmp/refused`
	return append([]string{"sh", "-c", script, separator}, namespaces...)
}

// separator is a line that no JSON has.
const separator = "--- refused ---"

// Split takes the answer to Args apart: what the cluster has, for Read, and what it refused.
func Split(answer string) (list, refused string) {
	list, refused, _ = strings.Cut(answer, "\n"+separator+"\n")
	return list, strings.TrimSpace(refused)
}

// State is what a cluster says of a release.
type State struct {
	objects  map[string]*object // by UID
	outdated map[*object]bool
	events   []*object // of these objects and this rollout, the newest last
	problems []problem // the most important first
}

// Read reads what a cluster has, Lists as JSON. Objects are the release's if Helm annotated them
// so, or one of those owns them. Redact removes secrets from text before any of it is cut; nil
// changes nothing.
func Read(list string, release Release, redact func(string) string) (*State, error) {
	items, err := decode(list)
	if err != nil {
		return nil, err
	}
	if redact != nil {
		for i := range items {
			items[i].redact(redact)
		}
	}
	s := &State{objects: owned(items, release)}
	s.outdated = outdated(s.objects)
	for i := range items {
		e := &items[i]
		if e.Kind == "Event" && s.objects[e.InvolvedObject.UID] != nil && !e.last().Before(release.begin()) {
			s.events = append(s.events, e)
		}
	}
	slices.SortStableFunc(s.events, func(a, b *object) int { return a.last().Compare(b.last()) })
	for _, o := range s.objects {
		if p, found := s.problem(o, release); found {
			s.problems = append(s.problems, p)
		}
	}
	slices.SortFunc(s.problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), strings.Compare(a.object.name(), b.object.name()))
	})
	return s, nil
}

// Empty tells whether no object of the release was seen.
func (s *State) Empty() bool { return len(s.objects) == 0 }

// Cause is why pods are not ready, in one line; empty if the cluster does not tell.
func (s *State) Cause() string {
	if len(s.problems) == 0 || s.problems[0].rank%replaced == unclear {
		return ""
	}
	first := s.problems[0]
	cause := cut(oneLine(first.object.name()+": "+first.text), maxCause)
	alike := 0
	for _, p := range s.problems[1:] {
		if p.text == first.text {
			alike++
		}
	}
	if alike > 0 {
		cause += fmt.Sprintf(" (and %d more like it)", alike)
	}
	return cause
}

// Lasting tells whether more time would not make the pods ready: a container cannot run, or a pod
// cannot be created.
func (s *State) Lasting() bool { return len(s.problems) > 0 && s.problems[0].rank < notReady }

// Healthy tells whether all workloads of the release run as they should: as many pods as wanted, of
// the newest generation, and all ready. If not, why says it in one line. A release without
// workloads is healthy.
func (s *State) Healthy() (healthy bool, why string) {
	var lacks []string
	for _, o := range s.objects {
		if lack := o.shortfall(); lack != "" {
			lacks = append(lacks, cut(oneLine(o.name()+": "+lack), maxCause))
		}
	}
	if len(lacks) == 0 {
		return true, ""
	}
	return false, cmp.Or(s.Cause(), slices.Min(lacks))
}

// shortfall says what a workload has too few of, or "" if it has enough.
func (o *object) shortfall() string {
	wanted, ready, updated := 1, o.Status.ReadyReplicas, o.Status.UpdatedReplicas
	if o.Spec.Replicas != nil {
		wanted = *o.Spec.Replicas
	}
	switch o.Kind {
	case "Deployment", "StatefulSet":
	case "ReplicaSet", "ReplicationController":
		if o.owner() != "" { // it is judged by its deployment
			return ""
		}
		updated = wanted
	case "DaemonSet":
		wanted, ready, updated = o.Status.DesiredNumberScheduled, o.Status.NumberReady, o.Status.UpdatedNumberScheduled
	case "Job":
		if failed := o.condition("Failed"); failed.Status == "True" {
			return "failed: " + failed.Message
		}
		return ""
	case "Pod":
		if o.owner() == "" && o.Status.Phase != "Succeeded" && o.condition("Ready").Status != "True" {
			return "is not ready"
		}
		return ""
	default:
		return ""
	}
	update := o.Spec.UpdateStrategy
	switch {
	case int64(o.Status.ObservedGeneration) < o.Metadata.Generation:
		return "the cluster has not acted on its newest generation yet"
	case ready < wanted:
		return fmt.Sprintf("%d of %d pods are ready", ready, wanted)
	case updated < wanted-update.RollingUpdate.Partition && update.Type != "OnDelete":
		return fmt.Sprintf("%d of %d pods are of the newest generation", updated, wanted)
	case o.Kind == "Deployment" && o.Status.Replicas > updated: // the ready ones may be these
		return fmt.Sprintf("%d pods of an older generation still run", o.Status.Replicas-updated)
	}
	return ""
}
