package release

import (
	"context"
	"path"

	"dagger/ship/internal/charts"
	"dagger/ship/internal/cluster"
	"dagger/ship/internal/converge"
	"dagger/ship/internal/helm"
)

// packing is what a chart is packed by: of a commit's folder, or by a digest.
type packing struct{ commit, folder, digest, appVersion string }

// chart is the project's chart: of a commit, or the one that the settings name now. It says the version
// that is released, unless that can be no label, which charts make of it.
func (r *Release) chart(commit string) (cluster.Chart, error) {
	p := packing{commit: commit, folder: path.Join(r.Path, r.Chart)}
	if helm.IsLabel(r.read.ImageTag) {
		p.appVersion = r.read.ImageTag
	}
	if !r.ChartFrom.IsZero() {
		found, err := r.foundChart()
		if err != nil {
			return cluster.Chart{}, err
		}
		p.commit, p.folder, p.digest = "", r.Chart, found.Digest
		return r.charts.Get(p, func() (cluster.Chart, error) { return r.packFetched(found, p) })
	}
	return r.charts.Get(p, func() (cluster.Chart, error) {
		at := "fetch the chart at " + converge.Short(commit) + " from the git remote"
		return r.pack(at, func(ctx context.Context) (cluster.Chart, error) {
			tree := r.commitOf(commit, r.Path).Root
			return cluster.Pack(ctx, r.tools(), r.Timeout, tree, p.folder, p.appVersion)
		})
	})
}

// pack packs a chart, and again if it met trouble on the way to it.
func (r *Release) pack(
	doing string,
	pack func(context.Context) (cluster.Chart, error),
) (chart cluster.Chart, err error) {
	var packed error
	err = r.tools().Try(r.Context, doing, func(ctx context.Context) error {
		chart, packed = pack(ctx)
		if cluster.IsFault(packed) {
			return nil // of the chart, not of the way to it
		}
		return packed
	})
	if err == nil {
		err = packed
	}
	return chart, err
}

// packFetched packs a chart that is not in the repo.
func (r *Release) packFetched(found charts.Found, p packing) (cluster.Chart, error) {
	server, err := r.chartServer()
	if err != nil {
		return cluster.Chart{}, err
	}
	archive, err := server.Fetch(r.Context, r.ChartFrom, found)
	if err != nil {
		return cluster.Chart{}, err
	}
	return r.pack("unpack "+r.Chart, func(ctx context.Context) (cluster.Chart, error) {
		return cluster.PackArchive(ctx, r.tools(), r.Timeout, archive, p.folder, p.appVersion)
	})
}

// foundChart is what the reference of a chart that is not in the repo names now.
func (r *Release) foundChart() (charts.Found, error) {
	return r.chartsFound.Get(r.Chart, func() (charts.Found, error) {
		server, err := r.chartServer()
		if err != nil {
			return charts.Found{}, err
		}
		return server.Resolve(r.Context, r.ChartFrom)
	})
}

func (r *Release) chartServer() (charts.Server, error) {
	account, err := r.accountFor(r.ChartFrom.Host() + "/" + r.ChartFrom.Name)
	return charts.Server{Account: account}, err
}
