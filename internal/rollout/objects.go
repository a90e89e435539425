package rollout

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object holds what is read of an object of any kind, events too; each kind fills its own fields.
// The fields are those of https://kubernetes.io/docs/reference/kubernetes-api/.
type object struct {
	Kind     string
	Metadata struct {
		Name, Namespace   string
		UID               string
		Generation        int64
		CreationTimestamp time.Time
		DeletionTimestamp *time.Time
		Annotations       map[string]string
		Labels            map[string]string
		OwnerReferences   []struct{ UID string }
	}
	Spec struct {
		Replicas       *int
		Paused         bool
		Suspend        bool
		UpdateStrategy struct {
			Type          string
			RollingUpdate struct{ Partition int }
		}
		InitContainers, Containers []container
	}
	Status status

	// of an event
	InvolvedObject                struct{ Kind, Name, UID, FieldPath string }
	Type, Reason, Message         string
	Count                         int
	FirstTimestamp, LastTimestamp time.Time
	EventTime                     time.Time
	Series                        struct {
		Count            int
		LastObservedTime time.Time
	}
}

type container struct {
	Name, Image, RestartPolicy string
	Resources                  struct{ Limits map[string]any }
}

type status struct {
	Phase, Reason, Message                   string
	Conditions                               []condition
	InitContainerStatuses, ContainerStatuses []containerStatus

	ObservedGeneration                                          generation
	Replicas, ReadyReplicas, UpdatedReplicas                    int
	DesiredNumberScheduled, NumberReady, UpdatedNumberScheduled int

	LoadBalancer struct{ Ingress []struct{} }
}

type condition struct{ Type, Status, Reason, Message string }

type containerStatus struct {
	Name             string
	Ready            bool
	RestartCount     int
	State, LastState struct {
		Waiting    *struct{ Reason, Message string }
		Running    *struct{}
		Terminated *terminated
	}
}

type terminated struct {
	ExitCode        int
	Reason, Message string
	FinishedAt      time.Time
}

// Annotations that Helm and the controllers of deployments and jobs write.
const (
	releaseName      = "meta.helm.sh/release-name"
	releaseNamespace = "meta.helm.sh/release-namespace"
	hook             = "helm.sh/hook"
	jobName          = "job-name" // a label
	replicaSetNumber = "deployment.kubernetes.io/revision"
)

// of tells whether an object is one that the release made itself.
func (o *object) of(r Release) bool {
	if o.Metadata.Annotations[hook] != "" {
		return slices.Contains(r.Hooks, o.Metadata.Name) && !o.Metadata.CreationTimestamp.Before(r.begin())
	}
	if job := o.Metadata.Labels[jobName]; job != "" && slices.Contains(r.Hooks, job) { // which may be gone
		return !o.Metadata.CreationTimestamp.Before(r.begin())
	}
	namespace := o.Metadata.Annotations[releaseNamespace]
	return o.Metadata.Annotations[releaseName] == r.Name && (namespace == "" || namespace == r.Namespace)
}

// owned selects from all objects those of the release: what it made and, step by step, what those
// own.
func owned(all []object, r Release) map[string]*object {
	found := map[string]*object{}
	for range 3 { // a deployment owns replica sets, and they own pods
		for i := range all {
			o := &all[i]
			isOwned := slices.ContainsFunc(o.Metadata.OwnerReferences,
				func(owner struct{ UID string }) bool { return found[owner.UID] != nil })
			if o.Metadata.UID != "" && (isOwned || o.of(r)) {
				found[o.Metadata.UID] = o
			}
		}
	}
	return found
}

// outdated are the replica sets that a newer one of the same deployment replaces, and their pods.
func outdated(objects map[string]*object) map[*object]bool {
	newest := map[string]int{} // by the deployment's UID
	for _, o := range objects {
		if owner := o.owner(); o.Kind == "ReplicaSet" && owner != "" {
			newest[owner] = max(newest[owner], o.number())
		}
	}
	old := map[*object]bool{}
	for _, o := range objects {
		set := o
		if o.Kind == "Pod" {
			set = objects[o.owner()]
		}
		if set != nil && set.Kind == "ReplicaSet" && set.number() < newest[set.owner()] {
			old[o] = true
		}
	}
	return old
}

func (o *object) number() int {
	number, _ := strconv.Atoi(o.Metadata.Annotations[replicaSetNumber])
	return number
}

func (o *object) owner() string {
	if len(o.Metadata.OwnerReferences) == 0 {
		return ""
	}
	return o.Metadata.OwnerReferences[0].UID
}

// namespace is where an object is.
func (o *object) namespace(r Release) string { return cmp.Or(o.Metadata.Namespace, r.Namespace) }

// name is how people call an object: its kind and its name.
func (o *object) name() string { return strings.ToLower(o.Kind) + " " + o.Metadata.Name }

func (o *object) condition(kind string) condition {
	for _, c := range o.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return condition{}
}

// last is when an event was seen last.
func (o *object) last() time.Time {
	at := o.Metadata.CreationTimestamp
	for _, t := range []time.Time{o.FirstTimestamp, o.EventTime, o.LastTimestamp, o.Series.LastObservedTime} {
		if t.After(at) {
			at = t
		}
	}
	return at
}

// times is how often an event was seen.
func (o *object) times() int { return max(1, o.Count, o.Series.Count) }

// redact removes secrets from all that programs said in their own words.
func (o *object) redact(redact func(string) string) {
	o.Message, o.Status.Message = redact(o.Message), redact(o.Status.Message)
	o.Reason, o.Status.Reason = redact(o.Reason), redact(o.Status.Reason)
	for i := range o.Status.Conditions {
		c := &o.Status.Conditions[i]
		c.Message, c.Reason = redact(c.Message), redact(c.Reason)
	}
	for _, containers := range [][]containerStatus{o.Status.InitContainerStatuses, o.Status.ContainerStatuses} {
		for i := range containers {
			c := &containers[i]
			if c.State.Waiting != nil {
				w := c.State.Waiting
				w.Message, w.Reason = redact(w.Message), redact(w.Reason)
			}
			for _, t := range []*terminated{c.State.Terminated, c.LastState.Terminated} {
				if t != nil {
					t.Message, t.Reason = redact(t.Message), redact(t.Reason)
				}
			}
		}
	}
}
