package release

import (
	"context"
	"fmt"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/gitlab"
)

// tells tells whether GitLab is told of deployments to an environment.
func (r *Release) tells(e *environment) bool {
	return r.GitLab != "" && e.said.GitLab != "" && !r.facts.Snapshot && r.facts.None == "" && !r.ignores(e)
}

// lookAtDeployment looks at what GitLab says runs in an environment. If that cannot be done, the step
// that tells it will fail; no deploy waits for that.
func (r *Release) lookAtDeployment(ctx context.Context, e *environment) (converge.Deployment, error) {
	if !r.tells(e) {
		return converge.Deployment{Environment: e.said.GitLab}, nil
	}
	found := converge.Deployment{Environment: e.said.GitLab, Wanted: true}
	project, err := r.onGitLab()
	if err != nil {
		return found, fmt.Errorf("--gitlab: %w", err)
	}
	told, err := project.LastDeployment(ctx, e.said.GitLab)
	if err != nil {
		found.Failure = r.Redactor.Redact(err.Error())
	}
	found.Told = told.Commit
	return found, nil
}

// tellGroup is the steps that tell GitLab of deployments to the environments from one index up to
// another one.
func (r *Release) tellGroup(from, to int) (group flow.Group) {
	for i := from; i < to && i < len(r.plan.Tell); i++ {
		e := r.read.Environments[i]
		if !r.tells(e) {
			continue
		}
		group = append(group, step("tell "+e.Name, "GitLab to write down the deployment", r.plan.Tell[i],
			func(ctx context.Context) (string, error) { return r.tell(ctx, e) }))
	}
	return group
}

func (r *Release) tell(ctx context.Context, e *environment) (string, error) {
	project, err := r.onGitLab()
	if err == nil {
		made := gitlab.Deployment{Environment: e.said.GitLab, Commit: r.plan.Commit, Tag: r.facts.Tag}
		err = project.CreateDeployment(ctx, made)
	}
	if err != nil {
		return "", flow.FailAtEnd(
			fmt.Errorf("%w\n%s stays deployed: retry to have GitLab know of it", err, r.facts.Name),
		)
	}
	return fmt.Sprintf("GitLab's page of %s says %s", e.said.GitLab, r.facts.Tag), nil
}
