// Package gitfiles reads what a commit says of files that are not in it: pointers of Git LFS, and
// submodules.
//
// A fetched commit has a pointer in place of a large file, and may have an empty folder in place of
// a submodule. Both look like the real thing to a build.
package gitfiles

import (
	"bytes"
	"errors"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dagger/ship/internal/foreign"
)

// MaxPointer is how many bytes a pointer has at most
// (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md#the-pointer: "less than 1024").
const MaxPointer = 1024

// IsPointer tells whether a file's contents are a pointer of Git LFS.
func IsPointer(contents []byte) bool {
	return len(contents) < MaxPointer &&
		bytes.HasPrefix(contents, []byte("version https://git-lfs.github.com/spec/v1")) ||
		len(contents) < MaxPointer && bytes.HasPrefix(contents, []byte("version https://hawser.github.com/spec/v1"))
}

// Pointer is what stands in a commit in place of a large file.
type Pointer struct {
	OID  string // the SHA-256 of the file's contents, 64 hexadecimal digits
	Size int64  // of the file, in bytes
}

var oid = regexp.MustCompile(`^[0-9a-f]{64}$`)

// ReadPointer reads a pointer of Git LFS, in the one form that the specification allows
// (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md#the-pointer).
func ReadPointer(contents []byte) (p Pointer, err error) {
	p.Size = -1
	for line := range strings.Lines(string(contents)) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		switch {
		case key == "oid" && p.OID == "":
			kind, sum, _ := strings.Cut(value, ":")
			if kind != "sha256" || !oid.MatchString(sum) {
				return Pointer{}, errors.New("its oid is no SHA-256")
			}
			p.OID = sum
		case key == "size" && p.Size < 0:
			if p.Size, err = strconv.ParseInt(value, 10, 64); err != nil || p.Size < 0 {
				return Pointer{}, errors.New("its size is no number")
			}
		case strings.HasPrefix(key, "ext-"):
			return Pointer{}, errors.New("it was changed by an extension of Git LFS, which Ship does not have")
		case key != "version":
			return Pointer{}, errors.New("it is no pointer that Git LFS writes")
		}
	}
	if p.OID == "" || p.Size < 0 {
		return Pointer{}, errors.New("it has no oid, or no size")
	}
	return p, nil
}

// LFS returns patterns of the files that a .gitattributes in that folder ("." at the root) gives to
// Git LFS, written as in a .dockerignore, relative to the root
// (https://git-scm.com/docs/gitattributes).
func LFS(attributes, folder string) (patterns []string) {
	macros := []string{"filter=lfs"}
	for line := range strings.Lines(attributes) {
		pattern, rest := cutPattern(strings.TrimSpace(line))
		isMacro := func(attribute string) bool { return slices.Contains(macros, attribute) }
		if !slices.ContainsFunc(strings.Fields(rest), isMacro) {
			continue
		}
		if macro, is := strings.CutPrefix(pattern, "[attr]"); is {
			macros = append(macros, macro)
			continue
		}
		if !strings.Contains(pattern, "/") {
			pattern = "**/" + pattern
		}
		patterns = append(patterns, path.Join(folder, pattern))
	}
	return patterns
}

// cutPattern splits a line into its pattern, which may be quoted, and its attributes. A comment has
// neither.
func cutPattern(line string) (pattern, attributes string) {
	if strings.HasPrefix(line, "#") {
		return "", ""
	}
	if rest, is := strings.CutPrefix(line, `"`); is {
		pattern, attributes, _ = strings.Cut(rest, `"`)
		return pattern, attributes
	}
	end := strings.IndexAny(line, " \t")
	if end < 0 {
		return line, ""
	}
	return line[:end], line[end:]
}

// Submodules returns the folders that .gitmodules names (https://git-scm.com/docs/gitmodules).
func Submodules(modules string) (folders []string) {
	for line := range strings.Lines(modules) {
		key, value, is := strings.Cut(line, "=")
		if is && strings.EqualFold(strings.TrimSpace(key), "path") {
			folders = append(folders, path.Clean(strings.Trim(strings.TrimSpace(value), `"`)))
		}
	}
	return folders
}

// Ignored returns the patterns of a .dockerignore
// (https://docs.docker.com/build/concepts/context/#syntax).
func Ignored(ignore string) (patterns []string) {
	for line := range strings.Lines(foreign.WithoutBOM(ignore)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		keeps := strings.HasPrefix(line, "!")
		line = strings.TrimPrefix(path.Clean(strings.TrimSpace(strings.TrimPrefix(line, "!"))), "/")
		if line == "" { // the whole context: Docker ignores such a line
			continue
		}
		if keeps {
			line = "!" + line
		}
		patterns = append(patterns, line)
	}
	return patterns
}
