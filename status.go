package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"dagger/ship/internal/release"
	"dagger/ship/internal/report"
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
	// The newest version that is tagged, if this one is older; empty: it is the newest
	Behind string
}

// Status of the environments: what runs there, since when, whether it is healthy and whether a
// newer version is tagged.
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
		table = append(
			table,
			[]string{
				d.Project,
				d.Environment,
				d.Version,
				fmt.Sprintf("%.19s", d.Digest),
				strconv.Itoa(d.Revision),
				d.Since,
				state,
			},
		)
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
// On the command line, name a field, as in dagger call deployments version: its values are printed,
// one for each environment.
// +cache="session"
func (s *Ship) Deployments(ctx context.Context) ([]*Deployment, error) {
	all, err := s.open(ctx, false)
	if err != nil {
		return nil, err
	}
	found := make([][]release.Deployment, len(all.Releases()))
	all.Each(func(_ int, r *release.Release) error { return r.ReadTags(ctx) })
	all.Expect()
	all.Each(func(i int, r *release.Release) (err error) { found[i], err = r.Deployments(ctx); return })
	if err := all.Failure(); err != nil {
		return nil, err
	}
	var deployments []*Deployment
	for _, d := range slices.Concat(found...) {
		deployments = append(deployments, deployment(d))
	}
	if len(deployments) == 0 {
		return nil, errors.New("no environments in the settings: name them with --environments")
	}
	return deployments, nil
}

// deployment is one as the API has it.
func deployment(d release.Deployment) *Deployment {
	made := &Deployment{
		Project:     d.Project,
		Environment: d.Environment,
		Namespace:   d.Namespace,
		Version:     d.Version,
		Digest:      d.Digest,
		Release:     d.Release,
		Revision:    d.Revision,
		Healthy:     d.Healthy,
		State:       d.Text,
		Behind:      d.Behind,
	}
	if d.Revision > 0 {
		made.Since = d.Since.UTC().Format(time.RFC3339)
	}
	return made
}
