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
	"dagger/ship/internal/report"
	"dagger/ship/internal/settings"
	"dagger/ship/internal/tools"
	"dagger/ship/internal/version"
)

// deployGroups are the steps that deploy, in the groups of the settings.
func (r *Release) deployGroups(plan converge.Plan) (groups []flow.Group) {
	i := 0
	for _, together := range r.Environments {
		var group flow.Group
		for range together {
			if i < len(plan.Deploy) {
				group = append(group, r.deployStep(plan, i))
			}
			i++
		}
		groups = append(groups, group)
	}
	return groups
}

func (r *Release) deployStep(plan converge.Plan, i int) flow.Step {
	e := r.read.Environments[i]
	waits := fmt.Sprintf("the rollout in %s, for %s at most", e.Namespace, r.GivenTimeout)
	return step(
		"deploy "+e.Name,
		waits,
		plan.Deploy[i],
		func(ctx context.Context) (string, error) { return r.deploy(ctx, plan.Commit, e) },
	)
}

func (r *Release) deploy(ctx context.Context, commit string, e *cluster.Environment) (string, error) {
	if err := r.mayReach(e.Name); err != nil {
		return "", err
	}
	chart, err := r.chart(commit)
	if err != nil {
		return "", err
	}
	facts := r.facts
	facts.Digest = r.digest()
	return e.Deploy(ctx, cluster.Wanted{Chart: chart, Image: r.image(facts.Digest), Facts: facts})
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
	if r.facts.Digest == "" {
		first := cmp.Or(r.plan.Withheld, "call publish or release first")
		return Deployment{}, fmt.Errorf("%s is not published: %s", r.facts.Image, first)
	}
	plan := r.plan.ForDeploy()
	if err := r.run.Perform(ctx, append([]flow.Group{{r.checkStep(plan)}}, r.deployGroups(plan)...)...); err != nil {
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
			if err := r.mayReach(e.Name); err != nil {
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

func (r *Release) deployment(e *cluster.Environment, state cluster.State) Deployment {
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
			if err := r.mayReach(e.Name); err != nil {
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
		if running, err := version.Parse(r.read.Project.Version.Scheme, all[i].Version); err == nil {
			all[i].Behind = converge.Behind(running, tagged, e.Prereleases)
		}
	}
	return all, nil
}
