package projects

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"dagger/ship/internal/position"
)

// Image is a table [images.NAME]: one of several images that are published under the project's
// version. What it leaves out is as the file says above it, or else the default. Paths are relative
// to the context, which is relative to the project's folder.
type Image struct {
	Name string `toml:"-"`

	Image      string   `toml:"image"`   // HOST/PATH, or a path below the project's image; empty: the name
	Context    string   `toml:"context"` // folder that the build sees
	Dockerfile string   `toml:"dockerfile"`
	Target     string   `toml:"target"`
	Args       []string `toml:"args"`
	Platforms  []string `toml:"platforms"`
	Secrets    []string `toml:"secrets"`
	Files      []string `toml:"files"` // relative to the project's folder
	Git        *bool    `toml:"git"`
	Cache      *bool    `toml:"cache"`
	Keys       any      `toml:"keys"` // of the chart's values: see Settings.Keys

	settings Settings
}

// Fault is a *position.Fault about what the table says under a key, or about the table.
func (i Image) Fault(key, format string, values ...any) error {
	of := i.settings
	of.table = append(slices.Clone(of.table), "images", i.Name)
	return of.Fault(key, format, values...)
}

// imageName is what can be a part of an image's address
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests).
var imageName = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$`)

// readImages takes the tables in the file's order.
func (s *Settings) readImages() error {
	lines := map[string]int{}
	for name, image := range s.Images {
		image.Name, image.settings = name, *s
		if !imageName.MatchString(name) || len(name) > 100 {
			return image.Fault("", "%.50q cannot name an image: write lower-case letters, digits and single dots, "+
				"dashes or underscores between them", name)
		}
		lines[name], _ = position.Of(s.data, append(slices.Clone(s.table), "images", name)...)
		s.ImageTables = append(s.ImageTables, image)
	}
	slices.SortFunc(s.ImageTables, func(a, b Image) int {
		return cmp.Or(cmp.Compare(lines[a.Name], lines[b.Name]), strings.Compare(a.Name, b.Name))
	})
	return nil
}
