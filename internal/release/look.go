package release

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/gitremote"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/version"
)

// Look sees what there is, all at once, and decides what is missing.
func (r *Release) Look(ctx context.Context) error {
	return r.run.Perform(ctx, flow.Group{looks("look", "git remote, registry and cluster to answer", r.look)})
}

func (r *Release) look(ctx context.Context) (string, error) {
	r.facts.Environments = make([]converge.Environment, len(r.read.Environments))
	group, gctx := errgroup.WithContext(ctx)
	if r.facts.None == "" {
		group.Go(func() error {
			commits, err := r.tagged()
			r.facts.Tagged = commits[r.facts.Tag]
			return err
		})
		for i := range r.read.Images {
			group.Go(func() error { return r.lookAtImage(gctx, i) })
			if r.Latest {
				group.Go(func() error {
					digest, err := r.read.Images[i].Digest(gctx, latestTag)
					r.facts.Images[i].Latest = digest
					return unlessMissing(err)
				})
			}
		}
	}
	if r.facts.Chart.Address != "" {
		group.Go(func() error { return r.lookAtChart(gctx) })
	}
	if r.GitLab != "" && r.facts.None == "" {
		group.Go(func() (err error) { r.facts.Notes, err = r.lookAtNotes(gctx); return })
	}
	r.facts.Deployments = make([]converge.Deployment, len(r.read.Environments))
	for i, e := range r.read.Environments {
		group.Go(func() (err error) { r.facts.Environments[i], err = r.lookAtEnvironment(gctx, i); return })
		group.Go(func() (err error) { r.facts.Deployments[i], err = r.lookAtDeployment(gctx, e); return })
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	// only a change can be one backwards, so only then the other versions matter
	behind := func(i converge.Image) bool { return i.Latest != i.Digest }
	if r.facts.None == "" && (r.facts.Tagged == "" || r.Latest && slices.ContainsFunc(r.facts.Images, behind)) {
		var err error
		if r.facts.Others, _, err = r.versions(ctx); err != nil {
			return "", err
		}
	}
	var err error
	if err := r.orders(ctx); err != nil {
		return "", err
	}
	if err := r.compare(); err != nil {
		return "", err
	}
	r.plan, err = converge.Decide(r.facts, converge.Options{Maintenance: r.Maintenance, NoLatest: !r.Latest})
	if err != nil {
		return "", err
	}
	if err := r.lookAtSnapshot(ctx); err != nil {
		return "", err
	}
	r.settle()
	return r.why(), nil
}

func (r *Release) lookAtImage(ctx context.Context, i int) error {
	found, err := r.read.Images[i].Look(ctx, r.read.ImageTag)
	r.facts.Images[i].Digest, r.facts.Images[i].Revision = found.Digest, found.Revision
	return unlessMissing(err)
}

func (r *Release) lookAtEnvironment(ctx context.Context, i int) (found converge.Environment, err error) {
	e := r.read.Environments[i]
	defer func() { found.Manual, found.After = e.said.Manual && !r.byName, e.said.After }()
	if !e.given && r.Plan || r.ignores(e) {
		return e.Unseen(), nil
	}
	if err := e.mayReach(); err != nil {
		return converge.Environment{}, err
	}
	return e.Look(ctx)
}

// ignores tells whether an environment is not looked at: it is deployed to by name only, by a call that
// may have another kubeconfig and other secrets than this one, and nothing else waits for what runs
// there.
func (r *Release) ignores(e *environment) bool {
	waits := func(other *environment) bool { return other.said.After == e.Name && !other.said.Manual }
	return e.said.Manual && !r.byName && !slices.ContainsFunc(r.read.Environments, waits)
}

// why says what is missing, and why.
func (r *Release) why() string {
	version := r.plan.Anything()
	if r.snapshot == nil {
		return version.Why
	}
	if snapshot := r.snapshot.plan.Anything(); !version.Needed {
		return snapshot.Why
	} else if snapshot.Needed {
		return version.Why + "; " + snapshot.Why
	}
	return version.Why
}

// unlessMissing is an error of the registry's that says more than that there is no such tag.
func unlessMissing(err error) error {
	if errors.Is(err, registry.ErrNotFound) {
		return nil
	}
	return err
}

// versions are those that are tagged for the project, and their tags by what they are called.
func (r *Release) versions(ctx context.Context) (versions []version.Version, tags map[string]gitremote.Tag, err error) {
	name, scheme := r.read.Project.Name, r.scheme()
	parse := func(tag string) (v version.Version, is bool) {
		text, is := r.Template.Version(name, tag)
		v, err := version.Parse(scheme, text)
		return v, is && err == nil
	}
	isVersion := func(tag string) bool { _, is := parse(tag); return is }
	found, err := r.remote.TagsThat(ctx, isVersion, r.Template.Prefix(name))
	tags = map[string]gitremote.Tag{}
	for _, tag := range found {
		v, _ := parse(tag.Name)
		versions, tags[v.Text] = append(versions, v), tag
	}
	return versions, tags, err
}

// scheme is that of the project's versions.
func (r *Release) scheme() version.Scheme {
	return cmp.Or(r.read.Project.Version.Scheme, r.read.scheme, version.SemVer)
}

// withVersions are the facts with the versions that are tagged by now.
func (r *Release) withVersions(ctx context.Context) (converge.Facts, error) {
	facts := r.now()
	var err error
	facts.Others, _, err = r.versions(ctx)
	return facts, err
}
