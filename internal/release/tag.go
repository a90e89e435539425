package release

import (
	"context"
	"errors"
	"fmt"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/gitremote"
	"dagger/ship/internal/report"
)

func (r *Release) tagStep(plan converge.Plan) flow.Step {
	return step(
		"tag",
		"the git remote to take the tag",
		plan.Tag,
		func(ctx context.Context) (string, error) { return r.tag(ctx, plan.Commit) },
	)
}

// Tag pushes the version's tag if it is missing. There is none for a version that is still worked on.
func (r *Release) Tag(ctx context.Context) (tag gitremote.Tag, pushed bool, err error) {
	r.Environments = nil // they are somebody else's affair, and may need a kubeconfig that is not given
	if err := r.readAndLook(ctx); err != nil {
		return tag, false, err
	}
	plan := r.plan.ForTag()
	if err := r.run.Perform(ctx, flow.Group{r.checkStep(plan)}, flow.Group{r.tagStep(plan)}); err != nil {
		return tag, false, err
	}
	if plan.Withheld != "" {
		return tag, false, nil
	}
	superseded := r.run.Report.Outcome == report.Superseded
	return gitremote.Tag{Name: r.facts.Tag, Commit: r.commit()}, plan.Tag.Needed && !superseded, nil
}

// readAndLook reads and looks for a function that is about this project alone.
func (r *Release) readAndLook(ctx context.Context) error {
	if err := r.Read(ctx); err != nil {
		return err
	}
	r.Expect([]*Release{r})
	return r.Look(ctx)
}

// tag claims the version. Another pipeline may have been faster: with the same commit, that is as
// good.
func (r *Release) tag(ctx context.Context, commit string) (string, error) {
	tag := gitremote.Tag{Name: r.facts.Tag, Commit: commit}
	var options []string
	if !r.Pipeline {
		options = append(options, "ci.skip") // https://docs.gitlab.com/topics/git/commit/#push-options
	}
	when, err := r.timeOf(commit)
	if err != nil {
		return "", err
	}
	if err := r.remote.PushTag(ctx, tag, "Release "+r.read.Title(), when, options...); err != nil {
		// whatever went wrong (a lost race, an answer that never came), what the remote has now is
		// what counts
		tagged, lookErr := r.taggedNow(ctx)
		switch {
		case lookErr != nil:
			return "", fmt.Errorf("%w; whether the tag is there now is unknown: %w", err, lookErr)
		case tagged == tag.Commit:
			r.made.rival = errors.Is(err, gitremote.ErrExists)
			return fmt.Sprintf(
				"%s is at %s, by this push or another release of the commit",
				tag.Name,
				converge.Short(tagged),
			), nil
		case tagged != "":
			r.run.Report.Commit = tagged
			return fmt.Sprintf("%s was just claimed at %s", tag.Name, converge.Short(tagged)), flow.ErrSuperseded
		}
		return "", err
	}
	return fmt.Sprintf("pushed %s at %s", tag.Name, converge.Short(tag.Commit)), nil
}

// taggedNow returns the commit of the version's tag, empty if there is none.
func (r *Release) taggedNow(ctx context.Context) (string, error) {
	tags, err := r.remote.Tags(ctx, r.facts.Tag)
	for _, tag := range tags {
		if tag.Name == r.facts.Tag {
			return tag.Commit, nil
		}
	}
	return "", err
}
