package release

import (
	"context"
	"fmt"
	"path"
	"strings"

	"dagger/ship/internal/charts"
	"dagger/ship/internal/converge"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/version"
)

// readChart finds out where the version's chart is published.
func (r *Release) readChart() error {
	if r.ChartsAt == "" || r.facts.None != "" {
		return nil
	}
	if _, err := version.Parse(version.SemVer, r.facts.Name); err != nil {
		return fmt.Errorf("charts: a chart's version is SemVer, as 1.4.0-rc.1, and %s is not: do not publish it, or "+
			"change how the version is written", r.facts.Name)
	}
	file := path.Join(r.Path, r.Chart, "Chart.yaml")
	text, err := r.Tree.Contents(file)
	if err != nil {
		return err
	}
	name, err := charts.NameOf(text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	place := r.ChartsAt
	if !registry.HasHost(place) {
		base, err := r.address()
		if err != nil {
			return err
		}
		place = base + "/" + place
	}
	r.read.Chart.Address = place + "/" + name
	if r.read.Chart.Account, err = r.accountFor(r.read.Chart.Address); err != nil {
		return err
	}
	r.facts.Chart.Address = r.read.Chart.Address + ":" + r.chartTag()
	return registry.Check(r.read.Chart.Address)
}

// chartTag is the version as Helm writes a chart's tag.
func (r *Release) chartTag() string { return strings.ReplaceAll(r.facts.Name, "+", "_") }

func (r *Release) lookAtChart(ctx context.Context) error {
	found, err := r.read.Chart.Look(ctx, r.chartTag())
	r.facts.Chart.Digest, r.facts.Chart.Revision = found.Digest, found.Revision
	return unlessMissing(err)
}

// chartSteps publish the chart beside the images, if that was asked for.
func (r *Release) chartSteps(plan converge.Plan) flow.Group {
	if r.facts.Chart.Address == "" {
		return nil
	}
	return flow.Group{step(
		"publish chart",
		"the push of "+r.facts.Chart.Address,
		plan.Chart,
		func(ctx context.Context) (string, error) { return r.publishChart(ctx, plan.Commit) },
	)}
}

// publishChart pushes the chart of the commit, with the version as its own, and with the images' digests
// among its values. It looks once more: another release of the commit may have been faster.
func (r *Release) publishChart(ctx context.Context, commit string) (string, error) {
	switch there, err := r.read.Chart.Look(ctx, r.chartTag()); {
	case err == nil && there.Revision != commit:
		return "", fmt.Errorf("%s was just published by something else, from commit %q", r.facts.Chart.Address,
			there.Revision)
	case err == nil:
		return r.facts.Chart.Address + " is " + there.Digest + ", pushed by another release of the same commit", nil
	case unlessMissing(err) != nil:
		return "", err
	}
	when, err := r.timeOf(commit)
	if err != nil {
		return "", err
	}
	chart, err := r.chart(commit)
	if err != nil {
		return "", err
	}
	values, err := chart.Values(ctx, r.Slots(), r.images(), []string{"values.yaml"})
	if err != nil {
		return "", err
	}
	files, err := chart.Tar(ctx, r.tools(), r.Timeout)
	if err != nil {
		return "", err
	}
	artifact, err := charts.Package{Version: r.facts.Name, Values: values, When: when}.Pack(files)
	if err != nil {
		return "", err
	}
	artifact.Annotations = map[string]string{}
	for _, said := range r.annotations(commit, when) {
		artifact.Annotations[said[0]] = said[1]
	}
	digest, err := r.read.Chart.Push(ctx, r.chartTag(), artifact)
	return r.facts.Chart.Address + "@" + digest, err
}
