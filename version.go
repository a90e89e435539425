package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/gitremote"
	"dagger/ship/internal/manifest"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/report"
	"dagger/ship/internal/version"
)

// Version is what a project's manifest says.
type Version struct {
	// The project's name
	Name string
	// The version, letter for letter
	Version string
	// The manifest that they come from, relative to the source
	Manifest string
	// Whether the version comes before a final release, as 1.4.0-rc.1 does
	Prerelease bool
}

// Tag is a tag on the git remote.
type Tag struct {
	// The tag's name, as shop-1.4.0
	Name string
	// The commit that it peels to
	Commit string
	// Whether this call pushed it; false: it was there
	Pushed bool
}

// Version reads the project's name and version from its manifest.
//
// It fails, with file and line, where there is none, where the version is not valid, or where only running code
// would tell it.
// +cache="session"
func (s *Ship) Version(ctx context.Context) (*Version, error) {
	project, err := s.readManifest(ctx)
	if err != nil {
		return nil, err
	}
	return &Version{project.Name, project.Version.Text, project.Path, project.Version.Prerelease()}, nil
}

// Tag pushes the version's annotated tag where the git remote does not have it.
//
// It never moves a tag. Mind that Release builds before it tags, so that a version that does not build gets none.
// +cache="session"
func (s *Ship) Tag(ctx context.Context) (*Tag, error) {
	r := s.begin()
	r.targets = nil
	if err := r.run(ctx, pick(r.steps(), "read", "look", "check", "tag")); err != nil {
		return nil, err
	}
	return &Tag{Name: r.facts.Tag, Commit: r.plan.Commit, Pushed: r.plan.Tag.Needed && r.report.Outcome != report.Superseded}, nil
}

func pick(steps []step, names ...string) []step {
	return slices.DeleteFunc(steps, func(s step) bool { return !slices.Contains(names, s.name) })
}

// readManifest reads the one named, or whichever there are at the root.
func (s *Ship) readManifest(ctx context.Context) (manifest.Project, error) {
	if s.Manifest != "" {
		data, err := s.Source.File(s.Manifest).Contents(ctx)
		if err != nil {
			return manifest.Project{}, fmt.Errorf("read --manifest %s: %w", s.Manifest, err)
		}
		return manifest.Parse(path.Clean(s.Manifest), []byte(data))
	}
	entries, err := s.Source.Entries(ctx)
	if err != nil {
		return manifest.Project{}, fmt.Errorf("list the source: %w", err)
	}
	manifests := map[string][]byte{}
	for _, file := range manifest.Files {
		if slices.Contains(entries, file) {
			data, err := s.Source.File(file).Contents(ctx)
			if err != nil {
				return manifest.Project{}, fmt.Errorf("read %s: %w", file, err)
			}
			manifests[file] = []byte(data)
		}
	}
	return manifest.Choose(manifests)
}

// read finds out what the source says, and derives what was not given.
func (r *release) read(ctx context.Context) (string, error) {
	var token, password, kubeconfig string
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { r.project, err = r.readManifest(gctx); return })
	group.Go(func() (err error) { r.facts.Commit, err = r.readCommit(gctx); return })
	group.Go(func() (err error) { r.remote.URL, err = r.readRemote(gctx); return })
	group.Go(func() (err error) { token, err = secretText(gctx, "token", r.Token); return })
	group.Go(func() (err error) { password, err = secretText(gctx, "password", r.Password); return })
	group.Go(func() (err error) { kubeconfig, err = secretText(gctx, "kubeconfig", r.Kubeconfig); return })
	err := group.Wait()
	r.redactor.Add(token, password, kubeconfig)
	if err != nil {
		return "", err
	}
	r.hasKubeconfig = kubeconfig != ""
	r.remote.User, r.remote.Token = r.User, token
	r.facts.Version = r.project.Version
	r.report.Project = r.project.Name + " " + r.project.Version.Text
	r.report.Commit = r.facts.Commit

	if r.facts.Tag, err = naming.Template(r.Template).Tag(r.project.Name, r.project.Version.Text); err != nil {
		return "", err
	}
	if err = naming.CheckImageTag(r.project.Version.Text); err != nil {
		return "", fmt.Errorf("%s: %w", r.project.Path, err)
	}
	if r.images.Address, err = r.address(); err != nil {
		return "", err
	}
	r.images.User, r.images.Password, r.images.PlainHTTP = r.Login, password, r.Insecure
	r.facts.Image = r.images.Address + ":" + r.project.Version.Text
	return fmt.Sprintf("%s says %s, HEAD is %s", r.project.Path, r.report.Project, converge.Short(r.facts.Commit)), nil
}

func (s *Ship) readCommit(ctx context.Context) (string, error) {
	if s.Commit != "" {
		return s.Commit, nil
	}
	return gitremote.Head(func(file string) (string, error) {
		return s.Source.File(path.Join(".git", file)).Contents(ctx)
	})
}

