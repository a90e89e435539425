// Package projects reads ship.toml, which lists the projects of a repo that holds several: bytes
// in, projects out.
//
//	[projects.api]
//	path = "services/api"
//	environments = ["test:reinstall", "production"]
//
//	[projects.web]
//	needs = ["api"]
package projects

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"dagger/ship/internal/foreign"
	"dagger/ship/internal/position"
)

// File is where the projects are listed, at the root of the repo.
const File = "ship.toml"

// Project is one table of the file. What it leaves out comes from the settings of the whole repo.
type Project struct {
	Key   string   `toml:"-"`     // the table's name
	Path  string   `toml:"path"`  // folder that the project's other paths are relative to; the key by default
	Needs []string `toml:"needs"` // keys of the projects that must be released before it

	Image    string `toml:"image"` // HOST/PATH, or a path below the repo's own image or registry
	Template string `toml:"template"`
	Latest   *bool  `toml:"latest"` // nil: as the repo's settings say

	Manifest   string   `toml:"manifest"`
	Dockerfile string   `toml:"dockerfile"`
	Target     string   `toml:"target"`
	Args       []string `toml:"args"`

	Environments []string `toml:"environments"`
	Prereleases  []string `toml:"prereleases"`
	Chart        string   `toml:"chart"`
	Keys         []string `toml:"keys"`

	line int // where it is listed, from 1
	data []byte
}

// Read returns the projects in the order in which the file lists them. Its error is a
// *position.Fault.
func Read(data []byte) ([]Project, error) {
	data = []byte(foreign.WithoutBOM(string(data)))
	var file struct {
		Projects map[string]Project `toml:"projects"`
	}
	if err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&file); err != nil {
		return nil, explain(err)
	}
	if len(file.Projects) == 0 {
		return nil, &position.Fault{Path: File, Text: "it lists no projects: write [projects.NAME] for each"}
	}
	list := make([]Project, 0, len(file.Projects))
	for key, p := range file.Projects {
		p.Key, p.Path, p.data = key, path.Clean(cmp.Or(p.Path, key)), data
		p.line, _ = position.Of(data, "projects", key)
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Project) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.Key, b.Key))
	})
	keys := slices.Sorted(maps.Keys(file.Projects))
	variables := map[string]string{}
	for _, p := range list {
		if err := p.check(keys); err != nil {
			return nil, err
		}
		// later jobs get variables that begin with the project's name
		name := strings.ToUpper(notInVariable.ReplaceAllString(p.Key, "_"))
		if same, taken := variables[name]; taken {
			return nil, p.Fault("",
				"the names %s and %s make the same names of variables: call one differently",
				same, p.Key)
		}
		variables[name] = p.Key
	}
	return list, refuseCycle(list)
}

// Fault is a *position.Fault about what the project says under a setting's name, or about the
// project if it does not have that setting.
func (p Project) Fault(setting, format string, values ...any) error {
	at := &position.Fault{Path: File, Text: fmt.Sprintf(format, values...)}
	if at.Line, at.Column = position.Of(p.data, "projects", p.Key, setting); at.Line == 0 {
		at.Line, at.Column = position.Of(p.data, "projects", p.Key)
	}
	return at
}

var (
	validName     = regexp.MustCompile(`^[A-Za-z][^\pC\p{Zl}\p{Zp}]{0,199}$`)
	notInVariable = regexp.MustCompile(`[^A-Za-z0-9]`)
)

func (p Project) check(keys []string) error {
	if !validName.MatchString(p.Key) {
		return p.Fault("", "the name %.50q does not begin with a letter from a to z, or has letters that cannot be "+
			"seen, or more than 200", p.Key)
	}
	if path.IsAbs(p.Path) || p.Path == ".." || strings.HasPrefix(p.Path, "../") {
		return p.Fault("path", "the path %q leads out of the repo: write it relative to the repo's root", p.Path)
	}
	for _, key := range p.Needs {
		if !slices.Contains(keys, key) {
			return p.Fault("needs", "%s needs %q, which is not a project of this file: did you mean %q?", p.Key, key,
				nearest(key, keys))
		}
	}
	return nil
}

// refuseCycle refuses projects that need each other.
func refuseCycle(list []Project) error {
	needs := map[string]Project{}
	for _, p := range list {
		needs[p.Key] = p
	}
	done := map[string]bool{}
	var visit func(key string, way []string) error
	visit = func(key string, way []string) error {
		if at := slices.Index(way, key); at >= 0 {
			return needs[key].Fault("needs", "the projects need each other, so none can be the first: %s",
				strings.Join(append(way[at:], key), " needs "))
		}
		if done[key] {
			return nil
		}
		for _, other := range needs[key].Needs {
			if err := visit(other, append(way, key)); err != nil {
				return err
			}
		}
		done[key] = true
		return nil
	}
	for _, p := range list {
		if err := visit(p.Key, nil); err != nil {
			return err
		}
	}
	return nil
}

// explain says what the decoder did not understand, and which of the valid keys is the nearest to
// one that is not.
func explain(err error) error {
	unknown, wrong := new(toml.StrictMissingError), new(toml.DecodeError)
	switch {
	case errors.As(err, &unknown):
		at := unknown.Errors[0]
		line, column := at.Position()
		key := at.Key()
		valid := []string{"projects"}
		if len(key) > 2 && key[0] == "projects" {
			valid = settings()
		}
		name := key[len(key)-1]
		if len(valid) == 1 {
			name = key[0]
		}
		return &position.Fault{
			Path:   File,
			Line:   line,
			Column: column,
			Text: fmt.Sprintf("unknown key %q: did you mean %q? Known are %s", name, nearest(name, valid),
				strings.Join(valid, ", ")),
		}
	case errors.As(err, &wrong):
		line, column := wrong.Position()
		text := strings.TrimPrefix(wrong.Error(), "toml: ")
		return &position.Fault{Path: File, Line: line, Column: column, Text: text}
	}
	return &position.Fault{Path: File, Text: err.Error()}
}

// settings are the keys that a project may have.
func settings() (keys []string) {
	for field := range reflect.TypeFor[Project]().Fields() {
		if key := field.Tag.Get("toml"); key != "" && key != "-" {
			keys = append(keys, key)
		}
	}
	return keys
}

// nearest returns the word with the fewest edits
// (https://en.wikipedia.org/wiki/Levenshtein_distance).
func nearest(word string, words []string) string {
	return slices.MinFunc(words, func(a, b string) int { return cmp.Compare(edits(word, a), edits(word, b)) })
}

func edits(from, to string) int {
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(from) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(to) {
			change := diagonal
			if from[i] != to[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
