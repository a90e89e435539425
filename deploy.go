package main

import (
	"context"

	"dagger/ship/internal/release"
)

// Deploy the version's published image to one environment, and wait for the rollout.
//
// It deploys by digest. It does nothing if the environment runs the version already, or a newer
// one, and fails if the image is not published. When a rollout fails, the error shows pods, events
// and logs, and the strategy upgrade rolls back.
// +cache="session"
func (s *Ship) Deploy(
	ctx context.Context,
	// Name of one of the environments in the settings, as production
	environment string,
) (*Deployment, error) {
	r, err := s.oneWith(ctx, environment)
	if err != nil {
		return nil, err
	}
	d, err := r.Deploy(ctx)
	if err != nil {
		return nil, err
	}
	return deployment(d), nil
}

// Rollback an environment to the version that ran there before, or to a named one.
//
// It goes by Helm's history: the image's digest, the chart and its values are those of then. It
// waits for the rollout, and returns the report as text. Releases leave the environment alone from
// then on until they bring a higher version than the one it was taken back from; deploy brings that
// one back. It fails if the history has no such version: the strategy reinstall leaves none.
// +cache="session"
func (s *Ship) Rollback(
	ctx context.Context,
	// Name of one of the environments in the settings, as production
	environment string,
	// Version to go back to, as 1.3.0. Default: the one that ran before this one
	// +optional
	version string,
) (string, error) {
	r, err := s.oneWith(ctx, environment)
	if err != nil {
		return "", err
	}
	done, err := r.Rollback(ctx, version)
	if err != nil {
		return "", err
	}
	return style.Text(done), nil
}

// oneWith is the release of a function that is about one environment of one project, asked for by
// name.
func (s *Ship) oneWith(ctx context.Context, environment string) (*release.Release, error) {
	r, err := s.one(ctx)
	if err != nil {
		return nil, err
	}
	return r, r.With(environment)
}
