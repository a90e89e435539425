package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/helm"
	"dagger/ship/internal/report"
	"dagger/ship/internal/version"
)

// Deployment is what runs in an environment.
type Deployment struct {
	// The project's name
	Project string
	// The environment's name
	Environment string
	// Its namespace in the cluster
	Namespace string
	// The version that runs there; empty: nothing does
	Version string
	// The image's digest, sha256:…
	Digest string
	// The Helm release's name
	Release string
	// The Helm release's revision, counted from 1; 0: there is none
	Revision int
	// When that was deployed, as 2026-01-31T10:20:30Z
	Since string
	// Whether the revision is deployed and all that it made is ready
	Healthy bool
	// In a few words, how it is: healthy, or what is wrong
	State string
	// The newest version that is tagged, where this one is older; empty: it is the newest
	Behind string
}

// Status of the environments: what runs there, since when, whether it is healthy and whether a newer version is tagged.
//
// It returns a table as text, and changes nothing.
// +cache="session"
func (s *Ship) Status(ctx context.Context) (string, error) {
	deployments, err := s.Deployments(ctx)
	if err != nil {
		return "", err
	}
	table := [][]string{{"PROJECT", "ENVIRONMENT", "VERSION", "DIGEST", "REVISION", "SINCE", "STATE"}}
	several := false
	for _, d := range deployments {
		state := d.State
		if d.Behind != "" {
			state += ", behind " + d.Behind
		}
		table = append(table, []string{d.Project, d.Environment, d.Version, fmt.Sprintf("%.19s", d.Digest), strconv.Itoa(d.Revision), d.Since, state})
		several = several || d.Project != deployments[0].Project
	}
	if !several {
		for i := range table {
			table[i] = table[i][1:]
		}
	}
	return report.Table(table), nil
}

// Deployments in the order of the settings: what status shows, as objects.
//
// On the command line, name a field, as in dagger call deployments version: its values are printed, one for each environment.
// +cache="session"
func (s *Ship) Deployments(ctx context.Context) ([]*Deployment, error) {
	all, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	var deployments []*Deployment
	found := make([][]*Deployment, len(all.releases))
	all.each(func(r *release) error { return r.run(ctx, []step{{name: "read", waits: "the source", do: r.readTags}}) })
	all.each(func(r *release) error {
		return r.run(ctx, []step{{name: "look", waits: "git remote and cluster to answer", do: func(ctx context.Context) (_ string, err error) {
			found[slices.Index(all.releases, r)], err = r.deployments(ctx)
			return "the git remote and the cluster", err
		}}})
	})
	for _, of := range found {
		deployments = append(deployments, of...)
	}
	if err := all.failure(); err != nil {
		return nil, err
	}
	if len(deployments) == 0 {
		return nil, errors.New("no environments in the settings: name them with --environments")
	}
	return deployments, nil
}

// deployments looks at the project's environments.
func (r *release) deployments(ctx context.Context) ([]*Deployment, error) {
	deployments := make([]*Deployment, len(r.targets))
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.lookAtOthers(gctx) })
	for i, target := range r.targets {
		group.Go(func() (err error) { deployments[i], err = r.deployment(target); return })
	}
	err := group.Wait()
	for i, d := range deployments {
		if err == nil {
			d.Behind = r.behind(d.Version, r.takesPrereleases(r.targets[i]))
		}
	}
	return deployments, err
}

// deployment is what was seen of one environment.
func (r *release) deployment(target helm.Target) (*Deployment, error) {
	chart, err := r.helmRelease(target)
	if err != nil {
		return nil, err
	}
	revision, err := r.seen(chart)
	if err != nil {
		return nil, fmt.Errorf("environment %s: %w", target.Name, err)
	}
	image := revision.Image(r.Keys)
	d := &Deployment{
		Project: r.project.Name, Environment: target.Name, Namespace: target.Namespace, Release: chart.Name, Revision: revision.Number,
		Version: versionOf(image), Digest: image.Digest, State: "nothing is deployed",
	}
	if revision.Number == 0 {
		return d, nil
	}
	d.Since = revision.Since.UTC().Format(time.RFC3339)
	d.Healthy, d.State = r.health(chart, revision)
	return d, nil
}

// behind returns the highest version that is tagged where it is higher than what runs.
func (r *release) behind(running string, prereleases bool) string {
	highest, err := version.Parse(r.project.Version.Scheme, running)
	if err != nil {
		return ""
	}
	for _, v := range r.facts.Others {
		if highest.Compare(v) < 0 && (prereleases || !v.Prerelease()) {
			highest = v
		}
	}
	if highest.Text == running {
		return ""
	}
	return highest.Text
}
