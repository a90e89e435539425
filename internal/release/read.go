package release

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/cluster"
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
	Images       registry.Repository
	Environments []*cluster.Environment // in order

	unnamed error // why Helm cannot take the project's name; nil: it can
}

// Title is the project and its version, as tags and GitLab's releases are titled.
func (r Read) Title() string { return r.Project.Name + " " + r.Project.Version.Text }

// Read reads what a release needs.
func (r *Release) Read(ctx context.Context) error { return r.performRead(ctx, r.readAll) }

// ReadProject reads what suffices to look at environments.
func (r *Release) ReadProject(ctx context.Context) error {
	return r.performRead(ctx, func() (string, error) { return r.readSome(r.readKubeconfig, r.logInForTools) })
}

// ReadTags reads what suffices to look at environments and at the project's tags.
func (r *Release) ReadTags(ctx context.Context) error {
	return r.performRead(ctx, func() (string, error) {
		return r.readSome(r.readKubeconfig, r.logInForTools, r.readGit)
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
	group.Go(func() (err error) { r.read.Project, err = r.readManifest(); return })
	for _, read := range shared {
		group.Go(read)
	}
	err := group.Wait()
	if r.read.Project.Name != "" {
		r.run.Report.Project = r.read.Project.Name
	}
	if r.read.Project.Name != "" {
		r.read.Environments = r.environments()
	}
	return r.read.Project.Path + " says " + r.read.Project.Name, err
}

// readAll finds out what the source says, and derives what was not given.
func (r *Release) readAll() (string, error) {
	if _, err := r.readSome(r.readKubeconfig, r.readGit, r.readCommit, r.readPassword); err != nil {
		return "", err
	}
	project := r.read.Project
	r.facts.Commit, r.facts.Version = r.head, project.Version
	r.run.Report.Project, r.run.Report.Commit = r.read.Title(), r.head

	var err error
	if r.read.ImageTag, err = naming.ImageTag(project.Version.Text); err != nil {
		return "", fmt.Errorf("%s: %w", project.Path, err)
	}
	address, err := r.address()
	if err != nil {
		return "", err
	}
	r.read.Images.Address = address
	r.read.Images.Account, err = r.accounts.Get(
		registry.Host(address),
		func() (*registry.Account, error) { return r.account(r.Settings, address) },
	)
	if err != nil {
		return "", err
	}
	if err := r.logIn(); err != nil {
		return "", err
	}
	r.facts.Image = address + ":" + r.read.ImageTag
	if r.facts.Tag, err = r.Template.Tag(project.Name, project.Version.Text); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s says %s, HEAD is %s", project.Path, r.read.Title(), converge.Short(r.head)), nil
}

// Version reads the project's manifest and nothing else.
func (r *Release) Version() (manifest.Project, error) { return r.readManifest() }

// readManifest reads the one named, or whichever there are in the project's folder.
func (r *Release) readManifest() (project manifest.Project, err error) {
	if r.Manifest != "" {
		return r.manifestIn(r.Tree, path.Join(r.Path, r.Manifest))
	}
	if project, err = manifest.Find(r.Tree, r.Path); err != nil {
		return manifest.Project{}, err
	}
	return r.named(project)
}

// manifestIn reads one manifest, and what it refers to, in the source or in another tree.
func (r *Release) manifestIn(tree manifest.Tree, file string) (manifest.Project, error) {
	project, err := manifest.Read(tree, file)
	if err != nil {
		return manifest.Project{}, err
	}
	return r.named(project)
}

// named gives a project whose manifest has no name, as a VERSION file, the one in ship.toml, or
// that of its repo on the git remote.
func (r *Release) named(project manifest.Project) (manifest.Project, error) {
	if project.Name == "" {
		project.Name = r.Key
	}
	if project.Name == "" {
		remote, err := r.origin()
		if err != nil {
			return manifest.Project{}, fmt.Errorf(
				"%s has no name, so that the project is called like its repo: %w",
				project.Path,
				err,
			)
		}
		project.Name = strings.TrimSuffix(path.Base(remote), ".git")
	}
	return project, nil
}

// address is where the image goes.
func (r *Release) address() (string, error) {
	address := r.Image
	if address == "" {
		if r.Registry == "" {
			return "", errors.New("no image: give its address with --image, or --registry to name it after the project")
		}
		address = r.Registry + "/" + naming.Image(r.read.Project.Name)
	}
	return address, registry.Check(address)
}

// environments are the project's, once its name is known. A name that Helm cannot take is an error only
// if they are to be reached.
func (r *Release) environments() (all []*cluster.Environment) {
	name, err := naming.Release(r.read.Project.Name)
	r.read.unnamed = err
	for _, e := range r.Flat() {
		all = append(all, &cluster.Environment{
			Cluster:     r.Cluster,
			Target:      e.Target,
			Release:     name,
			Keys:        r.Keys,
			Prereleases: e.Prereleases,
			ByName:      r.byName,
			Tools:       r.tools(),
			Say:         r.say,
		})
	}
	return all
}

// mayReach is an error if an environment cannot be reached.
func (r *Release) mayReach(environment string) error {
	if !r.hasKubeconfig {
		return fmt.Errorf("environment %s: no kubeconfig was given: name one with --kubeconfig", environment)
	}
	if r.noContext != nil {
		return r.noContext
	}
	return r.read.unnamed
}

// Places are where a project's release writes to.
type Places struct {
	Name     string
	Scheme   version.Scheme
	Tag      string
	Image    string
	Releases []string // of Helm's, with their namespaces
}

// Places reads the project, if that has not been done, and returns where its release writes to.
func (r *Release) Places() (Places, error) {
	if r.facts.Tag == "" {
		if _, err := r.readAll(); err != nil {
			return Places{}, err
		}
	}
	p := Places{
		Name:   r.read.Project.Name,
		Scheme: r.read.Project.Version.Scheme,
		Tag:    r.facts.Tag,
		Image:  r.read.Images.Address,
	}
	for _, e := range r.read.Environments {
		if r.read.unnamed != nil {
			break
		}
		p.Releases = append(p.Releases, e.Release+" in "+e.Namespace)
	}
	return p, nil
}
