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
	"dagger/ship/internal/network"
	"dagger/ship/internal/rollout"
)

// Where things are in the container that Helm runs in.
const (
	treePath       = "/ship/tree"
	packedPath     = "/tmp/packed"
	chartPath      = "/ship/chart"
	valuesPath     = "/ship/values"
	imagePath      = "/ship/image.json"
	kubeconfigPath = "/ship/kubeconfig"
	printedPath    = "/tmp/printed"
)

// environment sees what runs in a target.
func (r *release) environment(ctx context.Context, target helm.Target) (converge.Environment, error) {
	if !r.hasKubeconfig && r.dry {
		return converge.Environment{Name: target.Name, Status: converge.Unknown, Prereleases: r.takesPrereleases(target)}, nil
	}
	chart, err := r.helmRelease(target)
	if err != nil {
		return converge.Environment{}, err
	}
	revision, err := r.seen(chart)
	if err != nil {
		return converge.Environment{}, fmt.Errorf("environment %s: %w", target.Name, err)
	}
	return r.runs(ctx, chart, target, revision)
}

// runs says what a target runs, by its release's last revision. An uninstalled release holds nothing.
func (r *release) runs(ctx context.Context, chart helm.Release, target helm.Target, revision helm.Revision) (e converge.Environment, err error) {
	e = converge.Environment{Name: target.Name, Prereleases: r.takesPrereleases(target)}
	if revision.Number > 0 && revision.Status != "uninstalled" {
		image := revision.Image(r.Keys)
		e.Version, e.Digest, e.Status = versionOf(image), image.Digest, revision.Status
	}
	if revision.Rollback() && !r.byName {
		e.RolledBack, err = r.rolledBackFrom(ctx, chart, revision)
	}
	return e, err
}

func (r *release) takesPrereleases(target helm.Target) bool {
	return slices.Contains(r.Prereleases, target.Name)
}

// rolledBackFrom returns the version that ran well before somebody rolled the release back, empty if nobody did.
func (r *release) rolledBackFrom(ctx context.Context, chart helm.Release, last helm.Revision) (string, error) {
	history, err := r.history(ctx, chart)
	if err != nil {
		return "", err
	}
	if n := len(history); n > 0 && last.Recovery() && history[n-1].Revision == last.Number {
		history[n-1] = history[n-1].AsRecovery()
	}
	from := helm.RolledBackFrom(history)
	if from == 0 {
		return "", nil
	}
	image, err := r.imageOf(ctx, chart, from)
	return versionOf(image), err
}

// versionOf is the version of an image that runs; the tag as it stands, where Ship would not have made it.
func versionOf(image helm.Image) string {
	if version, is := naming.VersionOf(image.Tag); is {
		return version
	}
	return image.Tag
}

// seen is the last revision of a release, as it was when the projects looked at their namespace: with one question for all of them.
func (r *release) seen(chart helm.Release) (helm.Revision, error) {
	last, err := r.revisions.get(chart.Namespace, func() (map[string]helm.Revision, error) {
		var names []string
		for _, other := range r.releases {
			name, err := naming.Release(other.project.Name)
			if err == nil && slices.ContainsFunc(other.targets, func(t helm.Target) bool { return t.Namespace == chart.Namespace }) {
				names = append(names, name)
			}
		}
		return r.lastRevisions(r.ctx, chart.Namespace, names...)
	})
	return last[chart.Name], err
}

// status is the last revision of a release, as it is now; its number is 0 where there is none.
func (r *release) status(ctx context.Context, chart helm.Release) (helm.Revision, error) {
	last, err := r.lastRevisions(ctx, chart.Namespace, chart.Name)
	return last[chart.Name], err
}

func (r *release) lastRevisions(ctx context.Context, namespace string, names ...string) (map[string]helm.Revision, error) {
	code, stdout, stderr, err := r.ask(ctx, r.cluster(), helm.RevisionsArgs(namespace, names...))
	if err == nil && code != 0 {
		err = errors.New("look at Helm's revisions: " + helm.Failure(code, stderr))
	}
	if err != nil {
		return nil, err
	}
	return helm.ParseRevisions(stdout)
}

// health tells whether a revision is deployed and all that it made is ready, and in a few words how it is.
func (r *release) health(chart helm.Release, revision helm.Revision) (healthy bool, state string) {
	if revision.Status != "deployed" {
		return false, "its release is " + revision.Status
	}
	seen, err := r.listings.get(chart.Namespace, func() (listing, error) { return r.list(r.ctx, r.cluster(), chart.Namespace) })
	if err != nil {
		return false, unseen(err)
	}
	objects, err := r.state(seen, rollout.Release{Name: chart.Name, Namespace: chart.Namespace})
	if err != nil {
		return false, unseen(err)
	}
	if healthy, why := objects.Healthy(); !healthy {
		return false, r.redactor.Redact(why)
	}
	return true, "healthy"
}

