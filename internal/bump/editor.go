package bump

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"dagger/ship/internal/manifest"
	"dagger/ship/internal/position"
)

// editor has a tree's files as they were, and as they are to be.
type editor struct {
	base   manifest.Tree
	read   map[string][]byte
	listed map[string][]string
	edited map[string][]byte
}

func newEditor(tree manifest.Tree) *editor {
	return &editor{tree, map[string][]byte{}, map[string][]string{}, map[string][]byte{}}
}

// tree is the tree with what has been edited so far. Each file and folder is asked for once.
func (e *editor) tree() manifest.Tree { return manifest.Tree{List: e.list, Contents: e.contents} }

func (e *editor) list(folder string) ([]string, error) {
	if entries, known := e.listed[folder]; known {
		return entries, nil
	}
	entries, err := e.base.List(folder)
	if err == nil {
		e.listed[folder] = entries
	}
	return entries, err
}

func (e *editor) contents(file string) ([]byte, error) {
	if data, is := e.edited[file]; is {
		return data, nil
	}
	if data, is := e.read[file]; is {
		return data, nil
	}
	data, err := e.base.Contents(file)
	if err == nil {
		e.read[file] = data
	}
	return data, err
}

const (
	below    = 20  // lines on which a text may begin below the line that it is said to be on
	maxTries = 100 // places of the same text there
)

// try puts a text in the place of another one, where that makes good true. A place is known by its
// line, so each on it that looks like the text is tried.
func (e *editor) try(place manifest.Place, with string, good func() bool) (found bool, err error) {
	was, err := e.contents(place.Path)
	if err != nil {
		return false, err
	}
	text, encode, err := decode(was)
	if err != nil {
		return false, &position.Fault{Path: place.Path, Text: err.Error()}
	}
	before, known := e.edited[place.Path]
	from := offsetOf(text, place.Line)
	to := offsetOf(text, place.Line+below)
	for _, at := range spelled(place.Text).FindAllStringIndex(text[from:to], maxTries) {
		e.edited[place.Path] = encode(text[:from+at[0]] + with + text[from+at[1]:])
		if good() {
			return true, nil
		}
	}
	if delete(e.edited, place.Path); known {
		e.edited[place.Path] = before
	}
	return false, nil
}

// offsetOf is where a line begins, counted from 1; the length of the text if it has fewer.
func offsetOf(text string, line int) (offset int) {
	for range line - 1 {
		end := strings.IndexAny(text[offset:], "\r\n")
		if end < 0 {
			return len(text)
		}
		if strings.HasPrefix(text[offset+end:], "\r\n") {
			end++
		}
		offset += end + 1
	}
	return offset
}

// spelled finds a text however formats let it be written: each letter as it is, behind a backslash, as a
// code in hexadecimal digits (JSON, TOML, YAML, properties), or as a character reference (XML).
func spelled(text string) *regexp.Regexp {
	var pattern strings.Builder
	for _, letter := range text {
		fmt.Fprintf(&pattern, `(?:\\?%s|\\u(?i:%04x)|\\U(?i:%08x)|\\x(?i:%02x)|&#0*%d;|&#x0*(?i:%x);)`,
			regexp.QuoteMeta(string(letter)), letter, letter, letter, letter, letter)
	}
	return regexp.MustCompile(pattern.String())
}

// decode returns a file's text, and how to write a text as that file's. Only UTF-16 is not left as it is.
func decode(data []byte) (text string, encode func(string) []byte, err error) {
	var order interface {
		binary.ByteOrder
		binary.AppendByteOrder
	}
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	case bytes.HasPrefix(data, []byte("\ufffd\ufffd")): // what is left of UTF-16 where bytes are taken for a text
		return "", nil, fmt.Errorf("not UTF-8, but UTF-16: save the file as UTF-8")
	default:
		return string(data), func(text string) []byte { return []byte(text) }, nil
	}
	codes := make([]uint16, len(data)/2)
	for i := range codes {
		codes[i] = order.Uint16(data[2*i:])
	}
	encode = func(text string) (all []byte) {
		for _, code := range utf16.Encode([]rune(text)) {
			all = order.AppendUint16(all, code)
		}
		return all
	}
	text = string(utf16.Decode(codes))
	if !slices.Equal(encode(text), data) {
		return "", nil, fmt.Errorf("not valid UTF-16: save the file as UTF-8")
	}
	return text, encode, nil
}
