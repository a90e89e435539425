package release

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/manifest"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/version"
)

// Read is what the source says of a project, and what follows from that.
type Read struct {
	Project      manifest.Project
	ImageTag     string // the version as an image's tag has it
	Images       []image
	Chart        registry.Repository // that the chart is published in; without an address, it is not
	Environments []*environment      // in order

	scheme    version.Scheme // of the project's versions, if it has none now; empty: not known
	given     string         // the version or tag that counts, as it was given; empty: the manifest's counts
	committed string         // the version that the manifest says, if another one counts
}

// Title is the project and its version, as tags and GitLab's releases are titled.
func (r Read) Title() string { return strings.TrimSpace(r.Project.Name + " " + r.Project.Version.Text) }

// Read reads what a release needs.
func (r *Release) Read(ctx context.Context) error {
	return r.performRead(ctx, func() (string, error) {
		said, err := r.readAll()
		if err == nil {
			err = r.logIn()
		}
		if r.logins.missing != nil {
			said += "; " + r.logins.missing.Error()
		}
		return said, err
	})
}

// ReadProject reads what suffices to look at environments.
func (r *Release) ReadProject(ctx context.Context) error {
	return r.performRead(ctx, func() (string, error) { return r.readSome(r.readPlaces, r.logInForTools) })
}

// ReadTags reads what suffices to look at environments and at the project's tags.
func (r *Release) ReadTags(ctx context.Context) error {
	return r.performRead(ctx, func() (string, error) {
		return r.readSome(r.readPlaces, r.logInForTools, r.readGit)
	})
}

// performRead performs the step that reads. What is read is shared, so it goes by the call's context.
func (r *Release) performRead(ctx context.Context, read func() (string, error)) error {
	do := func(context.Context) (string, error) { return read() }
	return r.run.Perform(ctx, flow.Group{looks("read", "the source", do)})
}

// readSome reads the manifest, and at the same time what is shared.
func (r *Release) readSome(shared ...func() error) (string, error) {
	var group errgroup.Group
	group.Go(r.readProject)
	for _, read := range shared {
		group.Go(read)
	}
	err := group.Wait()
	if r.read.Project.Name != "" {
		r.run.Report.Project = r.read.Project.Name
	}
	if err == nil {
		r.read.Environments, err = r.environments()
	}
	return r.read.Project.Path + " says " + r.read.Project.Name, err
}

// readAll finds out what the source says, and derives what was not given.
func (r *Release) readAll() (string, error) {
	if _, err := r.readSome(r.readPlaces, r.readGit, r.readCommit, r.readPassword, r.readLogins); err != nil {
		return "", err
	}
	project := r.read.Project
	r.facts.Commit, r.facts.Version, r.facts.Name = r.head, project.Version, project.Version.Text
	r.run.Report.Project, r.run.Report.Commit = r.read.Title(), r.head

	var err error
	if r.facts.None == "" {
		if r.read.ImageTag, err = naming.ImageTag(r.facts.Name); err != nil {
			return "", fmt.Errorf("%s: %w", project.Path, err)
		}
		if r.facts.Tag, err = r.Template.Tag(project.Name, r.facts.Name); err != nil {
			return "", err
		}
	}
	if err := r.readImages(); err != nil {
		return "", err
	}
	r.facts.Images = r.missingImages()
	if err := r.readChart(); err != nil {
		return "", err
	}
	if r.facts.None != "" {
		return fmt.Sprintf("%s, HEAD is %s: %s", project.Name, converge.Short(r.head), r.facts.None), nil
	}
	return fmt.Sprintf("%s, HEAD is %s", r.says(), converge.Short(r.head)), nil
}

// Places are where a project's release writes to.
type Places struct {
	Name     string
	Scheme   version.Scheme
	Tag      string
	Images   []string
	Releases []string // of Helm's, with their namespaces
}

// Places reads the project, if that has not been done, and returns where its release writes to.
func (r *Release) Places() (Places, error) {
	if r.facts.Commit == "" {
		if _, err := r.readAll(); err != nil {
			return Places{}, err
		}
	}
	p := Places{
		Name:   r.read.Project.Name,
		Scheme: r.scheme(),
		Tag:    r.facts.Tag,
		Images: r.addresses(),
	}
	for _, e := range r.read.Environments {
		if e.unnamed == nil {
			p.Releases = append(p.Releases, e.where())
		}
	}
	return p, nil
}