func unseen(err error) string {
	why, _, _ := strings.Cut(explain(err), "\n")
	return "deployed, but how it is cannot be seen: " + why
}

// history asks for the revisions of a release that Helm remembers, none where there is no such release.
func (r *release) history(ctx context.Context, chart helm.Release) ([]helm.Entry, error) {
	code, stdout, stderr, err := r.ask(ctx, r.cluster(), chart.HistoryArgs())
	switch {
	case err != nil:
		return nil, err
	case code != 0 && helm.Missing(stderr):
		return nil, nil
	case code != 0:
		return nil, errors.New("helm history: " + helm.Failure(code, stderr))
	}
	return helm.ParseHistory(stdout)
}

// imageOf asks what image a revision of a release runs.
func (r *release) imageOf(ctx context.Context, chart helm.Release, revision int) (helm.Image, error) {
	code, stdout, stderr, err := r.ask(ctx, r.cluster(), chart.ValuesArgs(revision))
	switch {
	case err != nil:
		return helm.Image{}, err
	case code != 0:
		return helm.Image{}, errors.New("helm get values: " + helm.Failure(code, stderr))
	}
	return helm.ParseValues(stdout, r.Keys)
}

// helmRelease names the release of a target, without chart and values.
func (r *release) helmRelease(target helm.Target) (helm.Release, error) {
	if !r.hasKubeconfig {
		return helm.Release{}, fmt.Errorf("environment %s: no kubeconfig was given: name one with --kubeconfig", target.Name)
	}
	name, err := naming.Release(r.project.Name)
	if err != nil {
		return helm.Release{}, err
	}
	return helm.Release{Name: name, Namespace: target.Namespace, Timeout: r.timeout()}, nil
}

// cluster is a container that Helm and kubectl can reach the cluster from.
func (r *release) cluster() *dagger.Container {
	return dag.Container().From(r.Tools).
		WithEnvVariable("KUBECONFIG", kubeconfigPath).
		WithMountedSecret(kubeconfigPath, r.Kubeconfig)
}

// packedChart is a chart of a commit as plain files, and its values files by name.
type packedChart struct {
	chart, values *dagger.Directory
	names         []string
}

// pack takes the chart out of the commit's tree, where no secret is: Helm follows links, and would read for a chart whatever it can.
func (r *release) pack() (packedChart, error) {
	folder := path.Join(r.Path, r.Chart)
	return r.charts.get(r.plan.Commit+" "+folder, func() (packed packedChart, err error) {
		container := dag.Container().From(r.Tools).WithMountedDirectory(treePath, r.tree())
		args := helm.Bounded(r.timeout(), helm.PackArgs(treePath, "./"+folder, packedPath)...)
		var code int
		var names, stderr string
		err = r.try(r.ctx, "fetch the chart at "+converge.Short(r.plan.Commit)+" from the git remote", func(ctx context.Context) (err error) {
			code, names, stderr, err = r.result(ctx, container, args)
			return err
		})
		switch {
		case err != nil:
			return packed, err
		case code == helm.NoChart:
			return packed, fmt.Errorf("no Helm chart at %s in the source: name its folder with --chart", folder)
		case code == helm.LinksOutside:
			return packed, fmt.Errorf("the chart in %s has links that lead out of the repo, or nowhere: replace them with the files themselves:\n%s", r.Chart, stderr)
		case code != 0:
			return packed, fmt.Errorf("pack the chart in %s: %s", r.Chart, helm.Failure(code, stderr))
		}
		made := container.WithExec(quietly(args)).Directory(packedPath)
		return packedChart{made.Directory(helm.PackedChart), made.Directory(helm.PackedValues), strings.Fields(names)}, nil
	})
}

// withChart puts the chart and its values into a container and names them in the release. What is in the container is what the commit
// has, and not a way to anything else: see pack.
func (r *release) withChart(container *dagger.Container, target helm.Target, image helm.Image) (*dagger.Container, helm.Release, error) {
	chart, err := r.helmRelease(target)
	if err != nil {
		return nil, chart, err
	}
	if chart.Helm, err = r.helmVersion(); err != nil {
		return nil, chart, err
	}
	packed, err := r.pack()
	if err != nil {
		return nil, chart, err
	}
	chart.Chart = chartPath
	if values := "values-" + target.Name + ".yaml"; slices.Contains(packed.names, values) {
		chart.Values = append(chart.Values, path.Join(valuesPath, values))
	}
	chart.Values = append(chart.Values, imagePath)
	return container.
		WithMountedDirectory(chartPath, packed.chart).
		WithMountedDirectory(valuesPath, packed.values).
		WithNewFile(imagePath, helm.Keys(r.Keys).Values(image)), chart, nil
}

