package cluster

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/network"
	"dagger/ship/internal/tools"
)

// Where things are in a container.
const (
	treePath   = "/ship/tree"
	packedPath = "/tmp/packed"

	archivePath  = "/ship/chart.tgz.base64"
	unpackedPath = "/tmp/unpacked"

	chartPath  = "/ship/chart"
	valuesPath = "/ship/values"
	layersPath = "/ship/layers"
	imagePath  = "/ship/image.json"
)

// Chart is a chart of a commit as plain files, and its values files by name.
type Chart struct {
	folder string // where the commit has it
	name   string
	chart  *dagger.Directory
	values *dagger.Directory
	names  []string // of files of values
}

// fault is an error of a chart itself, which trying again does not mend.
type fault struct{ error }

// IsFault tells whether an error of Pack is of the chart itself.
func IsFault(err error) bool { return errors.As(err, new(fault)) }

// Pack takes a chart's folder out of a commit's tree, where no secret is: Helm follows links, and
// would read for a chart whatever it can. The chart then says that its app has the version, if one is
// given.
func Pack(
	ctx context.Context, t Tools, timeout time.Duration, tree *dagger.Directory, folder, appVersion string,
) (Chart, error) {
	container := t.Plain().WithMountedDirectory(treePath, tree)
	args := helm.Bounded(timeout, helm.PackArgs(treePath, "./"+folder, packedPath, appVersion)...)
	answer, err := t.Run(ctx, container, args)
	if err != nil {
		return Chart{}, err
	}
	if err := notPacked(folder, answer); err != nil {
		return Chart{}, err
	}
	packed := tools.Ran(container, args).Directory(packedPath)
	name, names, _ := strings.Cut(answer.Stdout, "\n")
	return Chart{
		folder: folder,
		name:   name,
		chart:  packed.Directory(helm.PackedChart),
		values: packed.Directory(helm.PackedValues),
		names:  strings.Fields(names),
	}, nil
}

// PackArchive takes a chart out of an archive as Helm packs them. Called is how messages name it.
func PackArchive(
	ctx context.Context, t Tools, timeout time.Duration, archive []byte, called, appVersion string,
) (Chart, error) {
	container := t.Plain().WithNewFile(archivePath, base64.StdEncoding.EncodeToString(archive))
	args := helm.Bounded(timeout, helm.UnpackArgs(archivePath, unpackedPath)...)
	answer, err := t.Run(ctx, container, args)
	if err != nil {
		return Chart{}, err
	}
	if answer.Code != 0 {
		return Chart{}, fault{fmt.Errorf("unpack %s: %s", called, answer.Failure())}
	}
	chart, err := Pack(
		ctx,
		t,
		timeout,
		tools.Ran(container, args).Directory(unpackedPath),
		helm.UnpackedChart,
		appVersion,
	)
	chart.folder = called
	return chart, err
}

// Tar is the chart's files as a tar, below one folder.
func (c Chart) Tar(ctx context.Context, t Tools, timeout time.Duration) ([]byte, error) {
	container := t.Plain().WithMountedDirectory(chartPath, c.chart)
	answer, err := t.Run(ctx, container, helm.Bounded(timeout, helm.TarArgs(chartPath)...))
	if err == nil && answer.Code != 0 {
		err = errors.New(answer.Failure())
	}
	if err != nil {
		return nil, fmt.Errorf("read the files of the chart in %s: %w", c.folder, err)
	}
	return base64.StdEncoding.DecodeString(strings.ReplaceAll(answer.Stdout, "\n", ""))
}

// Values are those that make the chart run the images. An image may be in a list: of the chart's own
// files of values, which are given by their names, and of values over these.
func (c Chart) Values(
	ctx context.Context, slots helm.Slots, images helm.Images, files []string, over ...string,
) (string, error) {
	var own []string
	for _, name := range files {
		if slots.Lists() && slices.Contains(c.names, name) {
			text, err := c.values.File(name).Contents(ctx)
			if err != nil {
				return "", err
			}
			own = append(own, text)
		}
	}
	return slots.Values(images, append(own, over...)...)
}

// notPacked says why a chart could not be packed, and what to do.
func notPacked(folder string, answer tools.Answer) error {
	const instead = "or commit the packages that `helm dependency build` puts into its folder charts"
	switch answer.Code {
	case 0:
		return nil
	case helm.NoChart:
		return fault{fmt.Errorf("no Helm chart at %s in the source: name its folder with --chart", folder)}
	case helm.LinksOutside:
		return fault{fmt.Errorf("the chart in %s has links that lead out of the repo, or nowhere: "+
			"replace them with the files themselves:\n%s", folder, answer.Stderr)}
	case helm.DependenciesOutside:
		return fault{fmt.Errorf("the chart in %s depends on charts that are not in the repo: put them there, %s:\n%s",
			folder, instead, answer.Stderr)}
	case helm.NoLock:
		return fault{fmt.Errorf("the chart in %s depends on charts in repositories: commit its Chart.lock, so that "+
			"each release gets the same ones, %s:\n%s", folder, instead, answer.Stderr)}
	case helm.NoDependencies:
		err := fmt.Errorf("get what the chart in %s depends on: %s\n"+
			"Mend that, %s", folder, answer.Failure(), instead)
		if network.Transient(helm.Own(answer.Failure())) {
			return err
		}
		return fault{err}
	}
	return fault{fmt.Errorf("pack the chart in %s: %s", folder, answer.Failure())}
}

