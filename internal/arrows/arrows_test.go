// Package arrows holds which room of this module may import which. The tables below are what docs/architecture.md
// draws.
package arrows

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors are the rooms from the top down. A room may import the rooms of the floors below its own, and none of its own
// floor.
var floors = [][]string{
	{"main"},
	{"repo"},
	{"release"},
	{"cluster", "flow", "settings", "source"},
	{"tools"},
	ground,
}

// ground is the rooms that decide, parse or talk to one kind of server.
var ground = slices.Sorted(maps.Keys(on))

// on is what each room of the ground floor may import.
var on = map[string][]string{
	"bump":       {"manifest", "position", "version"},
	"changes":    {"foreign", "position", "version"},
	"charts":     {"helm", "limit", "network", "registry"},
	"converge":   {"naming", "version"},
	"dockerfile": {},
	"foreign":    {},
	"gitfiles":   {"foreign"},
	"gitlab":     {"foreign", "network"},
	"gitremote":  {"foreign", "gitlab", "limit", "network"},
	"helm":       {},
	"limit":      {},
	"logins":     {"registry"},
	"manifest":   {"foreign", "position", "version"},
	"naming":     {},
	"network":    {},
	"notes":      {"version"},
	"once":       {},
	"position":   {"foreign"},
	"projects":   {"foreign", "position"},
	"registry":   {"limit", "network"},
	"report":     {"foreign"},
	"rollout":    {"helm"},
	"sops":       {},
	"version":    {},
}

// narrow is what rooms may import that must know less than their floor allows.
var narrow = map[string][]string{"flow": {"report"}}

// bound is the rooms that see the engine's types, which are in internal/dagger.
var bound = []string{"main", "release", "cluster", "source", "tools"}

// allowed returns what each room may import.
func allowed() map[string][]string {
	table := map[string][]string{}
	for i, floor := range floors {
		for _, room := range floor {
			table[room] = slices.Concat(floors[i+1:]...)
		}
	}
	maps.Copy(table, on)
	maps.Copy(table, narrow)
	for _, room := range bound {
		table[room] = append(table[room], "dagger")
	}
	return table
}

// faults returns what is wrong with rooms, by what each imports.
func faults(imports map[string][]string) (found []string) {
	table := allowed()
	for _, room := range slices.Sorted(maps.Keys(imports)) {
		may, known := table[room]
		if !known {
			found = append(found, "internal/"+room+" is a new room: add it to internal/arrows and to "+
				"docs/architecture.md")
		}
		for _, other := range imports[room] {
			if known && !slices.Contains(may, other) {
				found = append(found, room+" may not import "+other+": see docs/architecture.md")
			}
		}
	}
	return found
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for room, c := range map[string]struct{ imports, want string }{
		"main":     {"dagger repo release version", ""},
		"release":  {"dagger cluster flow once", ""},
		"flow":     {"report", ""},
		"settings": {"dagger", "settings may not import dagger: see docs/architecture.md"},
		"cluster": {"release source", "cluster may not import release: see docs/architecture.md; cluster may not " +
			"import source: see docs/architecture.md"},
		"once":   {"tools", "once may not import tools: see docs/architecture.md"},
		"cellar": {"version", "internal/cellar is a new room: add it to internal/arrows and to docs/architecture.md"},
	} {
		if got := strings.Join(faults(map[string][]string{room: strings.Fields(c.imports)}), "; "); got != c.want {
			t.Errorf("%s importing %s: got %q, want %q", room, c.imports, got, c.want)
		}
	}
}

// TestArrows reads the imports of the root and of all that is below internal/. Tests may import what they like.
func TestArrows(t *testing.T) {
	t.Parallel()
	house := os.DirFS("../..")
	files, err := fs.Glob(house, "*.go")
	if err == nil {
		err = fs.WalkDir(house, "internal", func(name string, _ fs.DirEntry, err error) error {
			files = append(files, name)
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string][]string{}
	for _, name := range files {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
			strings.HasSuffix(name, ".gen.go") ||
			strings.Contains(name, "/testdata/") {
			continue
		}
		source, err := fs.ReadFile(house, name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		room := roomOf(path.Dir(name))
		imports[room] = slices.Clip(imports[room]) // a room that imports none is one, too
		for _, spec := range file.Imports {
			if imported, err := strconv.Unquote(spec.Path.Value); err != nil {
				t.Fatal(err)
			} else if within, is := strings.CutPrefix(imported, "dagger/ship/"); is && roomOf(within) != room {
				imports[room] = append(imports[room], roomOf(within))
			}
		}
	}
	if len(imports) < 10 {
		t.Errorf("there are %d rooms only", len(imports))
	}
	for room := range imports {
		slices.Sort(imports[room])
		imports[room] = slices.Compact(imports[room])
	}
	for _, fault := range faults(imports) {
		t.Error(fault)
	}
}

// roomOf returns the room that a folder of this repository belongs to.
func roomOf(folder string) string {
	if folder == "." {
		return "main"
	}
	room, _, _ := strings.Cut(strings.TrimPrefix(folder, "internal/"), "/")
	return room
}

// TestPage looks for every room in the tree that docs/architecture.md draws.
func TestPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for room := range allowed() {
		if room != "main" && !strings.Contains(string(page), "\n  "+room+"/ ") {
			t.Errorf("docs/architecture.md does not draw internal/%s", room)
		}
	}
}
