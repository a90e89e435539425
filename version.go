package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/gitremote"
	"dagger/ship/internal/manifest"
	"dagger/ship/internal/naming"
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

// Version and name of the project, as its manifest says.
//
// It fails, with file and line, where there is none, where the version is not valid, or where only running code
// would tell it.
// +cache="session"
func (s *Ship) Version(ctx context.Context) (*Version, error) {
	r, err := s.one(ctx)
	if err != nil {
		return nil, err
	}
	project, err := r.readManifest()
	if err != nil {
		return nil, err
	}
	return &Version{project.Name, project.Version.Text, project.Path, project.Version.Prerelease()}, nil
}

// Tag the version's commit on the git remote, where it has no such tag.
//
// The tag is annotated, and never moved. Mind that release builds before it tags, so that a version that does not build gets none.
// +cache="session"
func (s *Ship) Tag(ctx context.Context) (*Tag, error) {
	r, err := s.one(ctx)
	if err != nil {
		return nil, err
	}
	r.targets = nil
	if err := r.run(ctx, pick(r.steps(), "read", "look")); err != nil {
		return nil, err
	}
	r.plan = converge.Plan{Commit: r.plan.Commit, Tag: r.plan.Tag} // the rest is the caller's own affair
	if err := r.run(ctx, pick(r.steps(), "check", "tag")); err != nil {
		return nil, err
	}
	return &Tag{Name: r.facts.Tag, Commit: r.plan.Commit, Pushed: r.plan.Tag.Needed && r.report.Outcome != report.Superseded}, nil
}

func pick(steps []step, names ...string) []step {
	return slices.DeleteFunc(steps, func(s step) bool { return !slices.Contains(names, s.name) })
}

// readManifest reads the one named, or whichever there are in the project's folder.
func (r *release) readManifest() (project manifest.Project, err error) {
	if r.Manifest != "" {
		return r.manifestIn(r.source, path.Join(r.Path, r.Manifest))
	}
	if project, err = manifest.Find(r.source, r.Path); err != nil {
		return manifest.Project{}, err
	}
	return r.named(project)
}

// manifestIn reads one manifest, and what it refers to, in the source or in another tree.
func (r *release) manifestIn(tree manifest.Tree, file string) (manifest.Project, error) {
	project, err := manifest.Read(tree, file)
	if err != nil {
		return manifest.Project{}, err
	}
	return r.named(project)
}

// named gives a project whose manifest has no name, as a VERSION file, the one in ship.toml, or that of its repo on the git remote.
func (r *release) named(project manifest.Project) (manifest.Project, error) {
	if project.Name == "" && r.key != "" {
		project.Name = r.key
	}
	if project.Name == "" {
		remote, err := r.settings.readRemote(r.ctx)
		if err != nil {
			return manifest.Project{}, fmt.Errorf("%s has no name, so that the project is called like its repo: %w", project.Path, err)
		}
		project.Name = strings.TrimSuffix(path.Base(remote), ".git")
	}
	return project, nil
}

func (s *Ship) readHead(ctx context.Context) (string, error) {
	if s.Commit != "" {
		return s.Commit, nil
	}
	return s.gitCheckout(ctx).Head()
}

func (s *Ship) gitCheckout(ctx context.Context) gitremote.Checkout {
	return func(file string) (string, error) { return s.Source.File(file).Contents(ctx) }
}

func (s *Ship) readRemote(ctx context.Context) (string, error) {
	address := s.Remote
	if address == "" {
		var err error
		if address, err = s.gitCheckout(ctx).Origin(); err != nil {
			return "", err
		}
	}
	url, err := gitremote.Address(address)
	if err != nil {
		return "", fmt.Errorf("the git remote's address: %w", err)
	}
	return url, nil
}

func (r *release) lookAtOthers(ctx context.Context) (err error) {
	r.facts.Others, _, err = r.versions(ctx)
	return err
}

// versions are those that are tagged for the project, and their tags by what they are called.
func (r *release) versions(ctx context.Context) (versions []version.Version, tags map[string]gitremote.Tag, err error) {
	template := naming.Template(r.Template)
	found, err := r.remote.Tags(ctx, template.Prefix(r.project.Name))
	tags = map[string]gitremote.Tag{}
	for _, tag := range found {
		if text, is := template.Version(r.project.Name, tag.Name); is {
			if v, err := version.Parse(r.project.Version.Scheme, text); err == nil {
				versions, tags[text] = append(versions, v), tag
			}
		}
	}
	return versions, tags, err
}

// tag claims the version. Another pipeline may have been faster: with the same commit, that is as good.
func (r *release) tag(ctx context.Context) (string, error) {
	tag := gitremote.Tag{Name: r.facts.Tag, Commit: r.plan.Commit}
	var options []string
	if !r.Pipeline {
		options = append(options, "ci.skip") // https://docs.gitlab.com/topics/git/commit/#push-options
	}
	made, err := r.made()
	if err != nil {
		return "", err
	}
	if err := r.remote.PushTag(ctx, tag, "Release "+r.report.Project, made, options...); err != nil {
		// whatever went wrong (a lost race, an answer that never came), what the remote has now is what counts
		tagged, lookErr := r.taggedNow(ctx)
		switch {
		case lookErr != nil:
			return "", fmt.Errorf("%w; whether the tag is there now is unknown: %w", err, lookErr)
		case tagged == tag.Commit:
			r.rival = errors.Is(err, gitremote.ErrExists)
			return fmt.Sprintf("%s is at %s, by this push or another release of the commit", tag.Name, converge.Short(tagged)), nil
		case tagged != "":
			r.plan.Commit, r.report.Commit = tagged, tagged
			return fmt.Sprintf("%s was just claimed at %s", tag.Name, converge.Short(tagged)), errSuperseded
		}
		return "", err
	}
	return fmt.Sprintf("pushed %s at %s", tag.Name, converge.Short(tag.Commit)), nil
}

// taggedNow returns the commit of the version's tag, empty where there is none.
func (r *release) taggedNow(ctx context.Context) (string, error) {
	tags, err := r.remote.Tags(ctx, r.facts.Tag)
	for _, tag := range tags {
		if tag.Name == r.facts.Tag {
			return tag.Commit, nil
		}
	}
	return "", err
}
