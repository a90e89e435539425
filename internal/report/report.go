// Package report writes down what a release did: steps and their outcomes in, a tree of text out.
package report

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"dagger/ship/internal/foreign"
)

// Outcome says in a word how a release ended.
type Outcome string

// The outcomes that are no errors.
const (
	Released   Outcome = "released"
	Resumed    Outcome = "resumed"       // an earlier release had done a part of it
	Nothing    Outcome = "nothing to do" // everything agreed with the manifest already
	Superseded Outcome = "superseded"    // another pipeline claimed the version first
	RolledBack Outcome = "rolled back"   // an environment runs an earlier version again
	Swept      Outcome = "swept"         // what nobody needs any more was removed
	Removed    Outcome = "removed"       // a preview is gone
)

// State says what became of a step.
type State string

// The states of a step.
const (
	Done    State = "done"
	Skipped State = "skipped" // Text says why
	Failed  State = "failed"
	Planned State = "planned" // a plan's step that a release would perform
)

// Step is one line of a report.
type Step struct {
	Name  string
	State State
	Text  string
	Took  time.Duration

	Looks  bool   // it changes nothing, so a log of several projects leaves it out
	Beside bool   // it was performed at the same time as the one before it
	with   string // the first of the steps that went together, if the report says so
}

// Report is what a release did.
type Report struct {
	Project string // name and version; empty until they are known
	Commit  string
	Outcome Outcome // empty while running, and after a failure
	Cause   string  // what failed; empty: nothing did
	Steps   []Step
}

// stepWidth is how wide the column with a step's name is.
const stepWidth = 18

// Line is the step as the log has it when it ends: a mark for its state, its name, what it did and
// for how long.
func (s Step) Line() string { return "  " + s.line(ASCII, stepWidth) }

func (s Step) line(style Style, width int) string {
	line := fmt.Sprintf("%s %-*s %s", style.marks[s.State], width, foreign.Joined(s.Name), foreign.Joined(s.Text))
	return strings.TrimRight(line, " ") + brackets(s.Took, s.with)
}

// brackets hold how long something took, if that was long, and what it went together with. They are
// empty if there is neither.
func brackets(took time.Duration, with string) string {
	var words []string
	if took >= 100*time.Millisecond {
		words = append(words, took.Round(100*time.Millisecond).String())
	}
	if with != "" {
		words = append(words, "together with "+with)
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}

// tailLines is how much of a program's output an error repeats: what went wrong is at its end.
const tailLines = 40

// omitted is what an engine writes over the beginning of output that it cut.
var omitted = regexp.MustCompile(`^\[omitting \d+ bytes\]\.\.\.`)

// Tail returns the last lines of what a program printed. If an engine cut the output, the first
// line is left out: it may begin with half a secret, which nothing would recognize.
func Tail(printed string) string {
	if omitted.MatchString(printed) {
		_, printed, _ = strings.Cut(printed, "\n")
	}
	lines := strings.SplitAfter(printed, "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "")
}
