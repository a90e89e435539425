package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/dockerfile"
	"dagger/ship/internal/registry"
)

// With an image made elsewhere: publish this container instead of what the Dockerfile makes.
func (s *Ship) WithImage(
	// What to publish. It gets the labels of the project's version and commit
	container *dagger.Container,
) *Ship {
	with := *s
	with.Container = container
	return &with
}

// Build the image from the Dockerfile, and push nothing.
//
// It builds HEAD as the git remote has it, without what is not committed and pushed. The image's labels and annotations say
// the version, commit, time and place of its source (org.opencontainers.image.*), as do those of a container given by
// with-image. It fails where the build does.
// +cache="session"
func (s *Ship) Build(ctx context.Context) (*dagger.Container, error) {
	r, err := s.one(ctx)
	if err != nil {
		return nil, err
	}
	r.targets = nil
	if err := r.run(ctx, pick(r.steps(), "read")); err != nil {
		return nil, err
	}
	r.plan.Commit = r.facts.Commit
	r.plan.Build = converge.Step{Needed: true}
	if err := r.run(ctx, pick(r.steps(), "check", "build")); err != nil {
		return nil, err
	}
	return r.container, nil
}

// Publish the version's image: build and push it where the registry does not have it.
//
// It moves the tag latest to the highest final version, and returns the image's reference,
// HOST/PATH:VERSION@sha256:…. It never overwrites a version, and fails where the image there is of another commit.
// +cache="session"
func (s *Ship) Publish(ctx context.Context) (string, error) {
	r, err := s.one(ctx)
	if err != nil {
		return "", err
	}
	r.targets = nil
	if err := r.run(ctx, pick(r.steps(), "read", "look")); err != nil {
		return "", err
	}
	r.plan.Tag = converge.Step{} // the caller's own affair
	if err := r.run(ctx, pick(r.steps(), "check", "build", "publish", "latest")); err != nil {
		return "", err
	}
	return r.reference(), nil
}

// reference names the image by tag and digest; it is empty where there is none.
func (r *release) reference() string {
	if r.facts.Digest == "" {
		return ""
	}
	return r.facts.Image + "@" + r.facts.Digest
}

func (r *release) build(ctx context.Context) (string, error) {
	made, err := r.made()
	if err != nil {
		return "", err
	}
	if err := r.resolve(); err != nil { // it may go beside check
		return "", err
	}
	container, from := r.Container, "the container given"
	if container == nil {
		container, from = r.dockerBuild(made), r.Dockerfile
	}
	for _, said := range [][2]string{
		{ocispec.AnnotationRevision, r.plan.Commit},
		{ocispec.AnnotationVersion, r.project.Version.Text},
		{ocispec.AnnotationSource, r.remote.URL},
		{ocispec.AnnotationCreated, made.UTC().Format(time.RFC3339)},
	} {
		// a label stays with an image that somebody copies or builds on; an annotation is read without fetching the image's config
		container = container.WithLabel(said[0], said[1]).WithAnnotation(said[0], said[1])
	}
	limited, cancel := context.WithTimeout(ctx, r.buildLimit())
	defer cancel()
	r.container, err = container.Sync(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return "", r.tooLong(ctx, from)
	}
	return "from " + from + " at " + converge.Short(r.plan.Commit), err
}

// buildLimit is how long a build may take. It ends one that waits for a server which never answers, so it is long: the
// network's timeout is for one transfer, and a build may do a dozen of them and compile besides.
func (s *Ship) buildLimit() time.Duration { return buildTimeouts * s.timeout() }

const buildTimeouts = 12

