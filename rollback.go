package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger/ship/internal/helm"
	"dagger/ship/internal/report"
)

// Rollback an environment to the version that ran there before, or to a named one.
//
// It goes by Helm's history: the image's digest, the chart and its values are those of then. It waits for the rollout, and returns
// the report as text. Releases leave the environment alone from then on until they bring a higher version than the one it was
// taken back from; deploy brings that one back. It fails where the history has no such version: the strategy reinstall leaves none.
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
	steps := []step{
		{name: "read", waits: "the source", do: r.readProject},
		{name: "rollback " + environment, waits: "the rollout, for " + r.Timeout + " at most", do: func(ctx context.Context) (string, error) { return r.rollback(ctx, r.targets[0], version) }},
	}
	if err := r.run(ctx, steps); err != nil {
		return "", err
	}
	return style.Text(r.report), nil
}

func (r *release) rollback(ctx context.Context, target helm.Target, version string) (string, error) {
	chart, err := r.helmRelease(target)
	if err != nil {
		return "", err
	}
	if chart.Helm, err = r.helmVersion(); err != nil {
		return "", err
	}
	before, recovered, err := r.unlock(ctx, r.cluster(), chart)
	if err != nil {
		return "", err
	}
	if version != "" && versionOf(before.Image(r.Keys)) == version && before.Status == "deployed" {
		r.report.Outcome = report.Nothing
		return recovered + target.Name + " runs " + version, nil
	}
	if before.Number == 0 {
		return "", fmt.Errorf("nothing is deployed in %s", chart.Namespace)
	}
	revision, image, err := r.earlier(ctx, chart, before, version)
	if err != nil {
		return "", err
	}
	chart.Next = before.Number + 1
	switch err := r.goBack(ctx, r.cluster(), chart, before, revision, true); {
	case errors.Is(err, errTaken):
		return "", fmt.Errorf("not rolled back: %w; call rollback again if that is not wanted either", err)
	case err != nil:
		return "", r.failed(ctx, r.cluster(), chart, target, err.Error())
	}
	r.report.Outcome = report.RolledBack
	return fmt.Sprintf("%s%s runs %s:%s@%s again, as in revision %d; it ran %s", recovered, target.Namespace,
		image.Repository, image.Tag, image.Digest, revision, versionOf(before.Image(r.Keys))), nil
}

// earlier finds the newest revision that ran the version, or, where none is named, another one than now.
func (r *release) earlier(ctx context.Context, chart helm.Release, now helm.Revision, version string) (revision int, image helm.Image, err error) {
	history, err := r.history(ctx, chart)
	if err != nil {
		return 0, image, err
	}
	ran := ""
	for _, revision := range helm.Earlier(history) {
		if image, err = r.imageOf(ctx, chart, revision); err != nil {
			return 0, image, err
		}
		if versionOf(image) == version || version == "" && image.Tag != now.Image(r.Keys).Tag {
			return revision, image, nil
		}
		ran += fmt.Sprintf(" %s in revision %d;", versionOf(image), revision)
	}
	wanted := "earlier version than " + versionOf(now.Image(r.Keys))
	if version != "" {
		wanted = "version " + version
	}
	return 0, image, fmt.Errorf("no %s in Helm's history of %s in %s, where these ran before:%s; to run an old version again, release it under a higher number",
		wanted, chart.Name, chart.Namespace, cmp.Or(strings.TrimSuffix(ran, ";"), " none"))
}
