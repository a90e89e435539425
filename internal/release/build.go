package release

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/dockerfile"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/logins"
	"dagger/ship/internal/settings"
	"dagger/ship/internal/source"
)

func (r *Release) buildSteps(plan converge.Plan) (steps flow.Group) {
	for i, image := range plan.Images {
		if files := r.read.Images[i].Files; image.Build.Needed && len(files) > 0 {
			image.Build.Why += ", with " + strings.Join(files, ", ") + " of this job"
		}
		steps = append(steps, step(
			r.imageStep("build", i),
			fmt.Sprintf("the build of %s, for %s at most", r.dockerfile(i), buildTimeouts*r.Timeout),
			image.Build,
			func(ctx context.Context) (string, error) { return r.build(ctx, plan.Commit, i) },
		))
	}
	return steps
}

// Build builds the image of the HEAD and pushes nothing. Of several images, it is the named one.
func (r *Release) Build(ctx context.Context, name string) (*dagger.Container, error) {
	if err := r.only(name); err != nil {
		return nil, err
	}
	r.Environments = nil
	if err := r.Read(ctx); err != nil {
		return nil, err
	}
	plan := converge.BuildOf(r.facts.Commit)
	group := append(flow.Group{r.checkStep(plan)}, r.buildSteps(plan)...)
	if err := r.run.Perform(ctx, group); err != nil {
		return nil, err
	}
	return r.made.images[0].containers[0], nil
}

// only leaves the one image that is named, or without a name, the only one.
func (r *Release) only(name string) error {
	var names []string
	for _, image := range r.Settings.Images {
		if image.Name == name {
			r.Settings.Images = []settings.Image{image}
			return nil
		}
		names = append(names, image.Name)
	}
	if names[0] == "" {
		return errors.New("--image: the project has one image, without a name")
	}
	return fmt.Errorf("--image: the project has several images: name one of %s", strings.Join(names, ", "))
}

// dockerfile is an image's, from the project's folder.
func (r *Release) dockerfile(i int) string {
	return path.Join(r.read.Images[i].Context, r.read.Images[i].Dockerfile)
}

// buildContext is what a build sees of a commit.
func (r *Release) buildContext(commit string, i int) *source.Commit {
	return r.commitOf(commit, path.Join(r.Path, r.read.Images[i].Context))
}

func (r *Release) build(ctx context.Context, commit string, i int) (string, error) {
	when, err := r.timeOf(commit)
	if err != nil {
		return "", err
	}
	if err := r.resolve(); err != nil { // it may go beside check
		return "", err
	}
	limit := buildTimeouts * r.Timeout
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	containers, from, err := r.containers(limited, commit, when, i)
	if err != nil {
		return "", err
	}
	for n, container := range containers {
		for _, said := range r.annotations(commit, when) {
			// a label stays with an image that somebody copies or builds on; an annotation is read
			// without fetching the image's config
			container = container.WithLabel(said[0], said[1]).WithAnnotation(said[0], said[1])
		}
		containers[n] = container
	}
	group, gctx := errgroup.WithContext(limited)
	for n := range containers {
		group.Go(func() (err error) {
			if containers[n], err = containers[n].Sync(gctx); err == nil {
				err = isFor(gctx, containers[n], r.read.Images[i].Platforms, n)
			}
			return err
		})
	}
	err = group.Wait()
	r.made.images[i].containers = containers
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return "", fmt.Errorf(
			"%s: not done within %s, %d times --timeout: %s",
			from,
			limit,
			buildTimeouts,
			r.mayWaitFor(ctx, commit, i),
		)
	}
	for _, file := range r.read.Images[i].Files {
		if err != nil && strings.Contains(err.Error(), "/"+path.Base(file)+`": not found`) {
			err = fmt.Errorf("%w\n%s was given to the build: is it in the .dockerignore?", err, file)
		}
	}
	if platforms := r.read.Images[i].Platforms; len(platforms) > 0 {
		from += " for " + strings.Join(platforms, " and ")
		if err != nil && strings.Contains(err.Error(), "exec format error") {
			err = fmt.Errorf(
				"%w\nthis machine cannot run programs of all of %s: have it emulate them (qemu-user-static "+
					"and binfmt), or let the Dockerfile compile on its own platform (FROM --platform=$BUILDPLATFORM)",
				err,
				strings.Join(platforms, ", "),
			)
		}
	}
	if err != nil && logins.Refused(err.Error()) {
		err = onBases{err, r.bases(ctx, commit, i)}
	}
	return "from " + from + " at " + converge.Short(commit) + r.remarkCache(i), err
}

