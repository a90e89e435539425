package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dagger/ship/internal/helm"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/projects"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/report"
	"dagger/ship/internal/version"
)

// open finds the projects of the source: those that ship.toml lists, or the one at the root.
func (s *Ship) open(ctx context.Context) (*repo, error) {
	all := newRepo(ctx, s)
	entries, err := all.source.List(".")
	if err != nil {
		return nil, err
	}
	listed := slices.Contains(entries, projects.File)
	switch {
	case !listed && s.Project != "":
		return nil, fmt.Errorf("--project: there is no %s at the root of the source that lists projects", projects.File)
	case !listed:
		all.releases = append(all.releases, all.newRelease("", nil, s))
		return all, nil
	case s.Manifest != "":
		return nil, fmt.Errorf("--manifest: %s lists the projects here: give each its manifest there, and pick one with --project", projects.File)
	}
	data, err := all.source.Contents(projects.File)
	if err != nil {
		return nil, err
	}
	list, err := projects.Read(data)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		one, err := s.with(p)
		if err != nil {
			return nil, err
		}
		if r := all.newRelease(p.Key, p.Needs, one); s.Project == "" || s.Project == p.Key {
			all.releases = append(all.releases, r)
		} else {
			all.others = append(all.others, r)
		}
	}
	if len(all.releases) == 0 {
		return nil, fmt.Errorf("--project: %s lists no project %q, only %s", projects.File, s.Project, all.keys())
	}
	if s.Container != nil && len(all.releases) > 1 {
		return nil, fmt.Errorf("a container was given, for one project: pick that with --project, of %s", all.keys())
	}
	all.checkout.readAhead(ctx, slices.Concat(all.releases, all.others))
	return all, nil
}

// keys are those of the projects that ship.toml lists.
func (all *repo) keys() string {
	var keys []string
	for _, r := range slices.Concat(all.releases, all.others) {
		keys = append(keys, r.key)
	}
	return strings.Join(keys, ", ")
}

func (all *repo) newRelease(key string, needs []string, settings *Ship) *release {
	targets, _ := helm.ParseTargets(settings.Environments) // it has been checked
	return &release{Ship: settings, repo: all, key: key, needs: needs, targets: targets, ended: make(chan struct{}), report: report.Report{Project: key}}
}

// with are the settings for one of the projects in ship.toml.
func (s *Ship) with(p projects.Project) (*Ship, error) {
	one := *s
	one.Key, one.Path, one.Manifest, one.Target = p.Key, p.Path, p.Manifest, cmp.Or(p.Target, s.Target)
	one.Template, one.Dockerfile, one.Chart = cmp.Or(p.Template, s.Template), cmp.Or(p.Dockerfile, s.Dockerfile), cmp.Or(p.Chart, s.Chart)
	for _, list := range []struct {
		to   *[]string
		from []string
	}{{&one.Args, p.Args}, {&one.Environments, p.Environments}, {&one.Prereleases, p.Prereleases}, {&one.Keys, p.Keys}} {
		if list.from != nil {
			*list.to = list.from
		}
	}
	if p.Prereleases == nil { // the repo's, of those environments that the project has
		targets, _ := helm.ParseTargets(one.Environments)
		one.Prereleases = slices.DeleteFunc(slices.Clone(s.Prereleases), func(name string) bool {
			return !slices.ContainsFunc(targets, func(t helm.Target) bool { return t.Name == name })
		})
	}
	// the image of a repo of several projects is what theirs are below
	one.Registry, one.Address = cmp.Or(s.Registry, s.Address), strings.TrimSuffix(p.Image, "/")
	if p.Image != "" && !registry.HasHost(p.Image) {
		if one.Registry == "" {
			return nil, p.Fault("image", "%q is below a registry that is not given: name it with --registry, or write HOST[:PORT]/PATH", p.Image)
		}
		one.Address = one.Registry + "/" + p.Image
	}
	if one.Address != "" && !registry.SamePlace(registry.Host(one.Address), s.home(), s.Insecure) {
		one.Login, one.Password, one.Insecure, one.Service = "", nil, false, nil
	}
	err := one.check()
	if bad := new(badSetting); errors.As(err, &bad) {
		return nil, p.Fault(bad.name, "%s: %v", bad.name, bad.err)
	}
	return &one, err
}

// home is the host that login, password, insecure and service are for, where ship.toml lists projects: that of the
// settings' registry, not any that ship.toml names. Whoever may propose a change can write there, and is not to get the
// password by that.
func (s *Ship) home() string { return registry.Host(cmp.Or(s.Registry, s.Address)) }

// one is the release of a function that is about one project.
func (s *Ship) one(ctx context.Context) (*release, error) {
	all, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	if len(all.releases) > 1 {
		return nil, fmt.Errorf("%s lists several projects: pick one with --project, of %s", projects.File, all.keys())
	}
	return all.releases[0], all.distinct()
}

// distinct refuses projects that would write to the same place, also where only one of them is acted on.
func (all *repo) distinct() error {
	if len(all.releases)+len(all.others) < 2 {
		return nil
	}
	var found []naming.Places
	for _, r := range slices.Concat(all.others, all.releases) {
		err := r.err
		if err == nil && r.facts.Tag == "" { // not read yet
			_, err = r.read(all.ctx)
		}
		if err != nil {
			continue // its own step says so
		}
		p := naming.Places{
			Key: r.key, Name: r.project.Name, Template: naming.Template(r.Template), Tag: r.facts.Tag, Image: r.images.Address,
			IsVersion: func(text string) bool { _, err := version.Parse(r.project.Version.Scheme, text); return err == nil },
		}
		for _, target := range r.targets {
			if name, err := naming.Release(r.project.Name); err == nil {
				p.Releases = append(p.Releases, name+" in "+target.Namespace)
			}
		}
		found = append(found, p)
	}
	return naming.Distinct(found)
}
