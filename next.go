package main

import (
	"context"
	"strings"

	"dagger/ship/internal/changes"
	"dagger/ship/internal/release"
)

// Next version, which the changes since the last one make, and why.
//
// Commits count by their subjects, as Conventional Commits: feat raises the second number, fix and perf
// the third, and what breaks something the first. With next = "files" in ship.toml, change files do. It
// returns text, for each project that ship.toml lists, and changes nothing.
// +cache="session"
func (s *Ship) Next(ctx context.Context) (string, error) {
	all, err := s.open(ctx, true)
	if err != nil {
		return "", err
	}
	found := make([]changes.Next, len(all.Releases()))
	all.Each(func(i int, r *release.Release) (err error) { found[i], err = r.Next(ctx); return })
	if err := all.Failure(); err != nil {
		return "", err
	}
	var texts []string
	for _, next := range found {
		texts = append(texts, next.String())
	}
	return strings.Join(texts, "\n"), nil
}
