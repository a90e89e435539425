package bump

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"dagger/ship/internal/manifest"
	"dagger/ship/internal/position"
)

// setLocks writes a project's new version into the lock files that have it.
func (e *editor) setLocks(was manifest.Project, text string) error {
	switch path.Base(was.Path) {
	case "package.json":
		return e.setNPM(was.Path, text)
	case "Cargo.toml":
		return e.setCargo(was, text)
	case "composer.json":
		return e.setComposer(was.Path)
	case "pyproject.toml", "setup.cfg":
		return e.setUV(was, text)
	}
	return nil
}

// above calls do for the files of a name in a folder and in those above it, with the folder relative
// to the file's, until it says that it is done.
func (e *editor) above(folder, name string, do func(file, relative string) (done bool, err error)) error {
	for at, relative := folder, "."; ; {
		file := path.Join(at, name)
		if exists, err := e.has(file); err != nil {
			return err
		} else if exists {
			if done, err := do(file, relative); done || err != nil {
				return err
			}
		}
		if at == "." {
			return nil
		}
		relative = path.Join(path.Base(at), relative)
		at = path.Dir(at)
	}
}

// has tells whether there is a file or a folder.
func (e *editor) has(file string) (bool, error) {
	folder := path.Dir(file)
	if folder != "." {
		if exists, err := e.has(folder); err != nil || !exists {
			return false, err
		}
	}
	entries, err := e.list(folder)
	is := func(entry string) bool { return strings.TrimSuffix(entry, "/") == path.Base(file) }
	return slices.ContainsFunc(entries, is), err
}

// span is a part of a file's bytes.
type span struct{ from, to int }

// replace puts a text into spans of a file, which do not overlap.
func (e *editor) replace(file string, data []byte, text string, spans ...span) {
	slices.SortFunc(spans, func(a, b span) int { return b.from - a.from })
	for _, s := range spans {
		data = slices.Concat(data[:s.from], []byte(text), data[s.to:])
	}
	e.edited[file] = data
}

func fault(file string, line int, format string, values ...any) error {
	return &position.Fault{Path: file, Line: line, Text: fmt.Sprintf(format, values...)}
}
