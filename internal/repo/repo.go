// Package repo has the projects of a checkout, each released after what it needs.
package repo

import (
	"context"
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/flow"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/projects"
	"dagger/ship/internal/release"
	"dagger/ship/internal/report"
	"dagger/ship/internal/settings"
	"dagger/ship/internal/version"
)

// How many projects are read and looked at at the same time, and how many are released. What is
// heavy in it is the engine's, which has limits of its own; this is about open connections.
const (
	looksAtOnce    = 32
	releasesAtOnce = 16
)

// Repo is a checkout with its projects.
type Repo struct {
	common   *release.Common
	listed   []projects.Project
	projects []*project // that are acted on
	others   []*project
}

// project is one of a checkout's, and what became of its release.
type project struct {
	*release.Release
	err   error
	ended chan struct{} // closed when nothing more will be done
}

// Open finds the projects of a source: those that ship.toml lists, or the one at its root. A plan
// is a repo that does nothing.
func Open(
	ctx context.Context,
	engine release.Engine,
	given settings.Given,
	plan bool,
	style report.Style,
) (*Repo, error) {
	whole, err := settings.Parse(given)
	if err != nil {
		return nil, err
	}
	all := &Repo{common: release.NewCommon(ctx, engine, given, whole, plan, style)}
	entries, err := all.common.Tree.List(".")
	if err != nil {
		return nil, err
	}
	var file projects.List
	if slices.Contains(entries, projects.File) {
		data, err := all.common.Tree.Contents(projects.File)
		if err != nil {
			return nil, err
		}
		if file, err = projects.Read(data); err != nil {
			return nil, err
		}
		if whole, err = settings.For(given, file.Top); err != nil {
			return nil, err
		}
	}
	switch listed := len(file.Projects) > 0; {
	case !listed && given.Project != "":
		return nil, fmt.Errorf("--project: there is no %s at the root of the source that lists projects", projects.File)
	case !listed:
		all.projects = []*project{all.add(whole)}
		return all, nil
	case given.Manifest != "":
		return nil, fmt.Errorf(
			"--manifest: %s lists the projects here: give each its manifest there, and pick one with --project",
			projects.File,
		)
	}
	return all, all.list(ctx, given, file)
}

// list adds the projects that ship.toml lists.
func (all *Repo) list(ctx context.Context, given settings.Given, file projects.List) error {
	list := file.Projects
	all.listed = list
	var folders, manifests []string
	for _, p := range list {
		s, err := settings.ForProject(given, file.Top, p)
		if err != nil {
			return err
		}
		if folders = append(folders, s.Path); s.Manifest != "" {
			manifests = append(manifests, path.Join(s.Path, s.Manifest))
		}
		if given.Project == "" || given.Project == p.Key {
			all.projects = append(all.projects, all.add(s))
		} else {
			all.others = append(all.others, all.add(s))
		}
	}
	if len(all.projects) == 0 {
		return fmt.Errorf("--project: %s lists no project %q, only %s", projects.File, given.Project, all.keys())
	}
	if all.common.Container != nil && len(all.projects) > 1 {
		return fmt.Errorf("a container was given, for one project: pick that with --project, of %s", all.keys())
	}
	all.common.Several = len(all.projects) > 1
	if len(list) > 1 {
		all.common.Checkout.ReadAhead(ctx, folders, manifests)
	}
	return nil
}

func (all *Repo) add(s settings.Settings) *project {
	return &project{Release: release.New(all.common, s), ended: make(chan struct{})}
}

// keys are those of the projects that ship.toml lists.
func (all *Repo) keys() string {
	var keys []string
	for _, p := range slices.Concat(all.projects, all.others) {
		keys = append(keys, p.Key)
	}
	return strings.Join(keys, ", ")
}

// One is the release of a function that is about one project.
func (all *Repo) One() (*release.Release, error) {
	if len(all.projects) > 1 {
		return nil, fmt.Errorf("%s lists several projects: pick one with --project, of %s", projects.File, all.keys())
	}
	return all.projects[0].Release, all.distinct()
}

// Releases are those of the projects that are acted on.
func (all *Repo) Releases() (releases []*release.Release) {
	for _, p := range all.projects {
		releases = append(releases, p.Release)
	}
	return releases
}

// Each does something for the projects at the same time. One's failure is its own.
func (all *Repo) Each(do func(i int, r *release.Release) error) {
	var group errgroup.Group
	group.SetLimit(looksAtOnce)
	for i, p := range all.projects {
		if p.err == nil {
			group.Go(func() error { p.err = do(i, p.Release); return nil })
		}
	}
	_ = group.Wait()
}