// tooLong is the error of a build that was given up, with what it may have waited for.
func (r *release) tooLong(ctx context.Context, from string) error {
	waits := "a command of its build does not end, or the registry of one of its images does not answer"
	if r.Container == nil {
		limited, cancel := context.WithTimeout(ctx, r.deadline())
		defer cancel()
		text, _ := r.folder().File(r.Dockerfile).Contents(limited) // the error is good without, too
		waits = "a RUN does not end, or the registry of a base image does not answer"
		if bases := dockerfile.Bases(text); len(bases) > 0 {
			waits += " (" + strings.Join(bases, ", ") + ")"
		}
	}
	return fmt.Errorf("%s: not done within %s, %d times --timeout: %s", from, r.buildLimit(), buildTimeouts, waits)
}

// dockerBuild builds the commit's own tree, with its time as every timestamp
// (https://reproducible-builds.org/specs/source-date-epoch/): one commit gives one digest.
func (r *release) dockerBuild(made time.Time) *dagger.Container {
	args := []dagger.BuildArg{{Name: "SOURCE_DATE_EPOCH", Value: fmt.Sprint(made.Unix())}}
	for _, arg := range r.Args {
		key, value, _ := strings.Cut(arg, "=")
		args = append(args, dagger.BuildArg{Name: key, Value: value})
	}
	return r.folder().DockerBuild(dagger.DirectoryDockerBuildOpts{Dockerfile: r.Dockerfile, Target: r.Target, BuildArgs: args})
}

// tree is the source at the version's commit, as the remote has it. The checkout may be of a later commit, and may hold
// what no commit does: a version names what can be had again.
func (r *release) tree() *dagger.Directory {
	options := dagger.GitOpts{}
	address, fetchable := r.remote.Place()
	if r.remote.Token != "" && fetchable { // git takes a token wherever a server leads; that it leads nowhere else, check has seen
		options.HTTPAuthUsername, options.HTTPAuthToken = r.User, dag.SetSecret("ship-token", r.remote.Token)
	}
	return dag.Git(address, options).Commit(r.plan.Commit).Tree(dagger.GitRefTreeOpts{DiscardGitDir: true})
}

// folder is the project's part of the tree.
func (r *release) folder() *dagger.Directory {
	if r.Path == "." {
		return r.tree()
	}
	return r.tree().Directory(r.Path)
}

// publish looks once more before it pushes: another release of the same commit may have been faster.
func (r *release) publish(ctx context.Context) (string, error) {
	switch there, err := r.awaitRival(ctx); {
	case err == nil && there.Revision != r.plan.Commit:
		return "", fmt.Errorf("%s was just published by something else, from commit %q", r.facts.Image, there.Revision)
	case err == nil:
		r.facts.Digest = there.Digest
		return r.reference() + ", pushed by another release of the same commit", nil
	case missing(err) != nil:
		return "", err
	}
	container := r.container
	if r.images.Password != "" {
		container = container.WithRegistryAuth(registry.Host(r.images.Address), r.images.User, dag.SetSecret("ship-password", r.images.Password))
	}
	err := r.try(ctx, "push "+r.facts.Image, func(ctx context.Context) error {
		_, err := container.Publish(ctx, r.facts.Image, dagger.ContainerPublishOpts{RegistryService: r.Service})
		return err
	})
	if err != nil {
		return "", err
	}
	// what stands there counts, should another release of the commit have pushed in the same moment
	there, err := r.images.Look(ctx, r.imageTag)
	if err != nil {
		return "", err
	}
	r.facts.Digest = there.Digest
	return r.reference(), nil
}

// awaitRival looks for the version's image, and where another release of the same commit has pushed the tag, waits for it to push
// the image too: it has built it already, and where builds differ from run to run, a version is to have one digest.
func (r *release) awaitRival(ctx context.Context) (registry.Image, error) {
	until := time.Now()
	if r.rival {
		until = until.Add(r.timeout())
		r.say("waiting for the release that pushed %s to push its image, for %s at most", r.facts.Tag, r.timeout())
	}
	for {
		image, err := r.images.Look(ctx, r.imageTag)
		if !errors.Is(err, registry.ErrNotFound) || !time.Now().Before(until) {
			return image, err
		}
		if err := sleep(ctx, time.Second); err != nil {
			return image, err
		}
	}
}
