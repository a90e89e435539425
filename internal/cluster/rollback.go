package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger/ship/internal/helm"
)

// Rollback takes the environment back to a version that ran there, or, without one, to the newest
// revision that ran a different one. It says what was done; changed is false if the environment
// runs that version already.
func (e *Environment) Rollback(ctx context.Context, version string) (said string, changed bool, err error) {
	release, err := e.versioned()
	if err != nil {
		return "", false, err
	}
	before, recovered, err := e.unlock(ctx, release)
	if err != nil {
		return "", false, err
	}
	running := versionOf(before.Images(e.Slots))
	if version != "" && running == version && before.Status == "deployed" {
		return recovered + e.Name + " runs " + version, false, nil
	}
	if before.Number == 0 {
		return "", false, fmt.Errorf("nothing is deployed in %s", e.Namespace)
	}
	to, images, err := e.earlier(ctx, before, version)
	if err != nil {
		return "", false, err
	}
	release.Next = before.Number + 1
	switch err := e.goBack(ctx, release, before, to, true); {
	case errors.Is(err, errTaken):
		return "", false, fmt.Errorf("not rolled back: %w; call rollback again if that is not wanted either", err)
	case err != nil:
		failure := trouble{words: err.Error()}
		errors.As(err, &failure)
		return "", false, e.failed(ctx, release, failure)
	}
	return fmt.Sprintf(
		"%s%s runs %s again, as in revision %d; it ran %s",
		recovered,
		e.Namespace,
		images,
		to,
		running,
	), true, nil
}

// earlier finds the newest revision that ran the version, or, without one, a different one than
// now.
func (e *Environment) earlier(
	ctx context.Context,
	now helm.Revision,
	version string,
) (revision int, images helm.Images, err error) {
	history, err := e.history(ctx)
	if err != nil {
		return 0, images, err
	}
	ran := ""
	for _, revision := range helm.Earlier(history) {
		if images, err = e.imagesOf(ctx, revision); err != nil {
			return 0, images, err
		}
		if versionOf(images) == version || version == "" && images.Tag() != now.Images(e.Slots).Tag() {
			return revision, images, nil
		}
		ran += fmt.Sprintf(" %s in revision %d;", versionOf(images), revision)
	}
	wanted := "earlier version than " + versionOf(now.Images(e.Slots))
	if version != "" {
		wanted = "version " + version
	}
	return 0, images, fmt.Errorf("no %s in Helm's history of %s in %s, where these ran before:%s; "+
		"to run an old version again, release it under a higher number",
		wanted, e.Release, e.Namespace, cmp.Or(strings.TrimSuffix(ran, ";"), " none"))
}