// annotations say of what is published where it comes from
// (https://github.com/opencontainers/image-spec/blob/main/annotations.md).
func (r *Release) annotations(commit string, when time.Time) [][2]string {
	return [][2]string{
		{ocispec.AnnotationRevision, commit},
		{ocispec.AnnotationVersion, r.facts.Name},
		{ocispec.AnnotationSource, r.remote.URL},
		{ocispec.AnnotationCreated, when.UTC().Format(time.RFC3339)},
	}
}

// containers are the image to be, one for each platform, and what they are made from.
func (r *Release) containers(
	ctx context.Context, commit string, when time.Time, i int,
) (all []*dagger.Container, from string, err error) {
	if r.Container != nil {
		if len(r.read.Images) > 1 {
			return nil, "", errors.New("a container was given, but the project has several images")
		}
		return []*dagger.Container{r.Container}, "the container given", nil
	}
	image := r.read.Images[i]
	options := dagger.DirectoryDockerBuildOpts{
		Dockerfile: image.Dockerfile, Target: image.Target, BuildArgs: r.buildArgs(commit, when, image.Args),
	}
	if cache := r.cacheOf(i); cache != "" {
		options.BuildArgs = append(options.BuildArgs, dagger.BuildArg{Name: cacheArg, Value: cache})
	}
	for _, name := range image.Secrets {
		text, err := r.needSecret(name)
		if err != nil {
			return nil, "", err
		}
		options.Secrets = append(options.Secrets, r.Client.SetSecret(name, text))
	}
	if len(image.Platforms) > 0 {
		here, err := r.Client.DefaultPlatform(ctx)
		if err != nil {
			return nil, "", fmt.Errorf("ask for the platform of the machine that builds: %w", err)
		}
		options.BuildArgs = append(platformArgs(here), options.BuildArgs...)
	}
	folder, large, err := r.buildContext(commit, i).Build(ctx, image.Dockerfile, image.Git)
	if err != nil {
		return nil, "", err
	}
	var with []string
	switch {
	case large == 1:
		with = []string{"1 file of Git LFS"}
	case large > 1:
		with = []string{fmt.Sprint(large, " files of Git LFS")}
	}
	label := ""
	for _, file := range image.Files {
		more, digest, err := r.withFile(ctx, folder, i, file)
		if err != nil {
			return nil, "", err
		}
		folder = more
		label = strings.TrimPrefix(label+" "+file+"@"+digest, " ")
	}
	from = r.dockerfile(i)
	if with = append(with, image.Files...); len(with) > 0 {
		from += " with " + strings.Join(with, " and ")
	}
	platforms := image.Platforms
	if len(platforms) == 0 {
		platforms = []string{""} // the machine's
	}
	for _, platform := range platforms {
		options.Platform = dagger.Platform(platform)
		container := folder.DockerBuild(options)
		if label != "" {
			container = container.WithLabel(filesLabel, label).WithAnnotation(filesLabel, label)
		}
		all = append(all, container)
	}
	return all, from, nil
}

// filesLabel says what was in the build besides the commit: FILE@DIGEST, with blanks between them.
const filesLabel = "ship.files"

