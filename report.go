package main

import (
	"context"
)

// Report is what a release did.
type Report struct {
	// The project's name
	Name string
	// Its version
	Version string
	// The commit that the version is tagged at and built from
	Commit string
	// The tag's name on the git remote
	Tag string
	// The image, as HOST/PATH:VERSION@sha256:…
	Image string
	// How it ended: released, resumed (an earlier call had done a part), nothing to do, or superseded (another pipeline
	// claimed the version first)
	Outcome string
	// What was done, in order
	Steps []Step
	// The whole as text, as Release returns it
	Text string
}

// Step is one step of a release.
type Step struct {
	// read, look, check, build, tag, publish, latest, or deploy and the environment's name
	Name string
	// done, or skipped because it was not needed
	State string
	// What was done, or why it was not
	Text string
	// How long it took, in milliseconds
	Milliseconds int
}

// Report releases as Release does, and returns the report of the one project as an object.
// +cache="session"
func (s *Ship) Report(ctx context.Context) (*Report, error) {
	r, err := s.one(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.repo.run(ctx); err != nil {
		return nil, err
	}
	return r.object(), nil
}

// Reports releases as Release does, and returns a report for each project that ship.toml lists, in its order.
// +cache="session"
func (s *Ship) Reports(ctx context.Context) ([]*Report, error) {
	all, err := s.release(ctx)
	if err != nil {
		return nil, err
	}
	var reports []*Report
	for _, r := range all.releases {
		reports = append(reports, r.object())
	}
	return reports, nil
}

func (r *release) object() *Report {
	report := &Report{
		Name: r.project.Name, Version: r.project.Version.Text, Commit: r.plan.Commit,
		Tag: r.facts.Tag, Image: r.reference(), Outcome: string(r.outcome()), Text: style.Text(r.report),
	}
	for _, s := range r.report.Steps {
		report.Steps = append(report.Steps, Step{s.Name, string(s.State), s.Text, int(s.Took.Milliseconds())})
	}
	return report
}
