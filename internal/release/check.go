package release

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/manifest"
	"dagger/ship/internal/source"
)

// checkStep makes sure that what is to come can succeed: credentials with the rights, a commit that
// the remote has and that is whole, a chart that renders. A plan checks what needs no rights.
func (r *Release) checkStep(plan converge.Plan) flow.Step {
	s := step(
		r.call("check"),
		"git remote, registry and chart",
		plan.Anything(),
		func(ctx context.Context) (string, error) { return r.check(ctx, plan) },
	)
	s.Stops = true
	s.Looks = r.Plan && s.Needed
	return s
}

func (r *Release) check(ctx context.Context, plan converge.Plan) (string, error) {
	if r.Container != nil && plan.Builds() && plan.Commit != r.facts.Commit {
		return "", fmt.Errorf(
			"%s is tagged at %s, but the container given was made from %s: check out the tag and make it from there",
			r.read.Title(),
			converge.Short(plan.Commit),
			converge.Short(r.facts.Commit),
		)
	}
	if err := r.resolve(); err != nil {
		return "", err
	}
	group, gctx := errgroup.WithContext(ctx)
	if plan.Tag.Needed && !r.Plan {
		group.Go(r.mayPush)
	}
	if plan.Tag.Needed || plan.Builds() {
		group.Go(func() error { return r.checkCommit(gctx, plan) })
	}
	for i, image := range plan.Images {
		if (image.Publish.Needed || image.Latest.Needed) && !r.Plan {
			group.Go(func() error { return r.checkPush(gctx, i) })
		}
	}
	if plan.Chart.Needed && !r.Plan {
		group.Go(func() error { return r.read.Chart.CheckPush(gctx) })
	}
	remarks := make([][]string, len(plan.Deploy))
	for i, deploy := range plan.Deploy {
		if deploy.Needed {
			group.Go(func() (err error) {
				remarks[i], err = r.checkChart(gctx, plan.Commit, r.read.Environments[i])
				return err
			})
		}
	}
	good := "credentials, commit and chart are good"
	if r.Plan {
		good = "commit and chart are good"
	}
	err := group.Wait()
	return said(good, slices.Concat(remarks...)), err
}

// said is a text with remarks, each once.
func said(text string, remarks []string) string {
	for _, remark := range remarks {
		if !strings.Contains(text, remark) {
			text += "; " + remark
		}
	}
	return text
}

// checkCommit makes sure that the remote has the commit, and that it is the commit that says the
// version: a version raised in the checkout alone must not be tagged.
func (r *Release) checkCommit(ctx context.Context, plan converge.Plan) error {
	if _, err := r.timeOf(plan.Commit); err != nil {
		return err
	}
	commit := r.commitOf(plan.Commit, r.Path)
	if r.read.given == "" && !r.facts.Snapshot {
		if err := r.checkVersion(ctx, commit, plan.Commit); err != nil {
			return err
		}
	}
	group, gctx := errgroup.WithContext(ctx)
	for i, image := range plan.Images {
		if image.Build.Needed && r.Container == nil {
			group.Go(func() error { return r.checkBuild(gctx, plan.Commit, i) })
		}
	}
	return group.Wait()
}

// checkBuild makes sure that an image's build gets all that it is to get.
func (r *Release) checkBuild(ctx context.Context, commit string, i int) error {
	if err := r.checkFiles(commit, i); err != nil {
		return err
	}
	for _, name := range r.read.Images[i].Secrets {
		if _, err := r.needSecret(name); err != nil {
			return err
		}
	}
	return r.buildContext(commit, i).CheckWhole(ctx, r.read.Images[i].Dockerfile)
}

// checkVersion makes sure that the commit says the version, too.
func (r *Release) checkVersion(ctx context.Context, commit *source.Commit, hash string) error {
	var committed manifest.Project
	at := "fetch the source at " + converge.Short(hash) + " from the git remote"
	if err := r.tools().Try(ctx, at, func(context.Context) (err error) {
		committed, err = r.manifestIn(commit.Files, r.read.Project.Path)
		return err
	}); err != nil {
		return err
	}
	if project := r.read.Project; committed.Name != project.Name || committed.Version.Text != project.Version.Text {
		return fmt.Errorf("%s says %s here, but %s %s at %s: commit and push it first", project.Path, r.read.Title(),
			committed.Name, committed.Version.Text, converge.Short(hash))
	}
	return nil
}

// checkPush makes sure that the image can be pushed. If the credentials are for another registry,
// none is tried: a push without would be refused late, or go where nobody meant it to.
func (r *Release) checkPush(ctx context.Context, i int) error {
	image := &r.read.Images[i]
	if home := image.Elsewhere; home != "" && r.password != "" && image.Anonymous() {
		return fmt.Errorf(
			"%s is to be published, but --login and --password are for %s: name its registry with --registry, "+
				"or give the project an image there",
			r.facts.Images[i].Address,
			home,
		)
	}
	return image.CheckPush(ctx)
}

// checkChart tries the chart out.
func (r *Release) checkChart(ctx context.Context, commit string, e *environment) ([]string, error) {
	chart, err := r.chart(commit) // first, since it says what is wrong with links, and fetches the commit with care
	if err != nil {
		return nil, err
	}
	wanted, err := r.wanted(e, commit)
	if err != nil {
		return nil, err
	}
	wanted.Chart = chart
	reach := e.mayReach() == nil
	remarks, err := e.Render(ctx, wanted, reach)
	if err == nil && reach {
		if beside := e.Beside(ctx, wanted.Chart); beside != "" {
			remarks = append(remarks, beside)
		}
	}
	return remarks, err
}