// Expect says what the projects will ask for, once they have been read.
func (all *Repo) Expect() { all.common.Expect(all.Releases()) }

// Run takes the releases through their steps: all read and then all look, so that one question
// serves all; then each that has something to do goes on once what it needs is out. The error tells
// of all that failed.
func (all *Repo) Run(ctx context.Context) error {
	all.Each(func(_ int, r *release.Release) error { return r.Read(ctx) })
	if err := all.distinct(); err != nil {
		return err
	}
	if err := all.meant(); err != nil {
		return err
	}
	all.Expect()
	all.Each(func(_ int, r *release.Release) error { return r.Look(ctx) })

	var group errgroup.Group
	turns := make(chan struct{}, releasesAtOnce)
	for _, p := range all.projects {
		group.Go(func() error {
			defer close(p.ended)
			if p.err == nil {
				p.err = all.await(p)
			}
			if p.err == nil {
				turns <- struct{}{}
				p.err = p.Perform(ctx)
				<-turns
			}
			if p.err == nil && !all.common.Plan {
				p.End()
			}
			return nil
		})
	}
	_ = group.Wait()
	return all.Failure()
}

// meant refuses a version that is for none of several projects.
func (all *Repo) meant() error {
	given := all.common.Given.Version
	if given == "" || len(all.projects) < 2 {
		return nil
	}
	for _, p := range all.projects {
		if p.err != nil || p.HasVersion() {
			return nil
		}
	}
	return fmt.Errorf("--version: %s is no tag of any of the projects: for a version, pick one with --project, of %s",
		given, all.keys())
}

// await waits until the projects that one needs are out. If one of those failed, it does not begin.
func (all *Repo) await(p *project) error {
	for _, other := range all.projects {
		if !slices.Contains(p.Needs, other.Key) {
			continue
		}
		<-other.ended
		if other.err != nil && !flow.FailsAtEnd(other.err) && p.Missing() {
			return p.Fail("not begun: it needs " + other.Key + ", which failed")
		}
	}
	return nil
}

// Text is what came of the releases.
func (all *Repo) Text() string {
	var reports []report.Report
	for _, p := range all.projects {
		reports = append(reports, p.Report())
	}
	return all.common.Style.Text(reports...)
}

// Failure is nil if no project failed. Of several, it begins with a line for each project, and ends
// with what went wrong.
func (all *Repo) Failure() error {
	var causes []string
	for _, p := range all.projects {
		if p.err != nil {
			causes = append(causes, p.Report().Project+": "+p.Report().Cause)
		}
	}
	switch {
	case len(causes) == 0:
		return nil
	case len(all.projects) == 1:
		return all.projects[0].err
	}
	return errors.New(all.Text() + "\n" + strings.Join(causes, "\n\n"))
}

// distinct refuses projects that would write to the same place, even if only one of them is acted
// on.
func (all *Repo) distinct() error {
	if len(all.projects)+len(all.others) < 2 {
		return nil
	}
	if err := all.unshared(); err != nil {
		return err
	}
	var found []naming.Places
	for _, p := range slices.Concat(all.others, all.projects) {
		if p.err != nil {
			continue // its own step says so
		}
		places, err := p.Places()
		if err != nil {
			continue
		}
		scheme := places.Scheme
		found = append(found, naming.Places{
			Key: p.Key, Name: places.Name, Template: p.Template, Tag: places.Tag, Images: places.Images,
			Releases:  places.Releases,
			IsVersion: func(text string) bool { _, err := version.Parse(scheme, text); return err == nil },
		})
	}
	return naming.Distinct(found)
}

// unshared refuses projects that give different keys of one chart their images: each release of one
// would run the chart without the other's.
func (all *Repo) unshared() error {
	taken := map[string]*project{}
	for _, listed := range all.listed {
		p := all.of(listed.Key)
		if len(p.Environments) == 0 {
			continue
		}
		folder := path.Join(p.Path, p.Chart)
		if !p.ChartFrom.IsZero() {
			continue // made for many
		}
		if other := taken[folder]; other != nil && !reflect.DeepEqual(other.Slots(), p.Slots()) {
			return listed.Fault("keys", "the projects %s and %s deploy the one chart in %s, each with keys of its "+
				"own: a release of one would run it without the other's image. Give each a chart of its own, or make "+
				"them one project", other.Key, p.Key, folder)
		}
		taken[folder] = p
	}
	return nil
}

// of is the project of a key that ship.toml lists.
func (all *Repo) of(key string) *project {
	both := slices.Concat(all.projects, all.others)
	return both[slices.IndexFunc(both, func(p *project) bool { return p.Key == key })]
}
