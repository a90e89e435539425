package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/report"
)

// How many projects are read and looked at at the same time, and how many are released. What is heavy in it is the engine's, which has
// limits of its own; this is about open connections.
const (
	looksAtOnce = 32
	atOnce      = 16
)

// each does something for the projects at the same time. One's failure is its own.
func (all *repo) each(do func(*release) error) {
	var group errgroup.Group
	group.SetLimit(looksAtOnce)
	for _, r := range all.releases {
		if r.err == nil {
			group.Go(func() error { r.err = do(r); return nil })
		}
	}
	_ = group.Wait()
}

// run takes the releases through their steps: all read and then all look, so that one question serves all; then each that has something to
// do goes on once what it needs is out. The error tells of all that failed.
func (all *repo) run(ctx context.Context) error {
	all.each(func(r *release) error { return r.run(ctx, r.steps()[:1]) })
	if err := all.distinct(); err != nil {
		return err
	}
	all.each(func(r *release) error { return r.run(ctx, r.steps()[1:2]) })

	var group errgroup.Group
	turns := make(chan struct{}, atOnce)
	for _, r := range all.releases {
		group.Go(func() error {
			defer close(r.ended)
			if r.err == nil {
				r.err = all.await(r)
			}
			if r.err == nil {
				turns <- struct{}{}
				r.err = r.run(ctx, r.steps()[2:])
				<-turns
			}
			if r.err == nil && !all.dry {
				r.report.Outcome = r.outcome()
			}
			return nil
		})
	}
	_ = group.Wait()
	return all.failure()
}

// await waits until the projects that one needs are out. Where one of those failed, it does not begin.
func (all *repo) await(r *release) error {
	for _, other := range all.releases {
		if !slices.Contains(r.needs, other.key) {
			continue
		}
		<-other.ended
		if other.err != nil && !errors.As(other.err, new(setAside)) && r.plan.Anything().Needed {
			r.report.Cause = "not begun: it needs " + other.key + ", which failed"
			return errors.New(style.Text(r.report) + "\n" + r.report.Cause)
		}
	}
	return nil
}

// style is what reports are drawn with: what a function returns may end anywhere.
var style = report.ASCII

// text is what came of the releases.
func (all *repo) text() string {
	var reports []report.Report
	for _, r := range all.releases {
		reports = append(reports, r.report)
	}
	return style.Text(reports...)
}

// failure is nil where no project failed. Of several, it begins with a line for each project, and ends with what went wrong.
func (all *repo) failure() error {
	var causes []string
	for _, r := range all.releases {
		if r.err != nil {
			causes = append(causes, r.report.Project+": "+r.report.Cause)
		}
	}
	switch {
	case len(causes) == 0:
		return nil
	case len(all.releases) == 1:
		return all.releases[0].err
	}
	return errors.New(all.text() + "\n" + strings.Join(causes, "\n\n"))
}
