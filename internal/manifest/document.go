package manifest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"dagger/ship/internal/foreign"
	"dagger/ship/internal/position"
	"dagger/ship/internal/version"
)

// files is a tree that remembers what it listed, since each look costs a round trip.
type files struct {
	tree   Tree
	listed map[string][]string
	bytes  int // read so far
}

// Bounds for manifests, far above what people write: whoever may commit must not make Ship use all
// of a machine's memory or time.
const (
	maxFile  = 1 << 20 // bytes of a file
	maxFiles = 4 << 20 // bytes of all files that are read for a project
	maxPath  = 1000    // bytes of a path
	maxName  = 200     // letters of a name or a version
	maxText  = 1000    // bytes of a text that a name or a version is made of
)

func (f *files) list(folder string) ([]string, error) {
	if entries, known := f.listed[folder]; known {
		return entries, nil
	}
	entries, err := f.tree.List(folder)
	if err != nil {
		return nil, err
	}
	entries = slices.Clone(entries)
	for i := range entries {
		entries[i] = strings.TrimSuffix(entries[i], "/")
	}
	if f.listed == nil {
		f.listed = map[string][]string{}
	}
	f.listed[folder] = entries
	return entries, nil
}

// has reports whether the tree has the file or folder. It has nothing outside of the tree.
func (f *files) has(file string) (bool, error) {
	folder, base := path.Dir(file), path.Base(file)
	if len(file) > maxPath || base == ".." || strings.HasPrefix(file, "../") {
		return false, nil
	}
	if folder != "." {
		if exists, err := f.has(folder); err != nil || !exists {
			return false, err
		}
	}
	entries, err := f.list(folder)
	return slices.Contains(entries, base), err
}

// open returns a file's text without a byte order mark. If that says UTF-16, the text is made
// UTF-8: an engine gives files as text, so of letters beyond ASCII nobody could tell which they were.
func (f *files) open(file string) (*document, error) {
	data, err := f.tree.Contents(file)
	if err != nil {
		return nil, err
	}
	d := &document{files: f, path: file, data: []byte(foreign.WithoutBOM(string(data)))}
	if len(data) > maxFile {
		return nil, d.fault(0, "larger than %d MiB: no manifest is", maxFile>>20)
	}
	if f.bytes += len(data); f.bytes > maxFiles {
		return nil, d.fault(0,
			"the files that are read for one project are larger than %d MiB in all: none needs so much", maxFiles>>20)
	}
	const lost = "\ufffd\ufffd" // a byte order mark of UTF-16 after an engine made text of the bytes
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}): // as Windows PowerShell writes it
		d.data = fromUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		d.data = fromUTF16(data[2:], binary.BigEndian)
	case bytes.HasPrefix(data, []byte(lost)):
		d.data = bytes.ReplaceAll(data[len(lost):], []byte{0}, nil)
		if len(data)-len(lost) != 2*len(d.data) || bytes.ContainsFunc(d.data, func(r rune) bool { return r > '~' }) {
			return nil, d.fault(0, "not UTF-8, but UTF-16: save the file as UTF-8")
		}
	}
	return d, nil
}

func fromUTF16(data []byte, bytes binary.ByteOrder) []byte {
	codes := make([]uint16, len(data)/2)
	for i := range codes {
		codes[i] = bytes.Uint16(data[2*i:])
	}
	return []byte(string(utf16.Decode(codes)))
}

// document is a file being read: its format's reader sets name and version, and where the version
// is written.
type document struct {
	*files
	path   string
	data   []byte
	values map[string]any
	lineOf func(keys ...string) int

	valueLine int // of YAML's version, whose key may be elsewhere

	scheme        version.Scheme
	name, version string
	versionPath   string
	versionLine   int
	namePath      string
	nameLine      int

	parts, copies []Place      // see Places
	holder        string       // likewise; empty: the document
	locate        func() error // finds more of these, at a cost that only Locate pays
}

// beside is the path of a file given relative to the document's folder.
func (d *document) beside(file string) string { return path.Join(path.Dir(d.path), file) }

// setVersion sets the version, as written on a line of a file: the document itself or one that it
// refers to.
func (d *document) setVersion(text string, at *document, line int) {
	d.version, d.versionPath, d.versionLine = text, at.path, line
	d.parts = []Place{{Path: at.path, Line: line, Text: text}}
}

// setName sets the name, as written on a line of a file.
func (d *document) setName(name string, at *document, line int) {
	d.name, d.namePath, d.nameLine = name, at.path, line
}

// check refuses names and versions that no ecosystem has: they are parts of tags, images and
// reports.
func (d *document) check() error {
	at := &position.Fault{Path: cmp.Or(d.namePath, d.path), Line: d.nameLine}
	switch n := utf8.RuneCountInString(d.name); {
	case n > maxName:
		at.Text = fmt.Sprintf("the name has %d letters: write one of %d at most", n, maxName)
	case strings.ContainsFunc(d.name, unicode.IsControl) || foreign.Visible(d.name) != d.name:
		at.Text = fmt.Sprintf("the name %+q has letters that cannot be seen, or that move others: write it without "+
			"them", d.name)
	case len(d.version) > maxName:
		return &position.Fault{
			Path: d.versionPath,
			Line: d.versionLine,
			Text: fmt.Sprintf("the version has %d letters: no version is so long", len(d.version)),
		}
	default:
		return nil
	}
	return at
}

func (d *document) fault(line int, format string, values ...any) error {
	return &position.Fault{Path: d.path, Line: line, Text: fmt.Sprintf(format, values...)}
}

func (d *document) noProject(format string, values ...any) error {
	return fmt.Errorf("%s: %w: %s", foreign.Line(d.path), ErrNoProject, foreign.Line(fmt.Sprintf(format, values...)))
}

// checkUTF8 is for formats that are UTF-8 by definition but whose decoders accept anything.
func (d *document) checkUTF8() error {
	for rest, line := d.data, 1; len(rest) > 0; line++ {
		var text []byte
		if text, rest, _ = bytes.Cut(rest, []byte("\n")); !utf8.Valid(text) {
			return d.fault(line, "not UTF-8: save the file as UTF-8")
		}
	}
	return nil
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

// text returns the string at the keys, empty if there is none.
func (d *document) text(keys ...string) (string, error) {
	value, exists := d.value(keys...)
	if !exists || value == nil {
		return "", nil
	}
	text, is := value.(string)
	if !is {
		return "", d.fault(d.lineOf(keys...), "%s is not a string: write it in quotes", strings.Join(keys, "."))
	}
	return text, nil
}

// nameAndVersion reads both from one table; both must be there.
func (d *document) nameAndVersion(table ...string) (err error) {
	keys := func(key string) []string { return append(table[:len(table):len(table)], key) }
	if d.name == "" {
		name, err := d.text(keys("name")...)
		if err != nil {
			return err
		}
		d.setName(name, d, d.lineOf(keys("name")...))
	}
	text, err := d.text(keys("version")...)
	if err != nil {
		return err
	}
	d.setVersion(text, d, d.lineOf(keys("version")...))
	where := ""
	if len(table) > 0 {
		where = " in [" + strings.Join(table, ".") + "]"
	}
	switch {
	case d.name == "":
		return d.fault(d.lineOf(table...), "no name%s", where)
	case d.version == "":
		return d.fault(d.lineOf(table...), "no version%s", where)
	}
	return nil
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(offset, int64(len(data)))], []byte("\n"))
}
