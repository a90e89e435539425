// Package manifest reads a project's name and version out of its manifest, as the ecosystem's own
// tool does, but without running code: a tree of files in, a Project out. The function that reads a
// format cites its specification.
package manifest

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"dagger/ship/internal/foreign"
	"dagger/ship/internal/position"
	"dagger/ship/internal/version"
)

// Project is what a manifest says.
type Project struct {
	Name    string // empty if the format has none, as a VERSION file
	Version version.Version
	Path    string // the manifest, relative to the tree's root
}

// Tree is where manifests are read from. Paths are relative to its root, with slashes.
type Tree struct {
	// List returns the names of what is in a folder; those of folders may end in a slash.
	List func(folder string) ([]string, error)
	// Contents returns a file's bytes.
	Contents func(file string) ([]byte, error)
}

// ErrNoProject is returned, wrapped, for a manifest that describes no project with a version of its
// own: a pyproject.toml that only configures tools, a private package.json without a version.
var ErrNoProject = errors.New("no project with a version")

// Read reads the manifest at file, whose base name says which format it is in, and those of its
// neighbours that are needed. Its error is a *position.Fault, wraps ErrNoProject, or is one of the
// tree's own.
func Read(tree Tree, file string) (Project, error) {
	return read(&files{tree: tree}, path.Clean(file))
}

// Find returns the one project that the tree's folder holds ("." is the root), that of the first
// manifest in the order of Files. Manifests without a project are skipped, and so are faulty ones
// after the first; an error lists those that disagree on the version.
func Find(tree Tree, folder string) (Project, error) {
	f := &files{tree: tree}
	entries, err := f.list(folder)
	if err != nil {
		return Project{}, err
	}
	var found []Project
	var without []error
	for _, format := range formats {
		for _, file := range entries {
			if is, _ := path.Match(format.pattern, file); !is {
				continue
			}
			project, err := read(f, path.Join(folder, file))
			if errors.Is(err, ErrNoProject) {
				without = append(without, err)
				continue
			}
			// a faulty manifest beside a good one belongs to a tool; but setup.py may be the
			// project's own
			if err != nil && len(found) > 0 && file != "setup.py" && errors.As(err, new(*position.Fault)) {
				continue
			}
			if err != nil {
				return Project{}, err
			}
			found = append(found, project)
		}
	}
	switch {
	case len(found) == 0 && len(without) > 0:
		return Project{}, errors.Join(append(without, errors.New(advice(f, folder, entries)))...)
	case len(found) == 0:
		where := "at the root of the source"
		if folder != "." {
			where = "in " + folder
		}
		return Project{}, fmt.Errorf("no manifest %s: looked for %s; %s", where, strings.Join(Files(), ", "),
			advice(f, folder, entries))
	}
	if slices.ContainsFunc(found, func(p Project) bool { return p.Version.Text != found[0].Version.Text }) {
		return Project{}, disagreement(found)
	}
	return found[0], nil
}

func disagreement(found []Project) error {
	var says []string
	for _, p := range found {
		says = append(says, fmt.Sprintf("%s says %s", p.Path, strings.TrimSpace(p.Name+" "+p.Version.Text)))
	}
	return fmt.Errorf("%s: name the one to follow with --manifest", strings.Join(says, ", "))
}

// Files returns the base names, or patterns, of the manifests that can be read, the first to be
// looked for first.
func Files() []string {
	var patterns []string
	for _, format := range formats {
		patterns = append(patterns, format.pattern)
	}
	return patterns
}

// formatOf is the index of the format that a file is in by its base name, -1 if that is none.
func formatOf(file string) int {
	return slices.IndexFunc(formats, func(format format) bool {
		is, _ := path.Match(format.pattern, path.Base(file))
		return is
	})
}

func read(f *files, file string) (Project, error) {
	_, project, err := readDocument(f, file)
	return project, err
}

func readDocument(f *files, file string) (*document, Project, error) {
	at := formatOf(file)
	if at < 0 {
		return nil, Project{}, fmt.Errorf("%.200s is not a manifest that Ship reads: use one of %s",
			foreign.Visible(file),
			strings.Join(Files(), ", "))
	}
	d, err := f.open(file)
	if err != nil {
		return nil, Project{}, err
	}
	d.scheme = formats[at].scheme
	if err := formats[at].read(d); err != nil {
		return nil, Project{}, err
	}
	if err := d.check(); err != nil {
		return nil, Project{}, err
	}
	v, err := version.Parse(d.scheme, d.version)
	if err != nil {
		return nil, Project{}, &position.Fault{Path: d.versionPath, Line: d.versionLine, Text: err.Error()}
	}
	return d, Project{Name: d.name, Version: v, Path: file}, nil
}
