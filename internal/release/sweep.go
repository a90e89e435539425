package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/flow"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/report"
)

// swept are the project's snapshots in the registry, each counted once.
type swept struct {
	old                      []snapshot // that are to be removed
	used, young, others, all int
}

type snapshot struct {
	of *registry.Repository
	registry.Image
}

func (s swept) String() string {
	return fmt.Sprintf("%d snapshots: %d old, %d younger, %d that an environment runs or may go back to, %d of "+
		"somebody else's", s.all, len(s.old), s.young, s.used, s.others)
}

// names are the tags of what is to be removed.
func (s swept) names() string {
	var names []string
	for _, image := range s.old {
		if !slices.Contains(names, image.Version) {
			names = append(names, image.Version)
		}
	}
	return strings.Join(names, ", ")
}

// Sweep removes the project's snapshots from the registry whose commits are older than a time. It leaves
// those that an environment runs or may be rolled back to, that of the source's commit, and what Ship
// did not make.
func (r *Release) Sweep(ctx context.Context, age time.Duration) (report.Report, error) {
	if len(r.Flat()) == 0 {
		return report.Report{}, errors.New("no environments in the settings: nobody could tell which snapshots run")
	}
	if err := r.Read(ctx); err != nil {
		return report.Report{}, err
	}
	var found swept
	look := looks("look", "registry and cluster to answer", func(ctx context.Context) (_ string, err error) {
		found, err = r.snapshotsOlder(ctx, time.Now().Add(-age))
		return found.String(), err
	})
	if err := r.run.Perform(ctx, flow.Group{look}); err != nil {
		return report.Report{}, err
	}
	remove := flow.Step{
		Name: "remove", Waits: "the registry to remove snapshots", Needed: len(found.old) > 0,
		Why: "no snapshot is older than " + age.String() + " and needed by nobody",
		Do:  func(ctx context.Context) (string, error) { return found.names(), r.removeAll(ctx, found.old) },
	}
	if remove.Needed {
		remove.Why = found.names()
	}
	if err := r.run.Perform(ctx, flow.Group{remove}); err != nil {
		return report.Report{}, err
	}
	if r.run.Report.Outcome = report.Nothing; remove.Needed && !r.Plan {
		r.run.Report.Outcome = report.Swept
	}
	return r.run.Report, nil
}

// snapshotsOlder looks at environments first, and then at what the registry has.
func (r *Release) snapshotsOlder(ctx context.Context, than time.Time) (found swept, err error) {
	kept, err := r.revisionsKept(ctx)
	if err != nil {
		return found, err
	}
	for i := range r.read.Images {
		if err := r.snapshotsOf(ctx, i, than, kept, &found); err != nil {
			return found, err
		}
	}
	return found, nil
}

// snapshotsOf adds those of one image to what was found.
func (r *Release) snapshotsOf(
	ctx context.Context, i int, than time.Time, kept []helm.Revision, found *swept,
) error {
	of := &r.read.Images[i].Repository
	tags, err := of.Tags(ctx)
	if err != nil {
		return err
	}
	var mutex sync.Mutex
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(looksAtOnce)
	for _, tag := range tags {
		commit, is := naming.SnapshotOf(tag)
		if !is {
			continue
		}
		found.all++
		group.Go(func() error {
			image, err := of.Look(gctx, tag)
			mutex.Lock()
			defer mutex.Unlock()
			made, noTime := time.Parse(time.RFC3339, image.Created)
			switch {
			case errors.Is(err, registry.ErrNotFound):
				found.all--
			case err != nil:
				return err
			case image.Revision != commit || image.Version != tag || noTime != nil:
				found.others++
			case commit == r.head || runsAny(kept, tag, image.Digest):
				found.used++
			case made.After(than):
				found.young++
			default:
				found.old = append(found.old, snapshot{of, image})
			}
			return nil
		})
	}
	return group.Wait()
}

// looksAtOnce is how many snapshots are looked at at the same time.
const looksAtOnce = 8

// revisionsKept are the texts of all that Helm keeps of the project's environments.
func (r *Release) revisionsKept(ctx context.Context) (kept []helm.Revision, err error) {
	var mutex sync.Mutex
	group, gctx := errgroup.WithContext(ctx)
	for _, e := range r.read.Environments {
		group.Go(func() error {
			if err := e.mayReach(); err != nil {
				return err
			}
			revisions, err := e.Revisions(gctx)
			mutex.Lock()
			defer mutex.Unlock()
			kept = append(kept, revisions...)
			return err
		})
	}
	return kept, group.Wait()
}

// runsAny tells whether one of the revisions made something of an image, under whatever key.
func runsAny(kept []helm.Revision, tag, digest string) bool {
	for _, revision := range kept {
		if strings.Contains(revision.Manifest, digest) || strings.Contains(revision.Manifest, tag) {
			return true
		}
	}
	return false
}

func (r *Release) removeAll(ctx context.Context, images []snapshot) error {
	for _, image := range images { // one after the other: a registry may have to look at all tags for each
		if err := image.of.Remove(ctx, image.Version, image.Digest); err != nil {
			return err
		}
	}
	return nil
}
