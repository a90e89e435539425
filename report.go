package main

import (
	"context"
	"strings"

	"dagger/ship/internal/release"
	"dagger/ship/internal/report"
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
	// The image, as HOST/PATH:VERSION@sha256:…, of several images a line each
	Image string
	// How it ended: released, resumed, nothing to do, or superseded. resumed: an earlier call had
	// done a part. superseded: another pipeline claimed the version first
	Outcome string
	// What was done, in order
	Steps []Step
	// The whole as text, as release returns it
	Text string
	// VERSION, TAG, IMAGE and DIGEST as lines KEY=VALUE, for the jobs that follow. GitLab takes
	// `dagger call report dotenv > ship.env` as artifacts:reports:dotenv. IMAGE and DIGEST are
	// empty if the outcome is superseded. Several images are IMAGE_WEB, DIGEST_WEB and so on
	Dotenv string
}

// Step is one step of a release.
type Step struct {
	// read, look, check, build, tag, publish, latest, notes, or deploy and the environment's name, or
	// tell and that, if GitLab is told of it; build snapshot and so on, if a commit is deployed beside
	// a version
	Name string
	// done, or skipped because it was not needed
	State string
	// What was done, or why it was not
	Text string
	// How long it took, in milliseconds
	Milliseconds int
}

// Report on a release as an object: do what release does for one project, and return what came of
// it field by field.
// +cache="session"
func (s *Ship) Report(ctx context.Context) (*Report, error) {
	all, err := s.open(ctx, false)
	if err != nil {
		return nil, err
	}
	r, err := all.One()
	if err != nil {
		return nil, err
	}
	if err := all.Run(ctx); err != nil {
		return nil, err
	}
	return object(r, ""), nil
}

// Reports on a release of all projects that ship.toml lists: one report for each, in its order.
//
// On the command line, name a field, as in dagger call reports version: its values are printed, one
// for each project. What their dotenv hands on is named after the projects: API_VERSION for the one
// that is called api there.
// +cache="session"
func (s *Ship) Reports(ctx context.Context) ([]*Report, error) {
	all, err := s.open(ctx, false)
	if err != nil {
		return nil, err
	}
	if err := all.Run(ctx); err != nil {
		return nil, err
	}
	var reports []*Report
	for _, r := range all.Releases() {
		reports = append(reports, object(r, r.Key))
	}
	return reports, nil
}

// object is the report of a release. What its dotenv hands on is named after the project if it has
// a key.
func object(r *release.Release, key string) *Report {
	result := r.Result()
	done := &Report{
		Name:    result.Name,
		Version: result.Version,
		Commit:  result.Commit,
		Tag:     result.Tag,
		Outcome: string(result.Outcome),
		Text:    style.Text(result.Report),
		Dotenv:  report.Dotenv(key, result.Version, result.Tag, result.Images...),
	}
	for _, image := range result.Images {
		done.Image = strings.TrimPrefix(done.Image+"\n"+image.Reference, "\n")
	}
	for _, s := range result.Report.Steps {
		done.Steps = append(done.Steps, Step{s.Name, string(s.State), s.Text, int(s.Took.Milliseconds())})
	}
	return done
}
