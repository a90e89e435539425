package rollout

import (
	"regexp"
	"strings"
)

// problem is why an object is not as it should be.
type problem struct {
	rank   int
	object *object
	text   string // what is wrong with the object
	logs   []Log  // of its containers that are not ready
}

// The ranks of problems: a problem that explains others comes first. Those of replica sets that are
// being replaced come last.
const (
	failedHook = iota
	broken     // a container cannot run, or runs and dies
	noPod      // a pod is not created or finds no node
	notReady   // containers run, but are not ready
	// harmless is a job that is no hook, or a pod that is ready now and was not before: a rollout
	// may succeed all the same
	harmless
	unclear  // the cluster does not tell
	replaced = 10
)

func (s *State) problem(o *object, release Release) (p problem, found bool) {
	p.object = o
	switch o.Kind {
	case "Pod":
		p.rank, p.text, p.logs = s.pod(o, release)
		if o.Metadata.Annotations[hook] != "" && o.Status.Phase == "Failed" {
			p.rank = failedHook
		}
	case "Job":
		p.rank, p.text = s.failedJob(o)
	default:
		p.rank, p.text = s.creation(o)
	}
	if job := s.job(o); job != nil && job.Metadata.Annotations[hook] == "" {
		p.rank = max(p.rank, harmless)
	}
	if s.outdated[o] {
		p.rank += replaced
	}
	return p, p.text != ""
}

// pod finds what is wrong with a pod, and which of its containers' logs may tell more.
func (s *State) pod(o *object, release Release) (rank int, text string, logs []Log) {
	ready := o.condition("Ready")
	switch scheduled := o.condition("PodScheduled"); {
	case o.Metadata.DeletionTimestamp != nil, o.Status.Phase == "Succeeded", s.completed(o):
		return 0, "", nil
	case o.Status.Phase == "Failed" && o.Status.Reason != "": // Evicted, DeadlineExceeded, …
		return broken, o.Status.Reason + ": " + o.Status.Message, nil
	case scheduled.Status == "False":
		message, _, _ := strings.Cut(scheduled.Message, " preemption:")
		return noPod, "cannot be scheduled: " + message, nil
	}
	rank = unclear
	for _, c := range s.containers(o, release) {
		if c.rank < rank {
			rank, text = c.rank, c.text
		}
		if c.logged {
			log := Log{Pod: o.Metadata.Name, Container: c.name, Previous: c.previous, namespace: o.namespace(release)}
			logs = append(logs, log)
		}
	}
	if ready.Status == "True" || rank < unclear {
		return rank, text, logs
	}
	// no container says why: a volume, the network, a readiness gate
	if e := s.warning(o, ""); e != nil {
		return noPod, "cannot start: " + e.Reason + ": " + e.Message, logs
	}
	return unclear, strings.TrimSuffix("is not ready: "+ready.Message, ": "), logs
}

// job is the job that a pod belongs to, or the job that the object is; nil if there is none.
func (s *State) job(o *object) *object {
	if o.Kind == "Pod" {
		o = s.objects[o.owner()]
	}
	if o != nil && o.Kind == "Job" {
		return o
	}
	return nil
}

// failedJob tells that a job failed, which for a hook ends the rollout, and lets its last pod say
// why.
func (s *State) failedJob(o *object) (rank int, text string) {
	failed := o.condition("Failed")
	if failed.Status != "True" {
		if e := s.warning(o, ""); e != nil && e.Reason == "FailedCreate" {
			return noPod, "pods cannot be created: " + refusal(e.Message)
		}
		return 0, ""
	}
	rank, text = broken, "the job failed: "+failed.Message
	if o.Metadata.Annotations[hook] != "" {
		rank, text = failedHook, "the "+strings.ReplaceAll(o.Metadata.Annotations[hook], ",", " and ")+
			" hook failed: "+failed.Message
	}
	var last *object
	for _, pod := range s.objects {
		if pod.owner() == o.Metadata.UID &&
			(last == nil || pod.Metadata.CreationTimestamp.After(last.Metadata.CreationTimestamp)) {
			last = pod
		}
	}
	if last != nil {
		if _, why, _ := s.pod(last, Release{}); why != "" {
			text += ": " + why
		}
	}
	return rank, text
}

// completed tells whether a pod was an attempt of a job that has succeeded since.
func (s *State) completed(pod *object) bool {
	job := s.job(pod)
	return job != nil && job.condition("Complete").Status == "True"
}

// creation finds why a controller cannot make what it should make.
func (s *State) creation(o *object) (rank int, text string) {
	failure, progress := o.condition("ReplicaFailure"), o.condition("Progressing")
	switch e := s.warning(o, ""); {
	case o.Kind == "ReplicaSet" && failure.Status == "True":
		return noPod, "pods cannot be created: " + refusal(failure.Message)
	case o.Kind == "Deployment" && progress.Status == "False" && progress.Reason != "ProgressDeadlineExceeded":
		return noPod, progress.Reason + ": " + refusal(progress.Message)
	case (o.Kind == "StatefulSet" || o.Kind == "DaemonSet") && e != nil && e.Reason == "FailedCreate" &&
		o.shortfall() != "":
		return noPod, "pods cannot be created: " + refusal(e.Message)
	}
	return 0, ""
}

// warning is the newest warning of an object or, if a container is named, of that container; nil if
// there is none.
func (s *State) warning(o *object, container string) *object {
	for i := len(s.events) - 1; i >= 0; i-- {
		e := s.events[i]
		if e.InvolvedObject.UID == o.Metadata.UID && e.Type == "Warning" &&
			(container == "" || strings.HasSuffix(e.InvolvedObject.FieldPath, "ontainers{"+container+"}")) {
			return e
		}
	}
	return nil
}

// refusedPrefix are the words before the API server's reason for refusing a pod.
var refusedPrefix = regexp.MustCompile(
	`^(\(combined from similar events\): )?` +
		`(Error creating: |[Cc]reate Pod \S+ in StatefulSet \S+ failed error: )?` +
		`(pods "[^"]*" is forbidden: )?`,
)

func refusal(message string) string { return refusedPrefix.ReplaceAllString(message, "") }
