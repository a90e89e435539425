package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"dagger/ship/internal/foreign"
)

// Style is what reports are drawn with.
type Style struct {
	branch, last string // before a line with others after it on its level, and before the last one
	beside, none string // before the lines below those
	marks        map[State]string
}

// The styles: ASCII for logs, Unicode for terminals.
var (
	ASCII   = Style{"|- ", "`- ", "|  ", "   ", map[State]string{Done: "+", Skipped: "=", Failed: "x", Planned: ">"}}
	Unicode = Style{"├─ ", "└─ ", "│  ", "   ", map[State]string{Done: "✔", Skipped: "=", Failed: "✘", Planned: "›"}}
)

// node is a line of a tree, and what is below it.
type node struct {
	text  string
	below []node
}

func (s Style) draw(text *strings.Builder, nodes []node, indent string) {
	for i, n := range nodes {
		branch, beside := s.branch, s.beside
		if i == len(nodes)-1 {
			branch, beside = s.last, s.none
		}
		text.WriteString(indent + branch + n.text + "\n")
		s.draw(text, n.below, indent+beside)
	}
}

// Text draws the report of one project as a tree of its steps, and the reports of several as a tree
// of projects. A project's steps are below it if something was done for it.
func (s Style) Text(reports ...Report) string {
	var text strings.Builder
	if len(reports) == 1 {
		if heading := reports[0].heading(); heading != "" {
			text.WriteString(foreign.Joined(heading) + "\n")
		}
		s.draw(&text, s.steps(reports[0]), "")
		return text.String()
	}
	var projects []node
	count := map[string]int{}
	width := 0
	for _, r := range reports {
		width = max(width, len(r.Project))
	}
	for _, r := range reports {
		state, words := r.summary()
		count[words]++
		if r.Cause != "" {
			words, _, _ = strings.Cut(r.Cause, "\n")
		}
		project := node{text: Step{Name: r.Project, State: state, Text: words}.line(s, width)}
		if state != Skipped {
			project.below = s.steps(r)
		}
		projects = append(projects, project)
	}
	var counts []string
	for _, words := range []string{string(Released), string(Resumed), toRelease, string(Superseded), string(Nothing),
		string(Failed)} {
		if count[words] > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", count[words], words))
		}
	}
	fmt.Fprintf(&text, "%d projects: %s\n", len(reports), strings.Join(counts, ", "))
	s.draw(&text, projects, "")
	return text.String()
}

func (s Style) steps(r Report) (lines []node) {
	first := "" // of the performed steps that go together
	for _, step := range r.Steps {
		if !step.Beside {
			first = ""
		}
		if step.State != Skipped {
			step.with, first = first, cmp.Or(first, step.Name)
		}
		lines = append(lines, node{text: step.line(s, stepWidth)})
	}
	return lines
}

// heading names the project and its commit, and says how the release ended and how long it took.
func (r Report) heading() string {
	heading := r.Project
	if heading == "" {
		return ""
	}
	if r.Commit != "" {
		heading += fmt.Sprintf(" at %.7s", r.Commit)
	}
	if r.Outcome != "" {
		heading += fmt.Sprintf(": %s%s", r.Outcome, brackets(r.took(), ""))
	}
	return heading
}

// took is how long all steps took. If steps went together, the longest counts.
func (r Report) took() (all time.Duration) {
	var longest time.Duration
	for _, step := range r.Steps {
		if !step.Beside {
			all, longest = all+longest, 0
		}
		longest = max(longest, step.Took)
	}
	return all + longest
}

// toRelease is a plan's word for a project whose release would do something.
const toRelease = "to be released"

// summary is a report in a state and few words.
func (r Report) summary() (State, string) {
	planned := slices.ContainsFunc(r.Steps, func(s Step) bool { return s.State == Planned })
	switch {
	case r.Cause != "":
		return Failed, string(Failed)
	case planned:
		return Planned, toRelease
	case r.Outcome == "" || r.Outcome == Nothing:
		return Skipped, string(Nothing)
	case r.Outcome == Superseded:
		return Skipped, string(Superseded)
	}
	return Done, string(r.Outcome)
}
