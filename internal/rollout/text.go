package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A failed rollout of fifty pods must not flood a job's log: how many of each are shown, and how
// many characters.
const (
	maxPods   = 10
	maxEvents = 20
	maxLogs   = 5
	logLines  = 20
	maxLine   = 400
	maxCause  = 600
)

// Log is what a container printed last.
type Log struct {
	Pod, Container string
	Previous       bool   // by the run before the present one
	Text           string // the answer to Args, or why there is none

	namespace string
}

// Args asks kubectl for the log's last lines.
func (l Log) Args() []string {
	args := []string{"kubectl", "--namespace", l.namespace, "logs", l.Pod,
		"--container", l.Container, "--tail", fmt.Sprint(logLines)}
	if l.Previous {
		args = append(args, "--previous")
	}
	return args
}

// Logs are the logs that may tell why pods are not ready, still without text: at most five, the
// most useful first.
func (s *State) Logs() (logs []Log) {
	for _, p := range s.problems {
		logs = append(logs, p.logs...)
	}
	return logs[:min(len(logs), maxLogs)]
}

// Text shows what a person looks at first: the pods that are not ready, the warnings about them,
// and the given logs. It is empty if there is nothing to show, and says what it leaves out.
func (s *State) Text(logs []Log) string {
	var parts []string
	add := func(heading string, lines []string) {
		if len(lines) > 0 {
			parts = append(parts, heading+":\n  "+strings.Join(lines, "\n  "))
		}
	}
	add("pods", s.pods())
	add("events", s.warnings())
	for _, l := range logs {
		heading := oneLine("the last lines of " + l.Container + " in pod " + l.Pod)
		if l.Previous {
			heading += ", before it was restarted"
		}
		var lines []string
		for line := range strings.Lines(strings.TrimSpace(l.Text)) {
			lines = append(lines, cut(strings.TrimRight(line, "\r\n"), maxLine))
		}
		if len(lines) == 0 {
			lines = []string{"(none)"}
		}
		add(heading, lines)
	}
	all := 0
	for _, p := range s.problems {
		all += len(p.logs)
	}
	if more := all - len(logs); more > 0 {
		parts = append(parts, fmt.Sprintf("the logs of %d more containers are left out", more))
	}
	return strings.Join(parts, "\n\n")
}

// pods has a line for each pod that is not ready.
func (s *State) pods() (lines []string) {
	more := 0
	for _, p := range s.problems {
		switch {
		case p.object.Kind != "Pod":
		case len(lines) == maxPods:
			more++
		default:
			lines = append(lines, cut(oneLine(p.object.line()), maxLine))
		}
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return lines
}

// line is a pod's name, state, restarts and images.
func (o *object) line() string {
	state, restarts := o.Status.Phase, 0
	for _, c := range append(slices.Clone(o.Status.InitContainerStatuses), o.Status.ContainerStatuses...) {
		restarts += c.RestartCount
		reason := ""
		switch {
		case c.State.Waiting != nil:
			reason = c.State.Waiting.Reason
		case c.State.Terminated != nil && c.State.Terminated.ExitCode != 0:
			reason = c.State.Terminated.Reason
		case c.State.Running != nil && !c.Ready && state == "Running":
			reason = "not ready"
		}
		// the first container with a reason: those after it wait for it
		if reason != "" && (state == o.Status.Phase || state == "not ready") {
			state = reason
		}
	}
	var images []string
	for _, c := range append(slices.Clone(o.Spec.InitContainers), o.Spec.Containers...) {
		if !slices.Contains(images, c.Image) {
			images = append(images, c.Image)
		}
	}
	if restarts > 0 {
		state += fmt.Sprintf(", restarts: %d", restarts)
	}
	return fmt.Sprintf("%s: %s, image: %s", o.Metadata.Name, state, strings.Join(images, " and "))
}

// warnings has a line for each different warning, the newest at the end. Pods that are ready by now
// are left out.
func (s *State) warnings() (lines []string) {
	unready := map[string]bool{}
	for _, p := range s.problems {
		unready[p.object.Metadata.UID] = true
	}
	times, newest := map[string]int{}, []string(nil)
	at := map[string]time.Time{}
	for _, e := range s.events {
		if e.Type != "Warning" || e.InvolvedObject.Kind == "Pod" && !unready[e.InvolvedObject.UID] {
			continue
		}
		what := oneLine(fmt.Sprintf("%s %s: %s: %s", strings.ToLower(e.InvolvedObject.Kind), e.InvolvedObject.Name,
			e.Reason, eventMessage(e.Message)))
		times[what], at[what] = times[what]+e.times(), e.last()
		newest = append(slices.DeleteFunc(newest, func(other string) bool { return other == what }), what)
	}
	if more := len(newest) - maxEvents; more > 0 {
		lines, newest = append(lines, fmt.Sprintf("(%d earlier ones are left out)", more)), newest[more:]
	}
	for _, what := range newest {
		line := at[what].UTC().Format(time.TimeOnly) + " " + cut(what, maxLine)
		if times[what] > 1 {
			line += fmt.Sprintf(" (%d times)", times[what])
		}
		lines = append(lines, line)
	}
	return lines
}

// oneLine joins the lines of what a program said.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// cut shortens text to so many characters.
func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