// with puts a chart and its values into a container, and names them in the release. What is in the
// container is what the commit has, and not a way to anything else: see Pack.
func (e *Environment) with(
	ctx context.Context, container *dagger.Container, wanted Wanted,
) (*dagger.Container, helm.Release, error) {
	chart := wanted.Chart
	release, err := e.versioned()
	if err != nil {
		return nil, release, err
	}
	release.Chart, release.ValuesOf, release.ChartOf = chartPath, wanted.Following, wanted.ChartOf
	if values := ValuesFile(e.Name); len(wanted.Layers) == 0 && slices.Contains(chart.names, values) {
		release.Values = append(release.Values, path.Join(valuesPath, values))
	}
	for i, layer := range wanted.Layers {
		file := fmt.Sprintf("%s/%d.yaml", layersPath, i)
		container = e.mount(container, file, strconv.Itoa(i), layer)
		release.Values = append(release.Values, file)
	}
	release.Values = append(release.Values, imagePath)
	image, err := e.imageLayer(ctx, wanted)
	if err != nil {
		return nil, release, err
	}
	return e.mount(container, imagePath, converge.Together(wanted.Images.Digests()), image).
		WithMountedDirectory(chartPath, chart.chart).
		WithMountedDirectory(valuesPath, chart.values), release, nil
}

// mount puts a layer of values into a container. A secret one has a name of its own for each text.
func (e *Environment) mount(container *dagger.Container, file, name string, layer helm.Layer) *dagger.Container {
	if !layer.Secret {
		return container.WithNewFile(file, layer.Text)
	}
	secret := e.Tools.Secret(fmt.Sprintf("ship-values-%s-%s-%s-%s", e.ID, e.Release, e.Name, name), layer.Text)
	return container.WithMountedSecret(file, secret)
}

// ValuesFile is the file of an environment's own values in a chart's folder.
func ValuesFile(environment string) string { return "values-" + environment + ".yaml" }

// compared is what the environment runs by its last revision, compared with what is wanted.
func (e *Environment) compared(
	ctx context.Context, revision helm.Revision, wanted Wanted,
) (found converge.Environment, err error) {
	if found, err = e.runs(ctx, revision); err != nil {
		return found, err
	}
	if wanted.Order != nil {
		if err := wanted.Order(ctx, &found); err != nil {
			return found, err
		}
	}
	if found.Version == wanted.Facts.Name {
		found.Differs, err = e.differs(ctx, revision, wanted)
	}
	return found, err
}

// Differs names what of an environment that runs the wanted image is not as wanted, as it was when
// the projects looked at their namespace.
func (e *Environment) Differs(ctx context.Context, wanted Wanted) ([]string, error) {
	revision, err := e.seen()
	if err != nil {
		return nil, err
	}
	return e.differs(ctx, revision, wanted)
}

func (e *Environment) differs(ctx context.Context, revision helm.Revision, wanted Wanted) (keys []string, err error) {
	if len(wanted.Layers) > 0 {
		image, err := e.Slots.Values(wanted.Images, texts(wanted.Layers)...)
		if err != nil { // a key leads into a list of the chart's own; the image has been compared
			image = "{}"
		}
		keys, err = revision.Differs(append(slices.Clone(wanted.Layers), helm.Layer{Name: "the image", Text: image}))
		if err != nil {
			return nil, err
		}
	}
	if wanted.ChartOf != "" && !revision.HasChart(wanted.ChartOf) {
		keys = append(keys, "the chart")
	}
	kept, err := e.pullSecretKept(ctx)
	if err == nil && !kept {
		keys = append(keys, "the pull secret "+e.Pull.Name)
	}
	return keys, err
}

func texts(layers []helm.Layer) (texts []string) {
	for _, layer := range layers {
		texts = append(texts, layer.Text)
	}
	return texts
}

// imageLayer are the values that make the chart run the images. Lists that keys lead into are in them
// whole, and may be of a secret layer.
func (e *Environment) imageLayer(ctx context.Context, wanted Wanted) (layer helm.Layer, err error) {
	files := []string{"values.yaml"}
	if len(wanted.Layers) == 0 {
		files = append(files, ValuesFile(e.Name))
	}
	isSecret := func(l helm.Layer) bool { return l.Secret }
	layer.Name = "the image"
	layer.Secret = e.Slots.Lists() && slices.ContainsFunc(wanted.Layers, isSecret)
	layer.Text, err = wanted.Chart.Values(ctx, e.Slots, wanted.Images, files, texts(wanted.Layers)...)
	return layer, err
}

// comparing is a container with a chart that is rolled out only as the revision after the one that
// was looked at.
func comparing(
	container *dagger.Container,
	chart Chart,
	release helm.Release,
	before helm.Revision,
) *dagger.Container {
	return container.WithMountedDirectory(
		chartPath,
		chart.chart.WithNewFile(helm.ComparePath, release.Compare(before)),
	)
}
