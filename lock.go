package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
)

// unlock waits while another Helm operation holds the release, and returns the last revision once none does. An operation of
// Ship's own that is older than it may get was killed: then the release is taken back to where it was before, and recovered says
// so. Somebody else's may be alive however old it is, and is left alone.
func (r *release) unlock(ctx context.Context, container *dagger.Container, chart helm.Release) (revision helm.Revision, recovered string, err error) {
	patience, told, freed := time.Now().Add(chart.Timeout), time.Time{}, helm.Revision{}
	for {
		revision, err = r.status(ctx, chart)
		if err != nil || !revision.Pending() {
			return revision, recovered, err
		}
		held := fmt.Sprintf("%s in %s is %s since %s", chart.Name, chart.Namespace, revision.Status, revision.Since.Format(time.DateTime))
		ends, known := revision.Ends()
		if !known {
			ends = patience
		}
		switch left := time.Until(ends); {
		case recovered != "" && revision.Is(freed):
			return revision, "", fmt.Errorf("%s%s still: free it with helm rollback or helm uninstall", recovered, held)
		case left <= 0 && !known:
			return revision, "", fmt.Errorf("%s, by a Helm operation that Ship did not begin and that may be at work still: "+
				"retry when it has ended, or if it was killed, free the release with helm rollback (or helm uninstall, before its first rollout)", held)
		case left <= 0:
			// another release may have waited for the same, and be at work by now
			if now, err := r.status(ctx, chart); err != nil || !now.Is(revision) {
				if err != nil {
					return revision, "", err
				}
				continue
			}
			back, err := r.free(ctx, container, chart)
			if err != nil {
				return revision, "", err
			}
			freed = revision
			recovered += fmt.Sprintf("revision %d was left %s by a run that died: %s; ", revision.Number, revision.Status, back)
		default:
			if time.Since(told) > 30*time.Second {
				r.say("%s: waiting for that Helm operation, for %s at most", held, left.Round(time.Second))
				told = time.Now()
			}
			if err := sleep(ctx, min(left, 3*time.Second)); err != nil {
				return revision, "", err
			}
		}
	}
}

// claim makes sure that no other release uninstalls the revision at the same time, or what that one installs instead. It waits while
// another does, and returns false where the revision is not the last one any more.
func (r *release) claim(ctx context.Context, container *dagger.Container, chart helm.Release, revision helm.Revision) (bool, error) {
	ended := helm.Claim("") // another's that may be replaced
	for {
		claim := chart.NewClaim(r.id)
		code, _, stderr, err := r.ask(ctx, container, chart.ClaimArgs(revision.Number, claim, ended))
		if err != nil {
			return false, err
		}
		now, err := r.status(ctx, chart)
		if err != nil || !now.Is(revision) {
			return false, err
		}
		holder := now.Claim
		if holder.Of(r.id) {
			return true, nil // by this attempt, or an earlier one of this release
		}
		if holder == ended { // nobody has it, or a dead one has, and it cannot be taken
			return false, fmt.Errorf("claim revision %d of %s before it is uninstalled: %s", revision.Number, chart.Name, helm.Failure(code, stderr))
		}
		left := time.Until(holder.Until())
		if left <= 0 {
			ended = holder
			continue
		}
		r.say("another release reinstalls %s in %s: waiting for it, for %s at most", chart.Name, chart.Namespace, left.Round(time.Second))
		if err := sleep(ctx, min(left, 3*time.Second)); err != nil {
			return false, err
		}
	}
}

// takeBack returns to the last revision that ran. A release whose only revision never ran is removed; one that failed
// several times is left, since what it made may be in use.
func (r *release) takeBack(ctx context.Context, container *dagger.Container, chart helm.Release) (string, error) {
	history, err := r.history(ctx, chart)
	switch last := helm.LastRan(history); {
	case err != nil:
		return "", err
	case len(history) == 0:
		return "nothing was installed", nil
	case last > 0:
		return fmt.Sprintf("rolled back to revision %d", last), r.act(ctx, container, chart.RollbackArgs(last))
	case len(history) > 1:
		return "left as it is, since no earlier revision ran", nil
	}
	return "removed, since no earlier revision ran", r.act(ctx, container, chart.UninstallArgs())
}

// free takes back what a run that died holds. Where several revisions never ran, the one before it is rolled out once more, which most
// likely fails again, but no lock is left by that.
func (r *release) free(ctx context.Context, container *dagger.Container, chart helm.Release) (string, error) {
	history, err := r.history(ctx, chart)
	if err != nil || helm.LastRan(history) > 0 || len(history) < 2 {
		return r.takeBack(ctx, container, chart)
	}
	before := history[len(history)-2].Revision
	if err := r.act(ctx, container, chart.RollbackArgs(before)); err != nil {
		r.say("%s: rolled back to revision %d, which never ran: %v", chart.Namespace, before, err)
	}
	return fmt.Sprintf("rolled back to revision %d, which never ran either", before), nil
}

// act runs an operation that takes something back, and again where the cluster was in trouble. Its failure is an error in Helm's words.
func (r *release) act(ctx context.Context, container *dagger.Container, args []string) error {
	trouble := r.retry(ctx, "", func() string {
		switch code, _, stderr, err := r.exec(ctx, container, args); {
		case err != nil:
			return explain(err)
		case code != 0:
			return helm.Failure(code, stderr)
		}
		return ""
	})
	if trouble != "" {
		return errors.New(trouble)
	}
	return nil
}
