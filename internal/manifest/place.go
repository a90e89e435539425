package manifest

import (
	"cmp"
	"errors"
	"path"
)

// Place is where a text stands that is a version or a part of one.
type Place struct {
	Path string // of the file, relative to the tree's root
	Line int    // from 1: the text is on this line, or begins a few lines below
	Text string // as it is read: the file may write it with escapes

	parentOf *pom // set if it is the version of this pom's <parent>
}

// Places is where a project's version stands.
type Places struct {
	Project
	Holder string  // the manifest that the parts belong to: the project's own, or that of a parent
	Parts  []Place // that the version is made of: one, except for properties that it refers to
	Copies []Place // that repeat it and must change with it, as the <parent> of Maven's modules
}

// Locate reads a manifest as Read does, and says where the version stands. Its error is a
// *position.Fault too if that is in another repo.
func Locate(tree Tree, file string) (Places, error) {
	f := &files{tree: tree}
	d, project, err := readDocument(f, path.Clean(file))
	if err != nil {
		return Places{}, err
	}
	if d.locate != nil {
		if err := d.locate(); err != nil {
			return Places{}, err
		}
	}
	return Places{project, cmp.Or(d.holder, project.Path), d.parts, d.copies}, nil
}

// All returns the manifests that say the version of the one project in a folder: the one that Find
// reads first, and those that agree with it.
func All(tree Tree, folder string) ([]string, error) {
	f := &files{tree: tree}
	first, err := Find(f.asTree(), folder)
	if err != nil {
		return nil, err
	}
	entries, err := f.list(folder)
	if err != nil {
		return nil, err
	}
	all := []string{first.Path}
	for _, entry := range entries {
		file := path.Join(folder, entry)
		if file == first.Path || formatOf(file) < 0 {
			continue
		}
		if project, err := read(&files{tree: f.asTree()}, file); err == nil &&
			project.Version.Text == first.Version.Text {
			all = append(all, file)
		}
	}
	return all, nil
}

// asTree is the tree with what has been listed so far.
func (f *files) asTree() Tree { return Tree{List: f.list, Contents: f.tree.Contents} }

// errNotHere says that a version is a parent's of which the repo knows nothing more.
var errNotHere = errors.New("the version is that of the <parent>, which is not in this repo: write a <version> of " +
	"the project's own")
