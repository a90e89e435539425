package cluster

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/tools"
)

// Where things are in a container.
const (
	treePath   = "/ship/tree"
	packedPath = "/tmp/packed"
	chartPath  = "/ship/chart"
	valuesPath = "/ship/values"
	imagePath  = "/ship/image.json"
)

// Chart is a chart of a commit as plain files, and its values files by name.
type Chart struct {
	folder string // where the commit has it
	chart  *dagger.Directory
	values *dagger.Directory
	names  []string
}

// fault is an error of a chart itself, which trying again does not mend.
type fault struct{ error }

// IsFault tells whether an error of Pack is of the chart itself.
func IsFault(err error) bool { return errors.As(err, new(fault)) }

// Pack takes a chart's folder out of a commit's tree, where no secret is: Helm follows links, and
// would read for a chart whatever it can.
func Pack(ctx context.Context, t Tools, timeout time.Duration, tree *dagger.Directory, folder string) (Chart, error) {
	container := t.Plain().WithMountedDirectory(treePath, tree)
	args := helm.Bounded(timeout, helm.PackArgs(treePath, "./"+folder, packedPath)...)
	answer, err := t.Run(ctx, container, args)
	switch {
	case err != nil:
		return Chart{}, err
	case answer.Code == helm.NoChart:
		return Chart{}, fault{fmt.Errorf("no Helm chart at %s in the source: name its folder with --chart", folder)}
	case answer.Code == helm.LinksOutside:
		return Chart{}, fault{fmt.Errorf("the chart in %s has links that lead out of the repo, or nowhere: "+
			"replace them with the files themselves:\n%s", folder, answer.Stderr)}
	case answer.Code != 0:
		return Chart{}, fault{fmt.Errorf("pack the chart in %s: %s", folder, answer.Failure())}
	}
	packed := tools.Ran(container, args).Directory(packedPath)
	return Chart{
		folder: folder,
		chart:  packed.Directory(helm.PackedChart),
		values: packed.Directory(helm.PackedValues),
		names:  strings.Fields(answer.Stdout),
	}, nil
}

// with puts a chart and its values into a container, and names them in the release. What is in the
// container is what the commit has, and not a way to anything else: see Pack.
func (e *Environment) with(
	ctx context.Context, container *dagger.Container, chart Chart, image helm.Image,
) (*dagger.Container, helm.Release, error) {
	release, err := e.versioned()
	if err != nil {
		return nil, release, err
	}
	release.Chart = chartPath
	if values := "values-" + e.Name + ".yaml"; slices.Contains(chart.names, values) {
		release.Values = append(release.Values, path.Join(valuesPath, values))
	}
	release.Values = append(release.Values, imagePath)
	return container.
		WithMountedDirectory(chartPath, chart.chart).
		WithMountedDirectory(valuesPath, chart.values).
		WithNewFile(imagePath, e.Keys.Values(image)), release, nil
}

// comparing is a container with a chart that is rolled out only as the revision after the one that
// was looked at.
func comparing(container *dagger.Container, chart Chart, release helm.Release, before helm.Revision) *dagger.Container {
	return container.WithMountedDirectory(chartPath, chart.chart.WithNewFile(helm.ComparePath, release.Compare(before)))
}

// Rendered is what a chart makes, as it was tried out.
type Rendered struct {
	Objects []helm.Object // that Helm keeps with the release
	Hooks   []helm.Object // that Helm makes beside an operation
}

func newRendered(manifests, namespace string) (r Rendered, err error) {
	objects, err := helm.ParseObjects(manifests, namespace)
	for _, o := range objects {
		if len(o.Events()) > 0 {
			r.Hooks = append(r.Hooks, o)
		} else {
			r.Objects = append(r.Objects, o)
		}
	}
	return r, err
}

// hasHook tells whether the chart, as Render has tried it out, has a hook of an event.
func (e *Environment) hasHook(event string) bool {
	return slices.ContainsFunc(e.rendered.Hooks, func(o helm.Object) bool { return slices.Contains(o.Events(), event) })
}

// Render tries a chart out with an image, and checks that it uses the image's digest. What it found
// is kept for the rollout.
func (e *Environment) Render(ctx context.Context, chart Chart, image helm.Image) error {
	container, release, err := e.with(ctx, e.Tools.Plain(), chart, image)
	if err != nil {
		return err
	}
	answer, err := e.Tools.Run(ctx, container, release.TemplateArgs())
	switch {
	case err != nil:
		return fmt.Errorf("render the chart %s: %w", chart.folder, err)
	case answer.Code != 0:
		return errors.New("the chart in " + chart.folder + " does not render for " + e.Name + ": " + answer.Failure())
	}
	if e.rendered, err = newRendered(answer.Stdout, e.Namespace); err != nil {
		return fmt.Errorf("the chart in %s does not render for %s: %w", chart.folder, e.Name, err)
	}
	return e.Keys.CheckRendered(answer.Stdout, image)
}
