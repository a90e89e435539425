// Package report writes down what a release did: steps and their outcomes in, text out.
package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Outcome says in a word how a release ended.
type Outcome string

// The outcomes that are no errors.
const (
	Released   Outcome = "released"
	Resumed    Outcome = "resumed"       // an earlier release had done a part of it
	Nothing    Outcome = "nothing to do" // the world agreed with the manifest already
	Superseded Outcome = "superseded"    // another pipeline claimed the version first
	RolledBack Outcome = "rolled back"   // an environment runs an earlier version again
)

// State says what became of a step.
type State string

// The states of a step.
const (
	Done    State = "done"
	Skipped State = "skipped" // Text says why
	Failed  State = "failed"
	Planned State = "planned" // a plan's step that a release would take
)

// Step is one line of a report.
type Step struct {
	Name  string
	State State
	Text  string
	Took  time.Duration
}

// Report is what a release did.
type Report struct {
	Project string // name and version; empty until they are known
	Commit  string
	Outcome Outcome // empty while running, and after a failure
	Cause   string  // what failed; empty: nothing did
	Steps   []Step
}

var marks = map[State]string{Done: "+", Skipped: "=", Failed: "x", Planned: ">"}

// Line is the step as it stands in a report: a mark for its state, its name, what it did and for how long.
func (s Step) Line() string { return s.line(18) }

func (s Step) line(width int) string {
	line := fmt.Sprintf("  %s %-*s %s", marks[s.State], width, s.Name, s.Text)
	if s.Took >= 100*time.Millisecond {
		line += fmt.Sprintf(" (%s)", s.Took.Round(100*time.Millisecond))
	}
	return strings.TrimRight(line, " ")
}

// tailLines is how much of a program's output an error repeats: what went wrong stands at its end.
const tailLines = 40

// Tail returns the last lines of what a program printed.
func Tail(printed string) string {
	lines := strings.SplitAfter(printed, "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "")
}

// Text is the report for a job's log: a heading, then a line for each step.
func (r Report) Text() string {
	var text strings.Builder
	if r.Project != "" {
		text.WriteString(r.Project)
		if r.Commit != "" {
			fmt.Fprintf(&text, " at %.7s", r.Commit)
		}
		if r.Outcome != "" {
			fmt.Fprintf(&text, ": %s", r.Outcome)
		}
		text.WriteString("\n")
	}
	for _, step := range r.Steps {
		text.WriteString(step.Line() + "\n")
	}
	return text.String()
}

// Text is what came of several projects: a line for each, then the reports of those that something was to be done for. Of one
// project it is the report. What failed stands in its line only.
func Text(reports []Report) string {
	if len(reports) == 1 {
		return reports[0].Text()
	}
	var lines, details strings.Builder
	count := map[string]int{}
	width := 0
	for _, r := range reports {
		width = max(width, len(r.Project))
	}
	for _, r := range reports {
		state, text := r.summary()
		count[text]++
		line := Step{Name: r.Project, State: state, Text: text}
		if r.Cause != "" {
			line.Text, _, _ = strings.Cut(r.Cause, "\n")
		}
		lines.WriteString(line.line(width) + "\n")
		if state == Done || state == Planned {
			details.WriteString("\n" + r.Text())
		}
	}
	var counts []string
	for _, text := range []string{string(Released), string(Resumed), "to be released", string(Superseded), string(Nothing), string(Failed)} {
		if count[text] > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", count[text], text))
		}
	}
	return fmt.Sprintf("%d projects: %s\n", len(reports), strings.Join(counts, ", ")) + lines.String() + details.String()
}

// summary is a report in a state and few words.
func (r Report) summary() (State, string) {
	planned := slices.ContainsFunc(r.Steps, func(s Step) bool { return s.State == Planned })
	switch {
	case r.Cause != "":
		return Failed, string(Failed)
	case planned:
		return Planned, "to be released"
	case r.Outcome == "" || r.Outcome == Nothing:
		return Skipped, string(Nothing)
	case r.Outcome == Superseded:
		return Skipped, string(Superseded)
	}
	return Done, string(r.Outcome)
}
