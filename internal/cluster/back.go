package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dagger/ship/internal/helm"
)

// errTaken is wrapped by errors that say that the revision that was to be taken back is not the
// last one any more.
var errTaken = errors.New(helm.Taken)

// takeBack returns from the last revision, which failed or was left by a run that died, to the last
// one that ran. A release whose only revision never ran is removed; one that failed several times
// is left, since what it made may be in use.
func (e *Environment) takeBack(ctx context.Context, release helm.Release, from helm.Revision) (string, error) {
	history, err := e.history(ctx)
	if err != nil {
		return "", err
	}
	way, to := helm.WayBack(history)
	switch {
	case way == helm.BackNowhere:
		return "nothing was installed", nil
	case way == helm.BackTo:
		return fmt.Sprintf("rolled back to revision %d", to), e.goBack(ctx, release, from, to, false)
	case way == helm.BackLeave && from.Status == helm.Rolling: // so that nobody waits for it
		return leftAlone, e.mark(ctx, release.FailArgs(from.Number))
	case way == helm.BackLeave && from.Pending(): // to free it
		return e.unlockOnly(ctx, release, from, history[len(history)-2].Revision)
	case way == helm.BackLeave:
		return leftAlone, nil
	}
	if claimed, err := e.claim(ctx, release, from); err != nil || !claimed {
		return "", cmp.Or(err, errTaken)
	}
	return "removed, since no earlier revision ran", e.Tools.Repeat(ctx, e.Tools.Cluster(), release.UninstallArgs())
}

const leftAlone = "left as it is, since no earlier revision ran"

// unlockOnly rolls out once more a revision that never ran, which most likely fails again, but no
// lock is left by that.
func (e *Environment) unlockOnly(
	ctx context.Context, release helm.Release, from helm.Revision, before int,
) (string, error) {
	err := e.goBack(ctx, release, from, before, false)
	if errors.Is(err, errTaken) {
		return "", err
	}
	if err != nil {
		e.say("%s: rolled back to revision %d, which never ran: %v", release.Namespace, before, err)
	}
	return fmt.Sprintf("rolled back to revision %d, which never ran either", before), nil
}

// goBack returns from the last revision to an earlier one: on purpose, or after a failure. Helm
// compares nothing when it rolls back, so the revision is claimed first, and afterwards it is
// looked whether the new revision follows on it. If another operation came in between all the same,
// what that one made runs again in the end, and the error wraps errTaken.
func (e *Environment) goBack(
	ctx context.Context,
	release helm.Release,
	from helm.Revision,
	to int,
	onPurpose bool,
) error {
	if claimed, err := e.claim(ctx, release, from); err != nil || !claimed {
		return cmp.Or(err, errTaken)
	}
	until := time.Now().Add(e.Timeout)
	var failure error
	if onPurpose {
		failure = e.Tools.Repeat(ctx, e.Tools.Cluster(), release.RollbackArgs(to))
	} else {
		failure = e.backAfterFailure(ctx, release, from, to)
	}
	after, err := e.last(ctx)
	switch {
	case err == nil && after.Number <= from.Number && failure != nil:
		// so that nobody has to wait for its end
		_, _ = e.Tools.Ask(ctx, e.Tools.Cluster(), release.UnclaimArgs(from.Number, e.ID))
		return failure
	case err != nil:
		return cmp.Or(failure, err)
	case after.Number <= from.Number+1:
		return cmp.Or(failure, e.restored(ctx, release, after, until))
	case !after.Rollback():
		return fmt.Errorf("%w: revision %d, which runs now", errTaken, after.Number)
	}
	history, err := e.history(ctx)
	if err != nil {
		return err
	}
	between := helm.Between(history, from.Number, to)
	if between == 0 { // the new revisions are all of this operation, which was tried again
		return cmp.Or(failure, e.restored(ctx, release, after, until))
	}
	if claimed, err := e.claim(ctx, release, after); err != nil || !claimed {
		return cmp.Or(err, errTaken)
	}
	if err := e.backAfterFailure(ctx, release, after, between); err != nil {
		return fmt.Errorf("%w: revision %d, which does not run any more: %w", errTaken, between, err)
	}
	return fmt.Errorf("%w: revision %d, which runs again", errTaken, between)
}

// restored waits for what a rollback made. It is not verified again: what it goes back to was, when it
// was rolled out, and if the cause is outside of the cluster, a second failure would help nobody.
func (e *Environment) restored(
	ctx context.Context, release helm.Release, revision helm.Revision, until time.Time,
) error {
	_, failure, err := e.settle(ctx, release, revision, until, false)
	switch rest, taken := strings.CutPrefix(failure.words, helm.Taken); {
	case err != nil:
		return err
	case failure.judged:
		return failure
	case taken:
		return fmt.Errorf("%w%s", errTaken, rest)
	}
	return nil
}

// backAfterFailure returns to a revision after a failure, and writes down that this was why, if Helm
// itself has no place for it.
func (e *Environment) backAfterFailure(ctx context.Context, release helm.Release, from helm.Revision, to int) error {
	failure := e.Tools.Repeat(ctx, e.Tools.Cluster(), release.RecoverArgs(to))
	if release.RecoveredArgs(0) == nil {
		return failure
	}
	after, err := e.last(ctx)
	if err != nil || !after.Rollback() || after.Number <= from.Number {
		return cmp.Or(failure, err)
	}
	answer, err := e.Tools.Ask(ctx, e.Tools.Cluster(), release.RecoveredArgs(after.Number))
	if err == nil && answer.Code != 0 {
		e.say("revision %d of %s cannot be marked as a recovery: %s", after.Number, e.Release, answer.Failure())
	}
	return failure
}
