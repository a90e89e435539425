package release

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/gitremote"
	"dagger/ship/internal/naming"
)

// lookAtSnapshot decides about the source's commit, if it has no version of its own and an
// environment takes it all the same. The release of the version has been planned.
func (r *Release) lookAtSnapshot(ctx context.Context) error {
	if !r.snapshots || r.plan.Withheld == "" && r.plan.Commit == r.head {
		return nil
	}
	s := &Release{
		Common: r.Common, Settings: r.Settings, run: r.run, read: r.read, logins: r.logins, snapshots: true,
		byName: r.byName, preview: r.preview, version: r,
	}
	s.read.ImageTag = naming.Snapshot(r.head)
	s.facts = converge.Facts{
		Name: s.read.ImageTag, Commit: r.head, Snapshot: true, Images: s.missingImages(),
		Environments: slices.Clone(r.facts.Environments),
	}
	s.made.images = make([]madeImage, len(s.read.Images))
	group, gctx := errgroup.WithContext(ctx)
	for i := range s.read.Images {
		group.Go(func() error { return s.lookAtImage(gctx, i) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := s.orders(ctx); err != nil {
		return err
	}
	if err := s.compare(); err != nil {
		return err
	}
	var err error
	if s.plan, err = converge.Decide(s.facts, converge.Options{}); err != nil {
		return err
	}
	if r.facts.None != "" {
		r.run.Report.Project = r.read.Project.Name + " " + naming.Short(s.facts.Name)
	}
	r.snapshot = s
	return nil
}

// released is what a function releases that is about one thing: the snapshot if there is no version.
func (r *Release) released() *Release {
	if r.snapshot != nil && r.facts.None != "" {
		return r.snapshot
	}
	return r
}

// call is what a step is called: a snapshot's differently if there is one for the version, too.
func (r *Release) call(step string) string {
	if r.facts.Snapshot && r.version.facts.None == "" {
		return step + " snapshot"
	}
	return step
}

// subject is the release that decides about an environment: that of the version, or that of the
// snapshot.
func (r *Release) subject(i int) *Release {
	version := r
	if r.version != nil {
		version = r.version
	}
	if version.snapshot != nil && version.read.Environments[i].said.Snapshots {
		return version.snapshot
	}
	return version
}

// settle has each environment decided on by the release that it is for, and holds back what is to run
// well elsewhere before.
func (r *Release) settle() {
	decided := make([]converge.Step, len(r.facts.Environments))
	for i, e := range r.facts.Environments {
		s := r.subject(i)
		decided[i] = s.plan.Deploy[i]
		for j, before := range r.facts.Environments[:i] {
			if before.Name != e.After {
				continue
			}
			its := converge.Step{}
			if r.subject(j) == s {
				its = decided[j]
			}
			decided[i] = converge.Hold(s.facts, e, decided[i], before, its)
		}
	}
	for i := range decided {
		for _, s := range []*Release{r, r.snapshot} {
			switch {
			case s == nil:
			case r.subject(i) == s:
				s.plan.Deploy[i] = decided[i]
			default:
				s.plan.Deploy[i] = converge.Step{}
			}
		}
	}
	if r.plan.Withheld == "" {
		r.plan.Tell = converge.TellDeployments(r.facts, r.plan)
	}
}

// orders finds out where the facts' commit is, as seen from what runs in the environments, if one of
// the two is a snapshot.
func (r *Release) orders(ctx context.Context) error {
	for i := range r.facts.Environments {
		e := &r.facts.Environments[i]
		if err := r.order(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (r *Release) order(ctx context.Context, e *converge.Environment) (err error) {
	if e.Order, err = r.orderTo(ctx, e.Version); err != nil {
		return err
	}
	if e.Back, err = r.orderTo(ctx, e.RolledBack); err != nil || e.ValuesOf == "" {
		return err
	}
	e.ValuesOrder, err = r.orderOf(r.head, e.ValuesOf)
	return err
}

// orderTo is where the facts' commit is, as seen from the commit of what runs.
func (r *Release) orderTo(ctx context.Context, running string) (converge.Order, error) {
	commit, isSnapshot := naming.SnapshotOf(running)
	switch {
	case running == "" || running == r.facts.Name || !r.facts.Snapshot && !isSnapshot:
		return converge.NotAsked, nil
	case !isSnapshot:
		var err error
		if commit, err = r.taggedAs(ctx, running); commit == "" {
			return converge.NotAsked, err
		}
	}
	return r.orderOf(r.facts.Source(), commit)
}

// orderOf is where a commit is in the history, as seen from another one.
func (r *Release) orderOf(commit, from string) (converge.Order, error) {
	return r.ordered.Get(from+" "+commit, func() (converge.Order, error) {
		order, _, err := r.remote.Order(r.Context, commit, from)
		return orders[order], err
	})
}

// orders are those of gitremote's as converge has them. If the remote does not have what runs, as after
// a force push, nothing speaks for it.
var orders = map[gitremote.Order]converge.Order{
	gitremote.Same: converge.Same, gitremote.Before: converge.Earlier, gitremote.After: converge.Later,
	gitremote.Missing: converge.NotAsked,
}

// taggedAs is the commit of a version's tag, empty if there is none.
func (r *Release) taggedAs(ctx context.Context, version string) (string, error) {
	name, err := r.Template.Tag(r.read.Project.Name, version)
	if err != nil {
		return "", nil //nolint:nilerr // what runs there is no version of this project
	}
	tags, err := r.remote.Tags(ctx, name)
	for _, tag := range tags {
		if tag.Name == name {
			return tag.Commit, nil
		}
	}
	return "", err
}
