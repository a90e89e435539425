package release

import (
	"context"
	"fmt"
	"strings"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/dockerfile"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/logins"
)

func (r *Release) buildStep(plan converge.Plan) flow.Step {
	return step(
		r.call("build"),
		fmt.Sprintf("the build of %s, for %s at most", r.Dockerfile, buildTimeouts*r.Timeout),
		plan.Build,
		func(ctx context.Context) (string, error) { return r.build(ctx, plan.Commit) },
	)
}

// Build builds the image of the HEAD and pushes nothing.
func (r *Release) Build(ctx context.Context) (*dagger.Container, error) {
	r.Environments = nil
	if err := r.Read(ctx); err != nil {
		return nil, err
	}
	plan := converge.BuildOf(r.facts.Commit)
	if err := r.run.Perform(ctx, flow.Group{r.checkStep(plan), r.buildStep(plan)}); err != nil {
		return nil, err
	}
	return r.made.container, nil
}

func (r *Release) build(ctx context.Context, commit string) (string, error) {
	when, err := r.timeOf(commit)
	if err != nil {
		return "", err
	}
	if err := r.resolve(); err != nil { // it may go beside check
		return "", err
	}
	container, from := r.Container, "the container given"
	if container == nil {
		container, from = r.dockerBuild(commit, when), r.Dockerfile
	}
	for _, said := range [][2]string{
		{ocispec.AnnotationRevision, commit},
		{ocispec.AnnotationVersion, r.facts.Name},
		{ocispec.AnnotationSource, r.remote.URL},
		{ocispec.AnnotationCreated, when.UTC().Format(time.RFC3339)},
	} {
		// a label stays with an image that somebody copies or builds on; an annotation is read
		// without fetching the image's config
		container = container.WithLabel(said[0], said[1]).WithAnnotation(said[0], said[1])
	}
	limit := buildTimeouts * r.Timeout
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r.made.container, err = container.Sync(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return "", fmt.Errorf(
			"%s: not done within %s, %d times --timeout: %s",
			from,
			limit,
			buildTimeouts,
			r.mayWaitFor(ctx, commit),
		)
	}
	if err != nil && logins.Refused(err.Error()) {
		err = onBases{err, r.bases(ctx, commit)}
	}
	return "from " + from + " at " + converge.Short(commit), err
}

// buildTimeouts is how many timeouts a build may take. It ends one that waits for a server which
// never answers, so it is long: the timeout is for one transfer, and a build may do a dozen of them
// and compile besides.
const buildTimeouts = 12

// mayWaitFor says what a build that was given up may have waited for.
func (r *Release) mayWaitFor(ctx context.Context, commit string) string {
	if r.Container != nil {
		return "a command of its build does not end, or the registry of one of its images does not answer"
	}
	waits := "a RUN does not end, or the registry of a base image does not answer"
	if bases := r.bases(ctx, commit); len(bases) > 0 {
		waits += " (" + strings.Join(bases, ", ") + ")"
	}
	return waits
}

// bases are the base images of a commit's Dockerfile, for an error, which is good without them, too.
func (r *Release) bases(ctx context.Context, commit string) []string {
	if r.Container != nil {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, r.Deadline)
	defer cancel()
	text, _ := r.commitOf(commit, r.Path).
		Folder().
		File(r.Dockerfile).
		Contents(limited)
	return dockerfile.Bases(text)
}

// dockerBuild builds the commit's own tree. The build may know when the commit was made
// (https://reproducible-builds.org/specs/source-date-epoch/).
func (r *Release) dockerBuild(commit string, when time.Time) *dagger.Container {
	return r.commitOf(commit, r.Path).Folder().DockerBuild(dagger.DirectoryDockerBuildOpts{
		Dockerfile: r.Dockerfile, Target: r.Target, BuildArgs: r.buildArgs(commit, when),
	})
}

// buildArgs are the Dockerfile's arguments. What they may refer to is the same for one commit, and so
// is the image.
func (r *Release) buildArgs(commit string, when time.Time) []dagger.BuildArg {
	args := []dagger.BuildArg{{Name: "SOURCE_DATE_EPOCH", Value: fmt.Sprint(when.Unix())}}
	values := strings.NewReplacer("{version}", r.facts.Name, "{commit}", commit)
	for _, arg := range r.Args {
		args = append(args, dagger.BuildArg{Name: arg.Name, Value: values.Replace(arg.Value)})
	}
	return args
}
