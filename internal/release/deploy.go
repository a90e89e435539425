package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/cluster"
	"dagger/ship/internal/converge"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/report"
	"dagger/ship/internal/settings"
	"dagger/ship/internal/tools"
	"dagger/ship/internal/version"
)

// deployGroups are the steps that deploy, in the groups of the settings.
func (r *Release) deployGroups() (groups []flow.Group) {
	i := 0
	for _, together := range r.Environments {
		var group flow.Group
		for range together {
			group = append(group, r.subject(i).deployStep(i))
			i++
		}
		groups = append(groups, group)
		if told := r.tellGroup(i-len(together), i); len(told) > 0 {
			groups = append(groups, told)
		}
	}
	return groups
}

func (r *Release) deployStep(i int) flow.Step {
	e := r.read.Environments[i]
	waits := fmt.Sprintf("the rollout in %s, for %s at most", e.Namespace, r.GivenTimeout)
	return step(
		"deploy "+e.Name,
		waits,
		r.plan.Deploy[i],
		func(ctx context.Context) (string, error) { return r.deploy(ctx, r.plan.Commit, e) },
	)
}

func (r *Release) deploy(ctx context.Context, commit string, e *environment) (string, error) {
	if err := e.mayReach(); err != nil {
		return "", err
	}
	wanted, err := r.wanted(e, commit)
	if err != nil {
		return "", err
	}
	if err := r.ranBefore(ctx, e, wanted); err != nil {
		return "", err
	}
	if wanted.Chart, err = r.chart(commit); err != nil {
		return "", err
	}
	return e.Deploy(ctx, wanted)
}

// missing is the first image that is not in the registry.
func (r *Release) missing() string {
	for _, image := range r.facts.Images {
		if image.Digest == "" {
			return image.Address
		}
	}
	return ""
}

// ranBefore makes sure that what an environment is to run runs well, at this moment, in the one that
// it comes after.
func (r *Release) ranBefore(ctx context.Context, e *environment, wanted cluster.Wanted) error {
	if e.after == nil {
		return nil
	}
	if err := e.after.mayReach(); err != nil {
		return err
	}
	found, healthy, text, err := e.after.RunsWell(ctx)
	switch {
	case err != nil:
		return err
	case !converge.RunsWell(wanted.Facts, found):
		return fmt.Errorf("%s takes only what runs well in %s, which runs %s: deploy %s there first",
			e.Name, e.after.Name, cmp.Or(naming.Short(found.Version), "nothing"), naming.Short(wanted.Facts.Name))
	case !healthy:
		return fmt.Errorf("%s takes only what runs well in %s, where %s does not: %s",
			e.Name, e.after.Name, naming.Short(wanted.Facts.Name), text)
	}
	return nil
}

// With is the release for one environment, asked for by name.
func (r *Release) With(environment string) error {
	e := r.Environment(environment)
	if e == nil {
		return fmt.Errorf("no environment %q in the settings: --environments has %q", environment, r.GivenEnvironments)
	}
	r.Environments, r.byName = [][]settings.Environment{{*e}}, true
	return nil
}

// Deploy deploys the version's published image to the one environment that With has named, and says
// how it is there.
func (r *Release) Deploy(ctx context.Context) (Deployment, error) {
	if err := r.readAndLook(ctx); err != nil {
		return Deployment{}, err
	}
	s := r.subject(0)
	switch {
	case s.facts.None != "":
		return Deployment{}, fmt.Errorf(
			"%s takes versions only, and there is none: %s",
			r.read.Environments[0].Name,
			s.facts.None,
		)
	case s.facts.Digest() == "":
		first := cmp.Or(s.plan.Withheld, "call publish or release first")
		return Deployment{}, fmt.Errorf("%s is not published: %s", s.missing(), first)
	}
	check := flow.Group{s.checkStep(s.plan.ForDeploy())}
	if err := r.run.Perform(ctx, append([]flow.Group{check}, r.deployGroups()...)...); err != nil {
		return Deployment{}, err
	}
	e := r.read.Environments[0]
	state, err := e.StateNow()
	if err != nil {
		return Deployment{}, errors.New(r.Redactor.Text(tools.Explain(err)))
	}
	return r.deployment(e, state), nil
}

// Rollback takes the one environment that With has named back to a version, or without one, to a
// different one than now.
func (r *Release) Rollback(ctx context.Context, version string) (report.Report, error) {
	if err := r.ReadProject(ctx); err != nil {
		return report.Report{}, err
	}
	e := r.read.Environments[0]
	waits := fmt.Sprintf("the rollout, for %s at most", r.GivenTimeout)
	back := flow.Step{
		Name:   "rollback " + e.Name,
		Waits:  waits,
		Needed: true,
		Do: func(ctx context.Context) (string, error) {
			if err := e.mayReach(); err != nil {
				return "", err
			}
			said, changed, err := e.Rollback(ctx, version)
			if err == nil {
				r.run.Report.Outcome = report.Nothing
				if changed {
					r.run.Report.Outcome = report.RolledBack
				}
			}
			return said, err
		},
	}
	err := r.run.Perform(ctx, flow.Group{back})
	return r.run.Report, err
}

// Deployment is what runs in an environment.
type Deployment struct {
	cluster.State
	Project     string
	Environment string
	Namespace   string
	Release     string // of Helm's
	Behind      string // the newest version that is tagged, if this one is older
}

func (r *Release) deployment(e *environment, state cluster.State) Deployment {
	return Deployment{
		State:       state,
		Project:     r.read.Project.Name,
		Environment: e.Name,
		Namespace:   e.Namespace,
		Release:     e.Release,
	}
}

// Deployments looks at the project's environments. ReadTags has read what that takes.
func (r *Release) Deployments(ctx context.Context) (all []Deployment, err error) {
	err = r.run.Perform(
		ctx,
		flow.Group{looks("look", "git remote and cluster to answer", func(ctx context.Context) (_ string, err error) {
			all, err = r.lookAtDeployments(ctx)
			return "the git remote and the cluster", err
		})},
	)
	return all, err
}

func (r *Release) lookAtDeployments(ctx context.Context) ([]Deployment, error) {
	all := make([]Deployment, len(r.read.Environments))
	var tagged []version.Version
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { tagged, _, err = r.versions(gctx); return })
	for i, e := range r.read.Environments {
		group.Go(func() error {
			if err := e.mayReach(); err != nil {
				return err
			}
			state, err := e.State()
			all[i] = r.deployment(e, state)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i, e := range r.read.Environments {
		if running, err := version.Parse(r.scheme(), all[i].Version); err == nil {
			all[i].Behind = converge.Behind(running, tagged, e.Prereleases)
		}
	}
	return all, nil
}
