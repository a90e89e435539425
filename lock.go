package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
)

// clusterClock tells the time as the cluster has it, by which all releases measure how long an operation lasts: the clocks of the
// machines that they run on may differ by minutes.
type clusterClock struct {
	asked time.Time // when it was asked, by the clock here, which is only used to measure what passed since then
	told  time.Time
}

func (c clusterClock) now() time.Time { return c.told.Add(time.Since(c.asked)) }

// lasted is how long something has lasted since a time of the cluster's. If the cluster does not tell its time, it is how long it was
// watched.
func (r *release) lasted(ctx context.Context, container *dagger.Container, namespace string, since, watched time.Time) time.Duration {
	clock, err := r.clocks.get(namespace, func() (clusterClock, error) {
		code, stdout, stderr, err := r.ask(ctx, container, helm.ClockArgs(namespace))
		if err == nil && code != 0 {
			err = errors.New(helm.Failure(code, stderr))
		}
		if err != nil {
			return clusterClock{}, err
		}
		told, err := time.Parse(time.RFC3339, strings.TrimSpace(stdout))
		return clusterClock{time.Now(), told}, err
	})
	if err != nil || since.IsZero() {
		return time.Since(watched)
	}
	return clock.now().Sub(since)
}

// unlock waits while another operation holds the release, and returns the last revision once none does. An operation of
// Ship's own that has lasted longer than it may was killed: then the release is taken back to where it was before, and recovered says
// so. Somebody else's may be alive however old it is, and is left alone.
func (r *release) unlock(ctx context.Context, container *dagger.Container, chart helm.Release) (revision helm.Revision, recovered string, err error) {
	var told time.Time
	var freed, watched helm.Revision
	var since time.Time
	for {
		revision, err = r.status(ctx, chart)
		if err != nil {
			return revision, recovered, err
		}
		hold := revision.HeldFrom(r.id)
		if hold.What == "" {
			return revision, recovered, nil
		}
		if !revision.Is(watched) || revision.Claim != watched.Claim {
			watched, since = revision, time.Now()
		}
		held := fmt.Sprintf("%s in %s is %s since %s", chart.Name, chart.Namespace, hold.What, hold.Since.Format(time.DateTime))
		left := chart.Timeout - time.Since(since)
		if hold.Known {
			left = hold.Limit - r.lasted(ctx, container, chart.Namespace, hold.Since, since)
		}
		switch {
		case recovered != "" && revision.Is(freed):
			return revision, "", fmt.Errorf("%s%s still: free it with helm rollback or helm uninstall", recovered, held)
		case left <= 0 && hold.Claim:
			return revision, recovered, nil
		case left <= 0 && !hold.Known:
			return revision, "", fmt.Errorf("%s, by a Helm operation that Ship did not begin and that may be at work still: "+
				"retry when it has ended, or if it was killed, free the release with helm rollback (or helm uninstall, before its first rollout)", held)
		case left <= 0:
			back, err := r.free(ctx, container, chart, revision)
			if errors.Is(err, errTaken) { // another release waited for the same, and is at work by now
				continue
			}
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

// claim makes sure that no other release uninstalls the revision at the same time or rolls it back. It returns false if another was
// faster, or if the revision is not the last one any more. A claim that is on it already has ended: unlock waits for that.
func (r *release) claim(ctx context.Context, container *dagger.Container, chart helm.Release, revision helm.Revision) (bool, error) {
	code, _, stderr, err := r.ask(ctx, container, chart.ClaimArgs(revision.Number, chart.NewClaim(revision.Number, r.id), revision.Claim))
	if err != nil {
		return false, err
	}
	now, err := r.status(ctx, chart)
	if err != nil || !now.Is(revision) {
		return false, err
	}
	if now.Claim.Of(r.id) { // by this attempt, or an earlier one of this release
		return true, nil
	}
	if code != 0 && now.Claim == revision.Claim {
		return false, fmt.Errorf("claim revision %d of %s: %s", revision.Number, chart.Name, helm.Failure(code, stderr))
	}
	return false, nil
}

// errTaken is wrapped by errors that say that the revision that was to be taken back is not the last one any more.
var errTaken = errors.New(helm.Taken)

// takeBack returns from the last revision, which failed, to the last one that ran. A release whose only revision never ran is removed; one
// that failed several times is left, since what it made may be in use.
func (r *release) takeBack(ctx context.Context, container *dagger.Container, chart helm.Release, from helm.Revision) (string, error) {
	history, err := r.history(ctx, chart)
	switch last := helm.LastRan(history); {
	case err != nil:
		return "", err
	case len(history) == 0:
		return "nothing was installed", nil
	case last > 0:
		return fmt.Sprintf("rolled back to revision %d", last), r.goBack(ctx, container, chart, from, last, false)
	case len(history) > 1:
		return "left as it is, since no earlier revision ran", nil
	}
	if claimed, err := r.claim(ctx, container, chart, from); err != nil || !claimed {
		return "", cmp.Or(err, errTaken)
	}
	return "removed, since no earlier revision ran", r.act(ctx, container, chart.UninstallArgs())
}

// free takes back what a run that died holds. If several revisions never ran, the one before it is rolled out once more, which most
// likely fails again, but no lock is left by that.
func (r *release) free(ctx context.Context, container *dagger.Container, chart helm.Release, from helm.Revision) (string, error) {
	history, err := r.history(ctx, chart)
	if err != nil || helm.LastRan(history) > 0 || len(history) < 2 {
		return r.takeBack(ctx, container, chart, from)
	}
	before := history[len(history)-2].Revision
	err = r.goBack(ctx, container, chart, from, before, false)
	if errors.Is(err, errTaken) {
		return "", err
	}
	if err != nil {
		r.say("%s: rolled back to revision %d, which never ran: %v", chart.Namespace, before, err)
	}
	return fmt.Sprintf("rolled back to revision %d, which never ran either", before), nil
}

// goBack returns from the last revision to an earlier one: on purpose, or after a failure. Helm compares nothing when it rolls back, so the
// revision is claimed first, and afterwards it is looked whether the new revision follows on it. If another operation came in
// between all the same, what that one made runs again in the end, and the error wraps errTaken.
func (r *release) goBack(ctx context.Context, container *dagger.Container, chart helm.Release, from helm.Revision, to int, onPurpose bool) error {
	if claimed, err := r.claim(ctx, container, chart, from); err != nil || !claimed {
		return cmp.Or(err, errTaken)
	}
	var failure error
	if onPurpose {
		failure = r.act(ctx, container, chart.RollbackArgs(to))
	} else {
		failure = r.recover(ctx, container, chart, to)
	}
	after, err := r.status(ctx, chart)
	switch {
	case err == nil && after.Number <= from.Number && failure != nil:
		_, _, _, _ = r.ask(ctx, container, chart.UnclaimArgs(from.Number, r.id)) // nobody has to wait for it; it ends by itself, too
		return failure
	case err != nil || after.Number <= from.Number+1:
		return cmp.Or(failure, err)
	case !after.Rollback():
		return fmt.Errorf("%w: revision %d, which runs now", errTaken, after.Number)
	}
	history, err := r.history(ctx, chart)
	if err != nil {
		return err
	}
	between := helm.Between(history, from.Number, to)
	if between == 0 { // the new revisions are all of this operation, which was tried again
		return failure
	}
	if claimed, err := r.claim(ctx, container, chart, after); err != nil || !claimed {
		return cmp.Or(err, errTaken)
	}
	if err := r.recover(ctx, container, chart, between); err != nil {
		return fmt.Errorf("%w: revision %d, which does not run any more: %w", errTaken, between, err)
	}
	return fmt.Errorf("%w: revision %d, which runs again", errTaken, between)
}

// recover returns to a revision after a failure, and writes down that this was why, if Helm cannot.
func (r *release) recover(ctx context.Context, container *dagger.Container, chart helm.Release, to int) error {
	failure := r.act(ctx, container, chart.RecoverArgs(to))
	after, err := r.status(ctx, chart)
	if err != nil || !after.Rollback() {
		return cmp.Or(failure, err)
	}
	if args := chart.RecoveredArgs(after.Number); args != nil {
		if code, _, stderr, err := r.ask(ctx, container, args); err == nil && code != 0 {
			r.say("revision %d of %s cannot be marked as a recovery: %s", after.Number, chart.Name, helm.Cause(stderr))
		}
	}
	return failure
}

// act runs an operation that takes something back, and again if the cluster was in trouble. Its failure is an error in Helm's words.
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
