package main

import (
	"context"
	"fmt"
	"time"
)

// Sweep removes a project's old snapshots from the registry: images of commits without a version.
//
// It first looks at all environments of the settings, and leaves what one of them runs or could be
// rolled back to. It also leaves versions, the source's own commit, and what Ship did not make. It
// returns the report as text. The login needs the right to delete. Call it from a scheduled pipeline.
// +cache="session"
func (s *Ship) Sweep(
	ctx context.Context,
	// How old a snapshot's commit must be at least, in hours as 720h
	// +optional
	// +default="720h"
	age string,
	// Only say what would be removed
	// +optional
	plan bool,
) (string, error) {
	least, err := time.ParseDuration(age)
	if err != nil || least < 0 {
		return "", fmt.Errorf("--age: %q is no time: write hours, as 720h", age)
	}
	all, err := s.open(ctx, plan)
	if err != nil {
		return "", err
	}
	r, err := all.One()
	if err != nil {
		return "", err
	}
	done, err := r.Sweep(ctx, least)
	if err != nil {
		return "", err
	}
	return style.Text(done), nil
}
