package settings

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"dagger/ship/internal/helm"
	"dagger/ship/internal/projects"
	"dagger/ship/internal/registry"
)

// ForProject reads the settings of one of the projects in ship.toml, over what was given for the
// repo. Its error is one about the file, with line and column, if the file says what cannot be
// right.
func ForProject(g Given, p projects.Project) (Settings, error) {
	g.Registry, g.Image = strings.TrimSuffix(g.Registry, "/"), strings.TrimSuffix(g.Image, "/")
	home := registry.Host(cmp.Or(g.Registry, g.Image))
	of := g
	of.Manifest = p.Manifest
	of.Target, of.Template = cmp.Or(p.Target, g.Target), cmp.Or(p.Template, g.Template)
	if p.Latest != nil {
		of.Latest = strconv.FormatBool(*p.Latest)
	}
	of.Dockerfile, of.Chart = cmp.Or(p.Dockerfile, g.Dockerfile), cmp.Or(p.Chart, g.Chart)
	of.Args = over(p.Args, g.Args)
	of.Environments = over(p.Environments, g.Environments)
	of.Keys = over(p.Keys, g.Keys)
	of.Prereleases = over(p.Prereleases, ofThese(g.Prereleases, of.Environments))
	// the image of a repo of several projects is what theirs are below
	of.Registry, of.Image = cmp.Or(g.Registry, g.Image), strings.TrimSuffix(p.Image, "/")
	if p.Image != "" && !registry.HasHost(p.Image) {
		if of.Registry == "" {
			return Settings{}, p.Fault(
				"image",
				"%q is below a registry that is not given: name it with --registry, or write HOST[:PORT]/PATH",
				p.Image,
			)
		}
		of.Image = of.Registry + "/" + of.Image
	}
	elsewhere := of.Image != "" && !registry.SamePlace(registry.Host(of.Image), home, g.Insecure)
	if elsewhere {
		of.Login, of.Insecure = "", false
	}
	s, err := Parse(of)
	if bad := new(Error); errors.As(err, &bad) {
		return Settings{}, p.Fault(bad.Name, "%s: %v", bad.Name, bad.Err)
	}
	s.Key, s.Path, s.Needs, s.Home, s.Elsewhere = p.Key, p.Path, p.Needs, home, elsewhere
	return s, err
}

// over is what ship.toml says, or if it says nothing, what was given.
func over(said, given []string) []string {
	if said != nil {
		return said
	}
	return given
}

// ofThese are the names of the environments that there are.
func ofThese(names, environments []string) []string {
	targets, _ := helm.ParseTargets(slices.DeleteFunc(slices.Clone(environments), blank)) // Parse says what is wrong
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !slices.ContainsFunc(targets, func(t helm.Target) bool { return t.Name == name })
	})
}
