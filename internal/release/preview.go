package release

import (
	"context"
	"fmt"

	"dagger/ship/internal/flow"
	"dagger/ship/internal/report"
	"dagger/ship/internal/settings"
)

// ForPreview is the release for a preview of the source's commit.
func (r *Release) ForPreview(name string) error {
	e, err := r.Settings.Preview(name)
	if err != nil {
		return err
	}
	r.Environments, r.listed = [][]settings.Environment{{e}}, []settings.Environment{e}
	r.snapshots, r.byName, r.preview = true, true, true
	return nil
}

// Remove removes the preview that ForPreview has named.
func (r *Release) Remove(ctx context.Context) (report.Report, error) {
	if err := r.ReadProject(ctx); err != nil {
		return report.Report{}, err
	}
	e := r.read.Environments[0]
	remove := flow.Step{
		Name: "remove " + e.Name, Needed: true,
		Waits: fmt.Sprintf("Helm and the cluster, for %s at most", r.GivenTimeout),
		Do: func(ctx context.Context) (string, error) {
			if err := e.mayReach(); err != nil {
				return "", err
			}
			said, removed, err := e.Remove(ctx)
			if err == nil {
				if r.run.Report.Outcome = report.Nothing; removed {
					r.run.Report.Outcome = report.Removed
				}
			}
			return said, err
		},
	}
	err := r.run.Perform(ctx, flow.Group{remove})
	return r.run.Report, err
}