// withFile is a build's folder with a file or folder of this job's in its place, and its digest.
func (r *Release) withFile(
	ctx context.Context, folder *dagger.Directory, i int, file string,
) (with *dagger.Directory, digest string, err error) {
	_, isFolder, err := inTree(r.Tree, path.Join(r.Path, file))
	if err != nil {
		return nil, "", err
	}
	from := path.Join(r.Path, file)
	to, err := filepath.Rel(path.Join(".", r.read.Images[i].Context), file)
	if err != nil {
		return nil, "", err
	}
	if isFolder {
		found := r.Source.Directory(from)
		digest, err = found.Digest(ctx)
		return folder.WithDirectory(to, found), digest, err
	}
	found := r.Source.File(from)
	digest, err = found.Digest(ctx, dagger.FileDigestOpts{ExcludeMetadata: true})
	return folder.WithFile(to, found), digest, err
}

// checkFiles makes sure that what a build gets besides the commit is there, and of that commit.
func (r *Release) checkFiles(commit string, i int) error {
	image := r.read.Images[i]
	var missing []string
	for _, file := range image.Files {
		if there, _, err := inTree(r.Tree, path.Join(r.Path, file)); err != nil {
			return err
		} else if !there {
			missing = append(missing, file)
		}
	}
	switch {
	case len(missing) > 0:
		return fmt.Errorf(
			"the build of %s gets %s from this job's folder, where it is not: an earlier job makes it, and "+
				"hands it on as an artifact (needs)",
			r.dockerfile(i),
			strings.Join(missing, ", "),
		)
	case len(image.Files) > 0 && commit != r.head:
		return fmt.Errorf(
			"%s is to be built from %s, but %s of this job's folder was made from %s: run the pipeline of "+
				"that commit again",
			r.facts.Images[i].Address,
			converge.Short(commit),
			strings.Join(image.Files, ", "),
			converge.Short(r.head),
		)
	}
	return nil
}

// buildTimeouts is how many timeouts a build may take. It ends one that waits for a server which
// never answers, so it is long: the timeout is for one transfer, and a build may do a dozen of them
// and compile besides.
const buildTimeouts = 12

// mayWaitFor says what a build that was given up may have waited for.
func (r *Release) mayWaitFor(ctx context.Context, commit string, i int) string {
	if r.Container != nil {
		return "a command of its build does not end, or the registry of one of its images does not answer"
	}
	waits := "a RUN does not end, or the registry of a base image does not answer"
	if bases := r.bases(ctx, commit, i); len(bases) > 0 {
		waits += " (" + strings.Join(bases, ", ") + ")"
	}
	return waits
}

// bases are the base images of a commit's Dockerfile, for an error, which is good without them, too.
func (r *Release) bases(ctx context.Context, commit string, i int) []string {
	if r.Container != nil {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, r.Deadline)
	defer cancel()
	text, _ := r.buildContext(commit, i).
		Folder().
		File(r.read.Images[i].Dockerfile).
		Contents(limited)
	return dockerfile.Bases(text)
}

// buildArgs are the Dockerfile's arguments. An empty one counts as not given. What they may refer to is
// the same for one commit, and so is the image. The build may know when the commit was made
// (https://reproducible-builds.org/specs/source-date-epoch/).
func (r *Release) buildArgs(commit string, when time.Time, of []settings.Argument) []dagger.BuildArg {
	args := []dagger.BuildArg{{Name: "SOURCE_DATE_EPOCH", Value: fmt.Sprint(when.Unix())}}
	values := strings.NewReplacer("{version}", r.facts.Name, "{commit}", commit,
		"{created}", when.UTC().Format(time.RFC3339))
	for _, arg := range of {
		if arg.Value == "" { // an engine takes none that is empty
			continue
		}
		args = append(args, dagger.BuildArg{Name: arg.Name, Value: values.Replace(arg.Value)})
	}
	return args
}