func (s *Ship) readRemote(ctx context.Context) (string, error) {
	address := s.Remote
	if address == "" {
		config, err := s.Source.File(".git/config").Contents(ctx)
		if err != nil {
			return "", errors.New("the source is no git checkout (there is no .git/config): name the remote with --remote")
		}
		if address, err = gitremote.Origin(config); err != nil {
			return "", err
		}
	}
	url, err := gitremote.Address(address)
	if err != nil {
		return "", fmt.Errorf("the git remote's address: %w", err)
	}
	return url, nil
}

// address is where the image goes.
func (r *release) address() (string, error) {
	address := r.Address
	if address == "" {
		if r.Registry == "" {
			return "", errors.New("no image: give its address with --image, or --registry to name it after the project")
		}
		address = r.Registry + "/" + naming.Image(r.project.Name)
	}
	return address, registry.Check(address)
}

// look sees what there is, all at once, and decides what is missing.
func (r *release) look(ctx context.Context) (string, error) {
	r.facts.Environments = make([]converge.Environment, len(r.targets))
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { r.facts.Tagged, err = r.tagged(gctx); return })
	group.Go(func() error {
		image, err := r.images.Look(gctx, r.project.Version.Text)
		r.facts.Digest, r.facts.Revision = image.Digest, image.Revision
		return missing(err)
	})
	group.Go(func() error {
		image, err := r.images.Look(gctx, "latest")
		r.facts.Latest = image.Digest
		return missing(err)
	})
	for i, target := range r.targets {
		group.Go(func() (err error) { r.facts.Environments[i], err = r.environment(gctx, target); return })
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	// only a change can be one backwards, so only then the other versions matter
	if r.facts.Tagged == "" || r.facts.Latest != r.facts.Digest {
		if err := r.lookAtOthers(ctx); err != nil {
			return "", err
		}
	}
	var err error
	r.plan, err = converge.Decide(r.facts, converge.Options{Maintenance: r.Maintenance})
	if err != nil {
		return "", err
	}
	return r.plan.Anything().Why, nil
}

func missing(err error) error {
	if errors.Is(err, registry.ErrNotFound) {
		return nil
	}
	return err
}

// tagged returns the commit of the version's tag, empty where there is none.
func (r *release) tagged(ctx context.Context) (string, error) {
	tags, err := r.remote.Tags(ctx, r.facts.Tag)
	for _, tag := range tags {
		if tag.Name == r.facts.Tag {
			return tag.Commit, nil
		}
	}
	return "", err
}

func (r *release) lookAtOthers(ctx context.Context) error {
	template := naming.Template(r.Template)
	tags, err := r.remote.Tags(ctx, template.Prefix(r.project.Name))
	for _, tag := range tags {
		if text, is := template.Version(r.project.Name, tag.Name); is {
			if v, err := version.Parse(r.project.Version.Scheme, text); err == nil {
				r.facts.Others = append(r.facts.Others, v)
			}
		}
	}
	return err
}

// check makes sure that what is to come can succeed: credentials with the rights, a commit that the remote has, a
// chart that renders.
func (r *release) check(ctx context.Context) (string, error) {
	group, gctx := errgroup.WithContext(ctx)
	if r.plan.Tag.Needed {
		group.Go(func() error { return r.remote.CheckPush(gctx) })
	}
	if r.plan.Tag.Needed || r.plan.Build.Needed {
		group.Go(func() (err error) { r.made, err = r.remote.CommitTime(gctx, r.plan.Commit); return })
	}
	if r.plan.Publish.Needed || r.plan.Latest.Needed {
		group.Go(func() error { return r.images.CheckPush(gctx) })
	}
	if r.Container != nil && r.plan.Build.Needed && r.plan.Commit != r.facts.Commit {
		return "", fmt.Errorf("%s is tagged at %s, but the container given was made from %s: check out the tag and make it from there",
			r.report.Project, converge.Short(r.plan.Commit), converge.Short(r.facts.Commit))
	}
	for i, target := range r.targets {
		if r.plan.Deploy[i].Needed {
			group.Go(func() error { return r.render(gctx, target) })
		}
	}
	return "credentials, commit and chart are good", group.Wait()
}

// tag claims the version. Another pipeline may have been faster: with the same commit, that is as good.
func (r *release) tag(ctx context.Context) (string, error) {
	tag := gitremote.Tag{Name: r.facts.Tag, Commit: r.plan.Commit}
	err := r.remote.PushTag(ctx, tag, "Release "+r.report.Project, r.made)
	if errors.Is(err, gitremote.ErrExists) {
		tagged, lookErr := r.tagged(ctx)
		switch {
		case lookErr != nil:
			return "", lookErr
		case tagged == tag.Commit:
			return fmt.Sprintf("%s at %s, pushed by another release of the same commit", tag.Name, converge.Short(tagged)), nil
		case tagged != "":
			return fmt.Sprintf("%s was just claimed at %s", tag.Name, converge.Short(tagged)), errSuperseded
		}
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("pushed %s at %s", tag.Name, converge.Short(tag.Commit)), nil
}
