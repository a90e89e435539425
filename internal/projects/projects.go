// Package projects reads ship.toml, which says what belongs to a project, and lists the projects of
// a repo that holds several: bytes in, projects out.
//
//	chart = "deploy/chart"
//
//	[environments.production]
//	release = "shop-prod"
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
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"dagger/ship/internal/foreign"
	"dagger/ship/internal/position"
)

// File is where it stands, at the root of the repo.
const File = "ship.toml"

// List is what the file says.
type List struct {
	Top      Settings  // of the repo's one project, or of all those that do not say otherwise
	Projects []Project // in the file's order; none: the repo has one project
}

// Settings are what the file may say of a project, at its top or in the project's own table.
type Settings struct {
	Image    string `toml:"image"` // HOST/PATH, or a path below the repo's own image or registry
	Template string `toml:"template"`
	Latest   *bool  `toml:"latest"` // nil: as the repo's settings say

	Version    string   `toml:"version"` // where it comes from: manifest, tag or given
	Next       string   `toml:"next"`    // what says which version is next: commits or files
	Manifest   string   `toml:"manifest"`
	Dockerfile string   `toml:"dockerfile"`
	Target     string   `toml:"target"`
	Args       []string `toml:"args"`
	Platforms  []string `toml:"platforms"` // as linux/arm64
	Secrets    []string `toml:"secrets"`   // names of secrets that the build may mount, each as the id of its name
	Files      []string `toml:"files"`     // of this job's folder, that the build gets besides the commit's
	Git        *bool    `toml:"git"`       // the build gets the folder .git, with the commit alone
	Cache      *bool    `toml:"cache"`     // whether layers are kept in the registry; nil: as above it

	// Environments is a list, as the setting of that name, or tables, [environments.NAME].
	Environments any      `toml:"environments"`
	Prereleases  []string `toml:"prereleases"`
	Chart        string   `toml:"chart"`
	Charts       string   `toml:"charts"` // where the chart is published: as Image
	// Keys are a list of paths, a table of paths by what they get, or a list of these.
	Keys any    `toml:"keys"`
	SOPS string `toml:"sops"` // image that decrypts files of values

	Images map[string]Image `toml:"images"`

	// Previews is how a commit is shown apart from all environments.
	Previews *Environment `toml:"previews"`

	// Logins is a list of names of secrets, and of tables with names of secrets.
	Logins any `toml:"logins"`

	List        []string      `toml:"-"` // Environments, if it is a list; nil: it is none
	Tables      []Environment `toml:"-"` // Environments, if it is tables
	ImageTables []Image       `toml:"-"` // Images, in the file's order
	LoginList   []Login       `toml:"-"` // Logins; nil: the file says none

	table []string // where the file says all of this
	data  []byte
}

// Project is a project's table. What it leaves out is as the top of the file says, or else as the
// settings of the whole repo do.
type Project struct {
	Key   string   `toml:"-"`     // the table's name
	Path  string   `toml:"path"`  // folder that the project's other paths are relative to; the key by default
	Needs []string `toml:"needs"` // keys of the projects that must be released before it

	Settings

	line int // where it is listed, from 1
}

// Read reads the file. Its error is a *position.Fault.
func Read(data []byte) (List, error) {
	data = []byte(foreign.WithoutBOM(string(data)))
	var file struct {
		Settings
		Projects map[string]Project `toml:"projects"`
	}
	if err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&file); err != nil {
		return List{}, explain(err)
	}
	file.Settings.data = data
	if err := file.Settings.readForms(); err != nil {
		return List{}, err
	}
	list := List{Top: file.Settings}
	if position.Has(data, "projects") && len(file.Projects) == 0 {
		return List{}, &position.Fault{Path: File, Text: "it lists no projects: write [projects.NAME] for each"}
	}
	for key, p := range file.Projects {
		p.Key, p.Path, p.data, p.table = key, path.Clean(cmp.Or(p.Path, key)), data, []string{"projects", key}
		p.line, _ = position.Of(data, "projects", key)
		if err := p.readForms(); err != nil {
			return List{}, err
		}
		list.Projects = append(list.Projects, p)
	}
	slices.SortFunc(list.Projects, func(a, b Project) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.Key, b.Key))
	})
	if err := checkAll(list.Projects); err != nil {
		return List{}, err
	}
	return list, nil
}

// readForms reads what may be written in several forms.
func (s *Settings) readForms() error {
	if err := s.readEnvironments(); err != nil {
		return err
	}
	if err := s.readImages(); err != nil {
		return err
	}
	if s.Previews != nil {
		s.Previews.settings = *s
		if err := s.Previews.checkSet(); err != nil {
			return err
		}
	}
	return s.readLogins()
}

func checkAll(list []Project) error {
	var keys []string
	for _, p := range list {
		keys = append(keys, p.Key)
	}
	slices.Sort(keys)
	variables := map[string]string{}
	for _, p := range list {
		if err := p.check(keys); err != nil {
			return err
		}
		// later jobs get variables that begin with the project's name
		name := strings.ToUpper(notInVariable.ReplaceAllString(p.Key, "_"))
		if same, taken := variables[name]; taken {
			return p.Fault("",
				"the names %s and %s make the same names of variables: call one differently",
				same, p.Key)
		}
		variables[name] = p.Key
	}
	return refuseCycle(list)
}

// Fault is a *position.Fault about what the file says under a setting's name, or about the project
// if it does not have that setting.
func (s Settings) Fault(setting, format string, values ...any) error {
	at := &position.Fault{Path: File, Text: fmt.Sprintf(format, values...)}
	for path := append(slices.Clone(s.table), setting); len(path) > 0 && at.Line == 0; path = path[:len(path)-1] {
		at.Line, at.Column = position.Of(s.data, path...)
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
		valid := append(keysOf[Settings](), "projects")
		name := key[0]
		if at := slices.Index(key, "previews"); at >= 0 && len(key) > at+1 {
			return unknownKey(key[at+1], keysOf[Environment](), line, column)
		}
		if at := slices.Index(key, "images"); at >= 0 && len(key) > at+2 {
			return unknownKey(key[at+2], keysOf[Image](), line, column)
		}
		if len(key) > 2 && key[0] == "projects" {
			name, valid = key[len(key)-1], append(keysOf[Project](), keysOf[Settings]()...)
		}
		return unknownKey(name, valid, line, column)
	case errors.As(err, &wrong):
		line, column := wrong.Position()
		return &position.Fault{Path: File, Line: line, Column: column, Text: decoderSays(wrong)}
	}
	return &position.Fault{Path: File, Text: err.Error()}
}

// decoderSays is what a decoder says, without the names of types here.
func decoderSays(err *toml.DecodeError) string {
	return inCode.ReplaceAllString(strings.TrimPrefix(err.Error(), "toml: "), "")
}

var inCode = regexp.MustCompile(`struct field \S+ of type `)

func unknownKey(name string, valid []string, line, column int) error {
	return &position.Fault{
		Path:   File,
		Line:   line,
		Column: column,
		Text: fmt.Sprintf("unknown key %q: did you mean %q? Known are %s", name, nearest(name, valid),
			strings.Join(valid, ", ")),
	}
}

// keysOf are the keys that a table may have.
func keysOf[T any]() (keys []string) {
	for field := range reflect.TypeFor[T]().Fields() {
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
