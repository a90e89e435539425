package main

import (
	"context"

	"dagger/ship/internal/dagger"
)

// With an image made elsewhere: publish this container instead of what the Dockerfile makes.
func (s *Ship) WithImage(
	// What to publish. It gets the labels of the project's version and commit
	container *dagger.Container,
) *Ship {
	with := *s
	with.Container = container
	return &with
}

// Build the image from the Dockerfile, and push nothing.
//
// It builds HEAD as the git remote has it, without what is not committed and pushed. The image's
// labels and annotations say the version, commit, time and place of its source
// (org.opencontainers.image.*), as do those of a container given by with-image. It fails if the
// build does.
// +cache="session"
func (s *Ship) Build(
	ctx context.Context,
	// Name of one of several images that ship.toml has
	// +optional
	image string,
) (*dagger.Container, error) {
	r, err := s.one(ctx)
	if err != nil {
		return nil, err
	}
	return r.Build(ctx, image)
}

// Publish the version's image: build and push it if the registry does not have it.
//
// It moves the tag latest to the highest final version, and returns the image's reference,
// HOST/PATH:VERSION@sha256:…, of several images a line each. It never overwrites a version, and fails
// if the image there is of another commit.
// +cache="session"
func (s *Ship) Publish(ctx context.Context) (string, error) {
	r, err := s.one(ctx)
	if err != nil {
		return "", err
	}
	return r.Publish(ctx)
}
