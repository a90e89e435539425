// Package bump writes another version into a project's manifest, at the place that Ship reads it from,
// and into the lock files that repeat it: a tree and a version in, changed files out. Every other byte
// stays. What is written is read back before it is returned.
package bump

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"dagger/ship/internal/manifest"
	"dagger/ship/internal/position"
	"dagger/ship/internal/version"
)

// Change is a file that has the new version.
type Change struct {
	Path     string // relative to the tree's root
	Old, New []byte
}

// Set writes a version into the project that a folder of the tree holds ("." is the root), or into the one
// whose manifest is named by its file, relative to the root. It returns the files that change, by
// their paths; none if the version is there already. Its error says, with file and line, what cannot
// be set by an edit of one place.
func Set(tree manifest.Tree, folder, file, text string) ([]Change, error) {
	e := newEditor(tree)
	manifests := []string{path.Clean(file)}
	if path.IsAbs(file) || strings.HasPrefix(path.Clean(file), "..") {
		return nil, fmt.Errorf("%.200q leads out of the repo: write it relative to the repo's root", file)
	}
	if file == "" {
		var err error
		if manifests, err = manifest.All(e.tree(), folder); err != nil {
			return nil, err
		}
	}
	for _, file := range manifests {
		if err := e.set(file, text); err != nil {
			return nil, err
		}
	}
	if file == "" {
		if project, err := manifest.Find(e.tree(), folder); err != nil {
			return nil, fmt.Errorf("read back %s: %w", manifests[0], err)
		} else if project.Version.Text != text {
			return nil, fmt.Errorf("%s reads as %s after %s was written: write the version yourself", project.Path,
				project.Version.Text, text)
		}
	}
	return e.changes(), nil
}

// set writes a version into one manifest, into what repeats it, and into lock files.
func (e *editor) set(file, text string) error {
	was, err := manifest.Locate(e.tree(), file)
	if err != nil {
		return err
	}
	if _, err := version.Parse(was.Version.Scheme, text); err != nil {
		return err
	}
	if was.Version.Text != text {
		if err := e.setParts(was, text); err != nil {
			return err
		}
		if err := e.setCopies(was, text); err != nil {
			return err
		}
		if err := e.readBack(was, text); err != nil {
			return err
		}
	}
	return e.setLocks(was.Project, text)
}

// setParts sets the one of the parts of a version that makes it the new one.
func (e *editor) setParts(was manifest.Places, text string) error {
	holder, err := manifest.Read(e.tree(), was.Holder)
	if err != nil {
		return err
	}
	reads := func() bool {
		now, err := manifest.Read(e.tree(), was.Holder)
		return err == nil && now.Version.Text == text && now.Name == holder.Name
	}
	for _, part := range was.Parts {
		for _, with := range replacements(was.Version.Text, part.Text, text) {
			if found, err := e.try(part, with, reads); found || err != nil {
				return err
			}
		}
	}
	if len(was.Parts) == 0 {
		return &position.Fault{Path: was.Path, Text: "the place of the version is not known: write the version " +
			"yourself"}
	}
	at := &position.Fault{Path: was.Parts[0].Path, Line: was.Parts[0].Line}
	at.Text = fmt.Sprintf("no edit of one place makes %s of %s", text, was.Version.Text)
	if len(was.Parts) > 1 {
		var of []string
		for _, part := range was.Parts {
			of = append(of, fmt.Sprintf("%s:%d", part.Path, part.Line))
		}
		at.Text += ", which is made of several: " + strings.Join(of, ", ")
	}
	at.Text += ": write the version as one text, or set it yourself"
	return at
}

// replacements are what a part of a version may become, so that the whole becomes another one. At last a
// part may go, and with it what the reader puts before it, as MSBuild does before a VersionSuffix.
func replacements(whole, part, text string) (all []string) {
	if part == "" {
		return nil
	}
	for from := 0; from+len(part) <= len(whole); from++ {
		before, after := whole[:from], whole[from+len(part):]
		if whole[from:from+len(part)] == part && strings.HasPrefix(text, before) && strings.HasSuffix(text, after) &&
			len(text) >= len(before)+len(after) {
			all = append(all, text[len(before):len(text)-len(after)])
		}
	}
	return append(all, "")
}

// setCopies sets the places that repeat a version.
func (e *editor) setCopies(was manifest.Places, text string) error {
	for _, one := range was.Copies {
		before := e.copiesAt(was.Holder, one, text)
		reads := func() bool { return e.copiesAt(was.Holder, one, text) == before+1 }
		if found, err := e.try(one, text, reads); err != nil {
			return err
		} else if !found {
			return &position.Fault{
				Path: one.Path,
				Line: one.Line,
				Text: fmt.Sprintf("%s is written here in a way that is not known: set it to %s yourself", one.Text,
					text),
			}
		}
	}
	return nil
}

// copiesAt counts the places on a line that repeat the version of a manifest by now.
func (e *editor) copiesAt(holder string, place manifest.Place, text string) (count int) {
	now, err := manifest.Locate(e.tree(), holder)
	if err != nil {
		return -1
	}
	for _, other := range now.Copies {
		if other.Path == place.Path && other.Line == place.Line && other.Text == text {
			count++
		}
	}
	return count
}

// readBack makes sure that a manifest reads as before but for the version.
func (e *editor) readBack(was manifest.Places, text string) error {
	now, err := manifest.Locate(e.tree(), was.Path)
	if err != nil {
		return fmt.Errorf("read back %s: %w", was.Path, err)
	}
	same := now.Name == was.Name && now.Version.Text == text && len(now.Copies) == len(was.Copies) &&
		!slices.ContainsFunc(now.Copies, func(copy manifest.Place) bool { return copy.Text != text })
	if !same {
		return &position.Fault{
			Path: was.Path,
			Text: fmt.Sprintf("it reads as %s %s after %s was written, and has that at %d places more instead of %d: "+
				"set the version yourself", now.Name, now.Version.Text, text, len(now.Copies), len(was.Copies)),
		}
	}
	return nil
}

// changes are the files that differ from what they were.
func (e *editor) changes() (all []Change) {
	for file, data := range e.edited {
		if old := e.read[file]; string(old) != string(data) {
			all = append(all, Change{file, old, data})
		}
	}
	slices.SortFunc(all, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	return all
}
