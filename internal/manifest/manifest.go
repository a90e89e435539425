// Package manifest reads a project's name and version out of its manifest: bytes in, a Project out.
//
// Formats: pyproject.toml as PEP 621 (https://packaging.python.org/en/latest/specifications/pyproject-toml/)
// and Poetry (https://python-poetry.org/docs/pyproject/), package.json
// (https://docs.npmjs.com/cli/configuring-npm/package-json), Cargo.toml
// (https://doc.rust-lang.org/cargo/reference/manifest.html).
package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"dagger/ship/internal/version"
)

// Project is what a manifest says.
type Project struct {
	Name    string
	Version version.Version
	Path    string // the manifest, relative to the source's root
}

// Files are the manifests that Ship reads, the first to be looked for first.
var Files = []string{"pyproject.toml", "package.json", "Cargo.toml"}

var parsers = map[string]func(*document) error{
	"pyproject.toml": pyproject,
	"package.json":   packageJSON,
	"Cargo.toml":     cargo,
}

// ErrNoProject is returned, wrapped, for a manifest that describes no project of its own: a pyproject.toml
// that only configures tools, a private package.json without a version.
var ErrNoProject = errors.New("no project with a version")

// Error is a fault in a manifest: where it is, what it is and what to write instead.
type Error struct {
	Path string
	Line int // from 1; 0 where the fault is what is missing
	Text string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Path + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Text)
}

// document is a manifest being read: a parser looks values up in it and sets name, version and scheme.
type document struct {
	path   string
	values map[string]any
	lineOf func(keys ...string) int

	scheme        version.Scheme
	name, version string
	versionLine   int
}

// Parse reads the manifest at file, whose base name says which format data is in.
// Its error is an *Error with the line, or wraps ErrNoProject.
func Parse(file string, data []byte) (Project, error) {
	parse, known := parsers[path.Base(file)]
	if !known {
		return Project{}, fmt.Errorf("%s is no manifest that Ship reads: use one of %s", file, strings.Join(Files, ", "))
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	doc := &document{path: file}
	decode := decodeTOML
	if path.Ext(file) == ".json" {
		decode = decodeJSON
	}
	if err := decode(doc, data); err != nil {
		return Project{}, err
	}
	if err := parse(doc); err != nil {
		return Project{}, err
	}
	v, err := version.Parse(doc.scheme, doc.version)
	if err != nil {
		return Project{}, doc.fault(doc.versionLine, "%v", err)
	}
	return Project{Name: doc.name, Version: v, Path: file}, nil
}

// Choose returns the one project that a source's root holds, given each of its manifests by path.
// Manifests without a project are passed over; two that disagree on the version are an error.
func Choose(manifests map[string][]byte) (Project, error) {
	var found []Project
	var without []error
	for _, file := range Files {
		data, exists := manifests[file]
		if !exists {
			continue
		}
		project, err := Parse(file, data)
		if errors.Is(err, ErrNoProject) {
			without = append(without, err)
			continue
		}
		if err != nil {
			return Project{}, err
		}
		found = append(found, project)
	}
	switch {
	case len(found) == 0 && len(without) > 0:
		return Project{}, errors.Join(without...)
	case len(found) == 0:
		return Project{}, fmt.Errorf("no manifest at the root of the source: looked for %s", strings.Join(Files, ", "))
	}
	for _, other := range found[1:] {
		if other.Version.Text != found[0].Version.Text {
			return Project{}, fmt.Errorf("%s says %s and %s says %s: name the one to follow with --manifest",
				found[0].Path, found[0].Version.Text, other.Path, other.Version.Text)
		}
	}
	return found[0], nil
}

// text returns the string at the keys, empty where there is none.
func (d *document) text(keys ...string) (string, error) {
	value, exists := d.value(keys...)
	if !exists {
		return "", nil
	}
	text, is := value.(string)
	if !is {
		return "", d.fault(d.lineOf(keys...), "%s is not a string", strings.Join(keys, "."))
	}
	return text, nil
}

func (d *document) value(keys ...string) (any, bool) {
	var value any = d.values
	for _, key := range keys {
		table, is := value.(map[string]any)
		if !is {
			return nil, false
		}
		if value, is = table[key]; !is {
			return nil, false
		}
	}
	return value, true
}

func (d *document) fault(line int, format string, values ...any) error {
	return &Error{Path: d.path, Line: line, Text: fmt.Sprintf(format, values...)}
}

func (d *document) noProject(why string) error {
	return fmt.Errorf("%s: %w: %s", d.path, ErrNoProject, why)
}

// take reads name and version from one table; both must be there.
func (d *document) take(table ...string) (err error) {
	keys := func(key string) []string { return append(table[:len(table):len(table)], key) }
	where := strings.Join(table, ".")
	if where != "" {
		where = " in [" + where + "]"
	}
	if d.name == "" {
		if d.name, err = d.text(keys("name")...); err != nil {
			return err
		}
	}
	if d.version, err = d.text(keys("version")...); err != nil {
		return err
	}
	d.versionLine = d.lineOf(keys("version")...)
	switch {
	case d.name == "":
		return d.fault(d.lineOf(table...), "no name%s", where)
	case d.version == "":
		return d.fault(d.lineOf(table...), "no version%s", where)
	}
	return nil
}