// comparing is a container with a chart that is rolled out only as the revision after the one that was looked at.
func (r *release) comparing(container *dagger.Container, chart helm.Release, before helm.Revision) (*dagger.Container, error) {
	packed, err := r.pack()
	if err != nil {
		return nil, err
	}
	return container.WithMountedDirectory(chartPath, packed.chart.WithNewFile(helm.ComparePath, chart.Compare(before))), nil
}

func (r *release) image(digest string) helm.Image {
	return helm.Image{Repository: r.images.Address, Tag: r.imageTag, Digest: digest}
}

// render tries the chart out with a digest of zeros, since the image may not be built yet.
func (r *release) render(ctx context.Context, target helm.Target) error {
	image := r.image("sha256:" + strings.Repeat("0", 64))
	container, chart, err := r.withChart(dag.Container().From(r.Tools), target, image)
	if err != nil {
		return err
	}
	code, rendered, stderr, err := r.result(ctx, container, chart.TemplateArgs())
	switch {
	case err != nil:
		return fmt.Errorf("render the chart %s: %w", r.Chart, err)
	case code != 0:
		return fmt.Errorf("the chart in %s does not render for %s: %s", r.Chart, target.Name, helm.Failure(code, stderr))
	}
	return helm.Keys(r.Keys).CheckRendered(rendered, image)
}

// helmVersion is that of the Helm in the tools image.
func (r *release) helmVersion() (helm.Version, error) {
	return r.helms.get(r.Tools, func() (helm.Version, error) {
		code, said, stderr, err := r.result(r.ctx, dag.Container().From(r.Tools), helm.VersionArgs())
		if err == nil && code != 0 {
			err = errors.New(helm.Failure(code, stderr))
		}
		if err != nil {
			return helm.Version{}, fmt.Errorf("ask %s for Helm's version: %w", r.Tools, err)
		}
		version, err := helm.ParseVersion(said)
		if err != nil {
			return helm.Version{}, fmt.Errorf("%s: %w (see --tools)", r.Tools, err)
		}
		return version, nil
	})
}

// ask runs a program that looks at the cluster, and again where it met trouble that may pass.
func (r *release) ask(ctx context.Context, container *dagger.Container, args []string) (code int, stdout, stderr string, err error) {
	limit := r.deadline()
	r.retry(ctx, "", func() string {
		start := time.Now()
		code, stdout, stderr, err = r.exec(ctx, container, helm.Bounded(limit, args...))
		if code != 0 && time.Since(start) >= limit {
			stderr += fmt.Sprintf("\nError: %s from the cluster within %s", network.Silence, limit)
		}
		if err != nil {
			return explain(err)
		}
		return helm.Cause(stderr)
	})
	return code, stdout, stderr, err
}

// exec runs a program that looks at or changes the cluster: never from the cache, hence the changing variable.
func (r *release) exec(ctx context.Context, container *dagger.Container, args []string) (code int, stdout, stderr string, err error) {
	return r.result(ctx, container.WithEnvVariable("SHIP_AT", time.Now().Format(time.RFC3339Nano)), args)
}

// quietly is a command with what it prints in a file instead of the session's log: that is long, and in Helm's records and charts are
// all the values that a chart was given.
func quietly(args []string) []string {
	return append([]string{"sh", "-c", `exec "$@" >` + printedPath, "sh"}, args...)
}

// result runs a program in a container. What it printed or its exit code come from one call, since each further one could run it
// again. The programs are bounded by themselves; what can take long besides is the pull of their image.
func (r *release) result(ctx context.Context, container *dagger.Container, args []string) (code int, stdout, stderr string, err error) {
	limit := 2*(r.timeout()+r.deadline()) + time.Minute
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	stdout, err = container.WithExec(quietly(args)).File(printedPath).Contents(limited)
	failed := new(dagger.ExecError)
	switch {
	case errors.As(err, &failed):
		return failed.ExitCode, "", failed.Stderr, nil
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		err = fmt.Errorf("pull %s and run %s in it: not done within %s (see --timeout)", r.Tools, args[0], limit)
	}
	return 0, stdout, "", err
}
