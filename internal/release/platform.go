package release

import (
	"context"
	"fmt"
	"strings"

	"dagger/ship/internal/dagger"
)

// platformArgs tell a Dockerfile the platform of the machine that builds, as BuildKit does
// (https://docs.docker.com/build/building/variables/). An engine says instead that it is the one
// that the image is for, so that FROM --platform=$BUILDPLATFORM would not compile on the machine's own.
func platformArgs(here dagger.Platform) []dagger.BuildArg {
	args := []dagger.BuildArg{{Name: "BUILDPLATFORM", Value: string(here)}}
	names := []string{"BUILDOS", "BUILDARCH", "BUILDVARIANT"}
	for i, part := range strings.SplitN(string(here), "/", len(names)) {
		args = append(args, dagger.BuildArg{Name: names[i], Value: part})
	}
	return args
}

// isFor makes sure that the nth of an image's containers is for the nth platform. An engine takes
// one whose last stage is FROM scratch, without a RUN, for one of its own platform.
func isFor(ctx context.Context, container *dagger.Container, wanted []string, n int) error {
	if len(wanted) == 0 {
		return nil
	}
	is, err := container.Platform(ctx)
	if err != nil {
		return fmt.Errorf("ask which platform the image is for: %w", err)
	}
	if system(string(is)) != system(wanted[n]) {
		return fmt.Errorf(
			"the image for %s came out as one for %s, as a Dagger engine makes it of a last stage FROM scratch that "+
				"has no RUN: begin that stage FROM an image that is there for each platform",
			wanted[n],
			is,
		)
	}
	return nil
}

// system is a platform without its variant, which an engine may leave out, or add.
func system(platform string) string {
	os, rest, _ := strings.Cut(platform, "/")
	arch, _, _ := strings.Cut(rest, "/")
	return os + "/" + arch
}
