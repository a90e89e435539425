package main

import (
	"context"

	"dagger/ship/internal/release"
)

// Preview a commit, as that of a merge request, apart from all environments.
//
// It builds the source's commit as a snapshot and deploys it as the table [previews] of ship.toml
// says. Called again after a push, it deploys the newer commit, forwards only. It returns the report
// as text. remove takes the preview away.
// +cache="session"
func (s *Ship) Preview(
	ctx context.Context,
	// Name of the preview, as mr-12: lower-case letters, digits and dashes
	name string,
) (string, error) {
	all, err := s.open(ctx, false)
	if err != nil {
		return "", err
	}
	r, err := all.One()
	if err != nil {
		return "", err
	}
	if err := r.ForPreview(name); err != nil {
		return "", err
	}
	if err := all.Run(ctx); err != nil {
		return "", err
	}
	return all.Text(), nil
}

// Remove a preview: uninstall it, and remove the namespace if that was made for it.
//
// It returns the report as text, and does nothing if there is no such preview.
// +cache="session"
func (s *Ship) Remove(
	ctx context.Context,
	// Name of the preview, as mr-12
	name string,
) (string, error) {
	r, err := s.onePreview(ctx, name)
	if err != nil {
		return "", err
	}
	done, err := r.Remove(ctx)
	if err != nil {
		return "", err
	}
	return style.Text(done), nil
}

// onePreview is the release of a function that is about one preview.
func (s *Ship) onePreview(ctx context.Context, name string) (*release.Release, error) {
	r, err := s.one(ctx)
	if err != nil {
		return nil, err
	}
	return r, r.ForPreview(name)
}
