// Package release is the story of one project's release: its steps in order, one file for each.
package release

import (
	"context"
	"fmt"
	"os"
	"time"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/report"
	"dagger/ship/internal/settings"
	"dagger/ship/internal/tools"
)

// Release is one project's: what its settings are, what was read and seen, what is to be done about
// it, and what was done.
type Release struct {
	*Common
	settings.Settings

	run    *flow.Run
	read   Read
	logins givenLogins
	facts  converge.Facts
	plan   converge.Plan
	made   made

	listed    []settings.Environment // all that the settings have
	snapshots bool                   // an environment takes any commit
	version   *Release               // that this one is the snapshot of; nil: it is none
	snapshot  *Release               // the source's commit, for those environments; nil if it has a version

	preview bool // the one environment is a preview, whatever version the commit has

	byName bool // the one environment was asked for by name, so what it was rolled back from does not matter
}

// made is what the steps of this call made, for the steps after them.
type made struct {
	images []madeImage // in the order of those that were read
	rival  bool        // another release of the same commit pushed the tag at the same time
}

// New is a project's release, of which nothing has been read yet.
func New(c *Common, s settings.Settings) *Release {
	r := &Release{Common: c, Settings: s, listed: s.Flat(), snapshots: s.Snapshots()}
	r.run = &flow.Run{
		Plan:    c.Plan,
		Report:  report.Report{Project: s.Key},
		Style:   c.Style,
		Explain: r.explain,
		Line:    c.Redactor.Line,
		Text:    c.Redactor.Text,
		Log:     r.log,
		Wait: func(step, what string, since time.Duration) {
			r.say(fmt.Sprintf("%-18s waiting for %s (%s)", step, what, since.Round(time.Second)))
		},
		Span: func(ctx context.Context, name string) (context.Context, func(string)) {
			if s.Key != "" {
				name = s.Key + ": " + name
			}
			return span(ctx, name)
		},
	}
	return r
}

// log writes down a step that has ended. Of one project among several, the log has what was done
// and what failed: the rest is in the report.
func (r *Release) log(done report.Step) {
	if !r.Several {
		fmt.Fprintln(os.Stderr, done.Line())
	} else if done.State == report.Failed || done.State == report.Done && !done.Looks {
		fmt.Fprintf(os.Stderr, "  %s:%s\n", r.Key, done.Line())
	}
}

// say tells whoever waits what is being waited for.
func (r *Release) say(text string) {
	if r.Several {
		text = r.Key + ": " + text
	}
	r.Say(text)
}

// tools are the call's, that name this project when they tell what is tried again.
func (r *Release) tools() *tools.Tools { return r.Tools.Saying(r.say) }

// Perform performs what the plan says: only what is missing.
func (r *Release) Perform(ctx context.Context) error { return r.run.Perform(ctx, r.groups(r.plan)...) }

// groups are the steps of a release after its look, in order. Nothing has been touched before those
// of the first group have passed.
func (r *Release) groups(plan converge.Plan) []flow.Group {
	var groups []flow.Group
	if r.facts.None == "" || r.snapshot == nil {
		groups = r.versionGroups(plan)
	}
	if s := r.snapshot; s != nil {
		groups = append(
			groups,
			append(flow.Group{s.checkStep(s.plan)}, s.buildSteps(s.plan)...),
			s.publishSteps(s.plan),
			s.cacheSteps(s.plan),
		)
	}
	return append(groups, r.deployGroups()...)
}

func (r *Release) versionGroups(plan converge.Plan) []flow.Group {
	groups := []flow.Group{
		append(flow.Group{r.checkStep(plan)}, r.buildSteps(plan)...),
		{r.tagStep(plan)},
		r.publishSteps(plan),
		r.besideImages(plan),
	}
	// before the deploys, which may fail or take long: it says what is being deployed, and they do without it
	if r.GitLab != "" {
		groups = append(groups, flow.Group{r.notesStep(plan)})
	}
	return groups
}

// step is a step that a part of a plan decides on.
func step(name, waits string, part converge.Step, do func(context.Context) (string, error)) flow.Step {
	return flow.Step{Name: name, Waits: waits, Needed: part.Needed, Why: part.Why, Do: do}
}

// looks is a step that changes nothing.
func looks(name, waits string, do func(context.Context) (string, error)) flow.Step {
	return flow.Step{Name: name, Waits: waits, Looks: true, Do: do}
}

// Result is what a release did.
type Result struct {
	Name, Version string
	Commit        string // that the version is tagged at and built from
	Tag           string
	Images        []report.Image
	Outcome       report.Outcome
	Report        report.Report
}

// Result is what the release did.
func (r *Release) Result() Result {
	s := r.released()
	var images []report.Image
	for i, now := range s.now().Images {
		image := report.Image{Name: now.Name}
		if now.Digest != "" {
			image.Reference = s.images()[i].String()
		}
		images = append(images, image)
	}
	return Result{
		Name: s.read.Project.Name, Version: s.facts.Name, Commit: s.commit(),
		Tag: s.facts.Tag, Images: images, Outcome: r.run.Report.Outcome, Report: r.run.Report,
	}
}

// commit is the one that the version is tagged at: somebody else may have claimed it at another one
// than was planned.
func (r *Release) commit() string {
	if r.run.Report.Outcome == report.Superseded {
		return r.run.Report.Commit
	}
	return r.plan.Commit
}

// Report is the release's report as it is now.
func (r *Release) Report() report.Report { return r.run.Report }

// Missing tells whether there is anything to do, once the release has looked.
func (r *Release) Missing() bool {
	return r.plan.Anything().Needed || r.snapshot != nil && r.snapshot.plan.Anything().Needed
}

// End writes the outcome of a release that did not fail into its report.
func (r *Release) End() {
	if r.run.Report.Outcome != "" {
		return
	}
	r.run.Report.Outcome = outcome(r.plan)
	if r.snapshot != nil && r.run.Report.Outcome == report.Nothing {
		r.run.Report.Outcome = outcome(r.snapshot.plan)
	}
}

// outcome is what a release is called that did what its plan said.
func outcome(plan converge.Plan) report.Outcome {
	switch {
	case !plan.Anything().Needed:
		return report.Nothing
	case plan.Publishes() && (plan.Tag.Needed || plan.Snapshot):
		return report.Released
	}
	return report.Resumed
}

// Fail ends a release that was not begun, and says why.
func (r *Release) Fail(cause string) error {
	r.run.Report.Cause = cause
	return r.run.Failure()
}
