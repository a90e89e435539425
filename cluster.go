package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/naming"
)

// Where things are in the container that Helm runs in.
const (
	chartPath      = "/ship/chart"
	valuesPath     = "/ship/image.json"
	kubeconfigPath = "/ship/kubeconfig"
)

// environment sees what runs in a target.
func (r *release) environment(ctx context.Context, target helm.Target) (converge.Environment, error) {
	if !r.hasKubeconfig {
		if !r.dry {
			return converge.Environment{}, fmt.Errorf("environment %s: no kubeconfig was given: name one with --kubeconfig", target.Name)
		}
		return r.runs(target, helm.Revision{Status: converge.Unknown}, true), nil
	}
	_, revision, exists, err := r.status(ctx, target)
	if err != nil {
		return converge.Environment{}, fmt.Errorf("environment %s: %w", target.Name, err)
	}
	return r.runs(target, revision, exists), nil
}

// runs says what a target runs, by its release's last revision. An uninstalled release holds nothing.
func (r *release) runs(target helm.Target, revision helm.Revision, exists bool) converge.Environment {
	e := converge.Environment{Name: target.Name, Prereleases: slices.Contains(r.Prereleases, target.Name)}
	if exists && revision.Status != "uninstalled" {
		e.Version, e.Digest, e.Status = revision.Image.Tag, revision.Image.Digest, revision.Status
	}
	return e
}

func (r *release) status(ctx context.Context, target helm.Target) (name string, revision helm.Revision, exists bool, err error) {
	chart, err := r.helmRelease(target)
	if err != nil {
		return "", helm.Revision{}, false, err
	}
	code, stdout, stderr, err := exec(ctx, r.cluster(), chart.StatusArgs())
	if err == nil {
		revision, exists, err = helm.ParseStatus(code, stdout, stderr, r.Keys)
	}
	return chart.Name, revision, exists, err
}

// helmRelease names the release of a target, without values.
func (r *release) helmRelease(target helm.Target) (helm.Release, error) {
	name, err := naming.Release(r.project.Name)
	return helm.Release{Name: name, Namespace: target.Namespace, Chart: chartPath, Timeout: r.Timeout}, err
}

// cluster is a container that Helm and kubectl can reach the cluster from.
func (r *release) cluster() *dagger.Container {
	return dag.Container().From(r.Tools).
		WithEnvVariable("KUBECONFIG", kubeconfigPath).
		WithMountedSecret(kubeconfigPath, r.Kubeconfig)
}

// withChart puts the chart and its values into a container and names them in the release.
func (r *release) withChart(ctx context.Context, container *dagger.Container, target helm.Target, image helm.Image) (*dagger.Container, helm.Release, error) {
	chart, err := r.helmRelease(target)
	if err != nil {
		return nil, chart, err
	}
	source := r.tree().Directory(r.Chart)
	files, err := source.Entries(ctx)
	if err != nil || !slices.Contains(files, "Chart.yaml") {
		return nil, chart, fmt.Errorf("no Helm chart at %s in the source: name its folder with --chart", r.Chart)
	}
	if values := "values-" + target.Name + ".yaml"; slices.Contains(files, values) {
		chart.Values = append(chart.Values, path.Join(chartPath, values))
	}
	chart.Values = append(chart.Values, valuesPath)
	return container.
		WithMountedDirectory(chartPath, source).
		WithNewFile(valuesPath, helm.Keys(r.Keys).Values(image)), chart, nil
}

func (r *release) image(digest string) helm.Image {
	return helm.Image{Repository: r.images.Address, Tag: r.project.Version.Text, Digest: digest}
}

// render tries the chart out with a digest of zeros, since the image may not be built yet.
func (r *release) render(ctx context.Context, target helm.Target) error {
	image := r.image("sha256:" + strings.Repeat("0", 64))
	container, chart, err := r.withChart(ctx, dag.Container().From(r.Tools), target, image)
	if err != nil {
		return err
	}
	rendered, err := container.WithExec(chart.TemplateArgs()).Stdout(ctx)
	if failed := new(dagger.ExecError); errors.As(err, &failed) {
		return fmt.Errorf("the chart in %s does not render for %s: %s", r.Chart, target.Name, helm.Cause(failed.Stderr))
	}
	if err != nil {
		return fmt.Errorf("render the chart %s: %w", r.Chart, err)
	}
	return helm.Keys(r.Keys).CheckRendered(rendered, image)
}

// exec runs a program that looks at or changes the cluster: never from the cache, hence the changing variable. What
// it printed and its exit code come from one call, since each further one could run it again.
func exec(ctx context.Context, container *dagger.Container, args []string) (code int, stdout, stderr string, err error) {
	stdout, err = container.
		WithEnvVariable("SHIP_AT", time.Now().Format(time.RFC3339Nano)).
		WithExec(args).
		Stdout(ctx)
	if failed := new(dagger.ExecError); errors.As(err, &failed) {
		return failed.ExitCode, failed.Stdout, failed.Stderr, nil
	}
	return 0, stdout, "", err
}
