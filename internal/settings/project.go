package settings

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"dagger/ship/internal/position"
	"dagger/ship/internal/projects"
	"dagger/ship/internal/registry"
)

// Under is what was given, with the top of ship.toml over it. That says what belongs to the project,
// and what was given is for the machine.
func Under(g Given, top projects.Settings) (Given, error) {
	g.Registry, g.Image = strings.TrimSuffix(g.Registry, "/"), strings.TrimSuffix(g.Image, "/")
	g, err := under(g, top)
	if err == nil && top.Image != "" {
		err = image(&g, top)
	}
	return g, err
}

func under(g Given, said projects.Settings) (Given, error) {
	g.Template, g.Target = cmp.Or(said.Template, g.Template), cmp.Or(said.Target, g.Target)
	g.Manifest, g.Source = cmp.Or(said.Manifest, g.Manifest), cmp.Or(said.Version, g.Source)
	g.Next = cmp.Or(said.Next, g.Next)
	if said.Latest != nil {
		g.Latest = strconv.FormatBool(*said.Latest)
	}
	g.Dockerfile, g.Chart = cmp.Or(said.Dockerfile, g.Dockerfile), cmp.Or(said.Chart, g.Chart)
	g.Charts = cmp.Or(said.Charts, g.Charts)
	if g.Outside == nil {
		g.Outside = g.Args
	}
	g.Args, g.Platforms = over(said.Args, g.Args), over(said.Platforms, g.Platforms)
	g.BuildSecrets, g.Files = over(said.Secrets, g.BuildSecrets), over(said.Files, g.Files)
	switch {
	case said.Previews != nil && g.Previews != nil:
		over := said.Previews.Over(*g.Previews)
		g.Previews = &over
	case said.Previews != nil:
		g.Previews = said.Previews
	}
	if said.Git != nil {
		g.Git = *said.Git
	}
	if said.Cache != nil {
		g.Cache = *said.Cache
	}
	if said.Keys != nil {
		var err error
		if g.Sets, err = keysSaid(said.Keys); err != nil {
			return g, said.Fault("keys", "keys: %v", err)
		}
	}
	if len(said.ImageTables) > 0 {
		g.Images = said.ImageTables
	}
	g.SOPS = cmp.Or(said.SOPS, g.SOPS)
	g.Environments = over(said.List, g.Environments)
	g.Logins = over(said.LoginList, g.Logins)
	tables := slices.Clone(g.Tables)
	for _, table := range said.Tables {
		at := slices.IndexFunc(tables, func(t projects.Environment) bool { return t.Name == table.Name })
		if at < 0 {
			tables = append(tables, table)
		} else {
			tables[at] = table.Over(tables[at])
		}
	}
	g.Tables = tables
	g.Prereleases = over(said.Prereleases, ofThese(g.Prereleases, g.Environments, g.Tables))
	return g, nil
}

// image completes the image that ship.toml names below the registry that was given.
func image(g *Given, said projects.Settings) error {
	name := strings.TrimSuffix(said.Image, "/")
	if below := cmp.Or(g.Registry, g.Image); !registry.HasHost(name) {
		if below == "" {
			return said.Fault(
				"image",
				"%q is below a registry that is not given: name it with --registry, or write HOST[:PORT]/PATH",
				said.Image,
			)
		}
		name = below + "/" + name
	}
	g.Image = name
	return nil
}

// For reads the settings of a repo's one project, which has no table of its own in ship.toml.
func For(g Given, top projects.Settings) (Settings, error) {
	g.Registry, g.Image = strings.TrimSuffix(g.Registry, "/"), strings.TrimSuffix(g.Image, "/")
	home := registry.Host(cmp.Or(g.Image, g.Registry))
	of, err := Under(g, top)
	if err != nil {
		return Settings{}, err
	}
	s, err := parse(of, top, home)
	if err != nil {
		return s, err
	}
	return s, s.inRepo(of.Images)
}

// ForProject reads the settings of one of the projects in ship.toml, over what was given for the
// repo and what the file's top says. Its error is one about the file, with line and column, if the
// file says what cannot be right.
func ForProject(g Given, top projects.Settings, p projects.Project) (Settings, error) {
	g.Registry, g.Image = strings.TrimSuffix(g.Registry, "/"), strings.TrimSuffix(g.Image, "/")
	home := registry.Host(cmp.Or(g.Registry, g.Image))
	whole, err := Under(g, top)
	if err != nil {
		return Settings{}, err
	}
	whole.Manifest = ""
	of, err := under(whole, p.Settings)
	if err != nil {
		return Settings{}, err
	}
	// the image of a repo of several projects is what theirs are below
	of.Registry, of.Image = cmp.Or(whole.Registry, whole.Image), ""
	if p.Image != "" {
		if err := image(&of, p.Settings); err != nil {
			return Settings{}, err
		}
	}
	s, err := parse(of, p.Settings, home)
	if err != nil {
		return s, err
	}
	s.Key, s.Path, s.Needs = p.Key, p.Path, p.Needs
	return s, s.inRepo(of.Images)
}

// parse reads the settings of a project whose credentials are for the registry home.
func parse(of Given, said projects.Settings, home string) (Settings, error) {
	elsewhere := of.Image != "" && !registry.SamePlace(registry.Host(of.Image), home, of.Insecure)
	if elsewhere {
		of.Login, of.Insecure = "", false
	}
	s, err := Parse(of)
	bad, at := new(Error), new(position.Fault)
	switch {
	case errors.As(err, &at):
		return Settings{}, at
	case errors.As(err, &bad):
		return Settings{}, said.Fault(bad.Name, "%s: %v", bad.Name, bad.Err)
	}
	s.Home, s.Elsewhere = home, elsewhere
	return s, err
}

// over is what ship.toml says, or if it says nothing, what was given.
func over[T any](said, given []T) []T {
	if said != nil {
		return said
	}
	return given
}

// ofThese are the names of the environments that there are.
func ofThese(names, list []string, tables []projects.Environment) []string {
	found, _ := environments(slices.DeleteFunc(slices.Clone(list), blank), tables, "") // Parse says what is wrong
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !slices.ContainsFunc(slices.Concat(found...), func(e Environment) bool { return e.Name == name })
	})
}
