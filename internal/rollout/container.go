package rollout

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// finding is what to say of a container that is not ready, or was not.
type finding struct {
	name     string
	rank     int
	text     string
	logged   bool // it has run, so it may have printed something
	previous bool // the run before printed what explains it
}

// containers are a pod's containers that there is something to say of.
func (s *State) containers(pod *object, release Release) (findings []finding) {
	for i, statuses := range [][]containerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		specs, word := pod.Spec.InitContainers, "init container "
		if i == 1 {
			specs, word = pod.Spec.Containers, "container "
		}
		for _, c := range statuses {
			spec := container{Name: c.Name}
			if at := slices.IndexFunc(specs, func(spec container) bool { return spec.Name == c.Name }); at >= 0 {
				spec = specs[at]
			}
			f := s.container(pod, c, spec, i == 0 || s.job(pod) != nil || pod.Metadata.Annotations[hook] != "", release)
			if f.name = c.Name; f.text != "" {
				f.text = word + c.Name + " " + f.text
				findings = append(findings, f)
			}
		}
	}
	return findings
}

// unpullable are the reasons for which an image does not get to the node.
var unpullable = []string{
	"ErrImagePull",
	"ImagePullBackOff",
	"InvalidImageName",
	"ErrImageNeverPull",
	"ImageInspectError",
	"RegistryUnavailable",
}

// container finds what to say of one container. Ends says that it should end, not serve.
func (s *State) container(pod *object, c containerStatus, spec container, ends bool, release Release) finding {
	waiting, ended, before := c.State.Waiting, c.State.Terminated, c.LastState.Terminated
	switch {
	case waiting != nil && slices.Contains(unpullable, waiting.Reason):
		return finding{
			rank: broken,
			text: "needs the image " + spec.Image + ", which cannot be pulled: " +
				pullError(waiting.Message, spec.Image),
		}
	case ended != nil && (ended.ExitCode != 0 || !ends):
		return s.end(pod, c, spec, ended)
	case before != nil && !c.Ready && (waiting != nil || c.RestartCount > 1):
		f := s.end(pod, c, spec, before)
		f.previous = true
		return f
	case waiting != nil && waiting.Message != "": // CreateContainerConfigError, CreateContainerError, …
		return finding{rank: broken, text: "cannot be started: " + startError(waiting.Message)}
	case ends && c.State.Running != nil && spec.RestartPolicy != "Always":
		return finding{rank: notReady, text: "has not ended yet", logged: true}
	case c.State.Running != nil && !c.Ready:
		return finding{rank: notReady, text: "is not ready" + s.probe(pod, c.Name), logged: true}
	case c.Ready && before != nil && !ends && !release.Since.IsZero() && before.FinishedAt.After(release.begin()):
		f := s.end(pod, c, spec, before)
		f.rank, f.previous = harmless, true
		return f
	}
	return finding{}
}

// end says how a run of a container ended.
func (s *State) end(pod *object, c containerStatus, spec container, t *terminated) finding {
	f := finding{rank: broken, logged: true}
	restarts := fmt.Sprintf(" (restarts: %d)", c.RestartCount)
	word := "crashes again and again"
	switch {
	case c.RestartCount == 0:
		word, restarts = "ended", ""
	case c.RestartCount == 1:
		word = "crashed"
	}
	limit, _ := spec.Resources.Limits["memory"].(string)
	switch killer := s.killedBy(pod, c.Name); {
	case t.Reason == "StartError" || t.Reason == "ContainerCannotRun":
		f.text, f.logged = "cannot be started: "+startError(t.Message), false
	case t.Reason == "OOMKilled":
		f.text = "is killed for using more memory than its limit of " + cmp.Or(limit, "its node") + " (OOMKilled)" +
			restarts
	case killer != "":
		f.text = "is killed again and again: " + killer + restarts
	default:
		f.text = fmt.Sprintf("%s: exit code %d%s", word, t.ExitCode, restarts)
		if t.Message != "" { // what the program wrote to its termination log
			f.text += ": " + t.Message
		}
	}
	return f
}

// probeFailure is how kubelet words a warning about a probe.
var probeFailure = regexp.MustCompile(`(?s)^(Readiness|Liveness|Startup) probe (failed|errored[^:]*|warning): (.*)`)

// probe says in which words a container's readiness or startup probe failed last.
func (s *State) probe(pod *object, container string) string {
	for _, e := range slices.Backward(s.events) {
		found := probeFailure.FindStringSubmatch(e.Message)
		if e.InvolvedObject.UID == pod.Metadata.UID &&
			strings.HasSuffix(e.InvolvedObject.FieldPath, "{"+container+"}") &&
			found != nil &&
			found[1] != "Liveness" {
			return ": " + strings.ToLower(found[1]) + " probe fails: " + strings.TrimSpace(found[3])
		}
	}
	return ""
}

// killedBy says which probe made kubelet kill a container; empty if none did.
func (s *State) killedBy(pod *object, container string) string {
	for _, kind := range []string{"Liveness", "Startup"} {
		killed, words := false, ""
		for _, e := range s.events {
			if e.InvolvedObject.UID != pod.Metadata.UID ||
				!strings.HasSuffix(e.InvolvedObject.FieldPath, "{"+container+"}") {
				continue
			}
			killed = killed ||
				e.Reason == "Killing" && strings.Contains(e.Message, "failed "+strings.ToLower(kind)+" probe")
			if found := probeFailure.FindStringSubmatch(e.Message); found != nil && found[1] == kind {
				words = strings.TrimSpace(found[3])
			}
		}
		if killed {
			return strings.TrimSuffix(strings.ToLower(kind)+" probe fails: "+words, ": ")
		}
	}
	return ""
}

// Words before what went wrong, which each program adds when it passes an error on.
var (
	pulling = regexp.MustCompile(
		`^(Back-off pulling image "[^"]*":? ?|ErrImagePull: |rpc error: code = \w+ desc = |` +
			`failed to pull and unpack image "[^"]*": |failed to resolve (image|reference "[^"]*"): )`,
	)
	starting = regexp.MustCompile(
		`^(failed to (create|start) containerd task: |failed to create shim task: |` +
			`OCI runtime (create|start) failed: |runc (create|run) failed: |` +
			`unable to start container process: |failed to generate container "[^"]*" spec: )`,
	)
)

func pullError(message, image string) string {
	message = strip(pulling, message)
	// the rest often begins with the image again, written out
	if at := strings.LastIndex(message, "@sha256:"); at >= 0 && strings.Contains(image, "@sha256:") &&
		!strings.Contains(message[:at], ": ") {
		if _, after, found := strings.Cut(message[at+1:], ": "); found {
			return after
		}
	}
	return cmp.Or(strings.TrimPrefix(message, image+": "), "it says no more")
}

// unpulled is how kubelet warns of an image.
var unpulled = regexp.MustCompile(`^(Failed to pull image "([^"]*)": )(.*)$`)

// eventMessage is an event's message without the words that each program on its way put before it.
func eventMessage(message string) string {
	if found := unpulled.FindStringSubmatch(message); found != nil {
		return found[1] + pullError(found[3], found[2])
	}
	return refusal(message)
}

func startError(message string) string { return strip(starting, message) }

func strip(before *regexp.Regexp, message string) string {
	for found := before.FindString(message); found != ""; found = before.FindString(message) {
		message = message[len(found):]
	}
	return message
}
