package release

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"dagger/ship/internal/manifest"
	"dagger/ship/internal/settings"
	"dagger/ship/internal/version"
)

// Version reads the project's name and version and nothing else.
func (r *Release) Version() (manifest.Project, error) {
	if err := r.readProject(); err != nil {
		return manifest.Project{}, err
	}
	if r.read.Project.Version.Text == "" {
		return r.read.Project, fmt.Errorf("%s has no version here: %s", r.read.Project.Name, r.facts.None)
	}
	return r.read.Project, nil
}

// HasVersion tells whether there is a version to release, once the project has been read.
func (r *Release) HasVersion() bool { return r.facts.None == "" }

// readProject finds out what the project is called and which version of it is to be released.
func (r *Release) readProject() (err error) {
	if r.preview {
		name, _, at := manifest.Named(r.Tree, r.Path, r.Manifest)
		r.facts.None = "a preview shows the commit itself"
		r.read.Project, err = r.named(manifest.Project{Name: name, Path: cmp.Or(at, "the repo")})
		return err
	}
	outside := r.Settings.Version != "" || r.From == settings.FromTag || r.From == settings.FromGiven
	none := !outside && r.From == settings.FromAny && r.snapshots && r.Manifest == "" && !manifest.Any(r.Tree, r.Path)
	if !outside && !none {
		r.read.Project, err = r.readManifest()
		return err
	}
	name, scheme, at := manifest.Named(r.Tree, r.Path, r.Manifest)
	r.read.scheme = scheme
	if r.read.Project, err = r.named(manifest.Project{Name: name, Path: cmp.Or(at, "the repo")}); err != nil {
		return err
	}
	switch {
	case none:
		r.facts.None = "there is no manifest, and no version was given"
		return nil
	case r.Settings.Version == "":
		r.facts.None = "no version was given, and ship.toml says that versions are given"
		if r.From == settings.FromTag {
			r.facts.None = "no tag was given, and ship.toml says that versions come from tags"
		}
		return nil
	}
	return r.readGiven(scheme)
}

// readGiven reads the version that was given: it is one, or the tag of one.
func (r *Release) readGiven(scheme version.Scheme) error {
	name, given := r.read.Project.Name, r.Settings.Version
	text, isTag := r.Template.Version(name, given)
	if isTag {
		if _, err := version.Given(scheme, text); err != nil {
			isTag = false
		}
	}
	switch {
	case !isTag && r.From == settings.FromTag, !isTag && r.Key != "" && r.Several:
		r.facts.None = fmt.Sprintf("%s is no tag of %s, which are named %s", given, name,
			strings.NewReplacer("{name}", name, "{version}", "VERSION").Replace(string(r.Template)))
		if r.From == settings.FromTag && !r.Several {
			return fmt.Errorf("--version: %s", r.facts.None)
		}
		return nil
	case !isTag:
		text = given
	}
	// a template of the version alone makes tags that are called like it: those may be pushed by Ship, unless ship.toml
	// says that people do
	r.facts.Pushed = isTag && (text != given || r.From == settings.FromTag)
	v, err := version.Given(scheme, text)
	if err != nil {
		return fmt.Errorf("--version: %w", err)
	}
	r.read.Project.Version, r.read.given = v, given
	if said, err := r.readManifest(); err == nil {
		r.read.committed = said.Version.Text
	}
	return nil
}

// says is what the source says of the version, and if a manifest says another one, which counts.
func (r *Release) says() string {
	p := r.read.Project
	switch {
	case r.read.given == "":
		return p.Path + " says " + r.read.Title()
	case r.read.committed != "" && r.read.committed != p.Version.Text:
		return fmt.Sprintf("%s is %s, as --version says; what %s says, %s, does not count", p.Name, p.Version.Text,
			p.Path, r.read.committed)
	}
	return fmt.Sprintf("%s is %s, as --version says", p.Name, p.Version.Text)
}

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
