package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dagger/ship/internal/helm"
	"dagger/ship/internal/network"
)

// lasted is how long something has lasted since a time of the cluster's. If the cluster does not
// tell its time, it is how long it was watched.
func (e *Environment) lasted(since, watched time.Time) time.Duration {
	told, err := e.clocks.Get(e.Namespace, func() (clock, error) {
		answer, err := e.Tools.Ask(e.Context, e.Tools.Cluster(), helm.ClockArgs(e.Namespace))
		if err == nil && answer.Code != 0 {
			err = errors.New(answer.Failure())
		}
		if err != nil {
			return clock{}, err
		}
		told, err := time.Parse(time.RFC3339, strings.TrimSpace(answer.Stdout))
		return clock{time.Now(), told}, err
	})
	if err != nil || since.IsZero() {
		return time.Since(watched)
	}
	return told.now().Sub(since)
}

// unlock waits while another operation holds the release, and returns the last revision once none
// does. An operation of Ship's own that has lasted longer than it may was killed: then the release
// is taken back to where it was before, and recovered says so. Somebody else's may be alive however
// old it is, and is left alone.
func (e *Environment) unlock(
	ctx context.Context,
	release helm.Release,
) (revision helm.Revision, recovered string, err error) {
	var told, since time.Time
	var freed, watched helm.Revision
	for {
		revision, err = e.last(ctx)
		if err != nil {
			return revision, recovered, err
		}
		if !revision.Is(watched) || revision.Claim != watched.Claim {
			watched, since = revision, time.Now()
		}
		hold, verdict, left := e.judge(release, revision, since)
		held := fmt.Sprintf("%s in %s is %s since %s",
			e.Release, e.Namespace, hold.What, hold.Since.Format(time.DateTime))
		switch {
		case verdict == helm.Free:
			return revision, recovered, nil
		case recovered != "" && revision.Is(freed):
			return revision, "", fmt.Errorf("%s%s still: free it with helm rollback or helm uninstall", recovered, held)
		case verdict == helm.Foreign:
			return revision, "", fmt.Errorf(
				"%s, by a Helm operation that Ship did not begin and that may be at work still: "+
					"retry when it has ended, or if it was killed, free the release with helm rollback (or helm "+
					"uninstall, before its first rollout)",
				held,
			)
		case verdict == helm.Stuck:
			said, settled, err := e.recover(ctx, release, revision)
			if errors.Is(err, errTaken) { // another release waited for the same, and is at work by now
				if err := network.Sleep(ctx, lookAgain); err != nil {
					return revision, "", err
				}
				continue
			}
			if err != nil {
				return revision, "", err
			}
			if !settled {
				freed = revision
			}
			recovered += said
			continue
		}
		if time.Since(told) > tellAgain {
			e.say("%s: waiting for that Helm operation, for %s at most", held, left.Round(time.Second))
			told = time.Now()
		}
		if err := network.Sleep(ctx, min(left, lookAgain)); err != nil {
			return revision, "", err
		}
	}
}

// recover settles a revision that was left by a run that died, if it is ready and, if that is asked for,
// verified; else it takes it back. It says what it did.
func (e *Environment) recover(
	ctx context.Context, release helm.Release, revision helm.Revision,
) (said string, settled bool, err error) {
	said = fmt.Sprintf("revision %d was left %s by a run that died", revision.Number, revision.Status)
	if revision.Status == helm.Rolling {
		ready, unverified, err := e.arrived(ctx, release, revision)
		switch {
		case err != nil:
			return "", false, err
		case ready:
			return said + ", and is ready" + e.verifiedBy(revision.Images(e.Slots)) + "; ", true, nil
		case unverified != "":
			said += ", and is not verified (" + unverified + ")"
		}
	}
	back, err := e.takeBack(ctx, release, revision)
	return said + ": " + back + "; ", false, err
}

// judge decides what to do about the first thing that holds a revision, which was watched since a time.
func (e *Environment) judge(
	release helm.Release, revision helm.Revision, since time.Time,
) (hold helm.Hold, verdict helm.Verdict, left time.Duration) {
	for _, hold = range revision.Holds(e.ID) {
		var lasted time.Duration
		if hold.Known {
			lasted = e.lasted(hold.Since, since)
		}
		if verdict, left = hold.Judge(lasted, time.Since(since), release.Timeout); verdict != helm.Free {
			return hold, verdict, left
		}
	}
	return hold, helm.Free, 0
}

// How often a release that is held is looked at, and how often whoever waits is told.
const (
	lookAgain = 3 * time.Second
	tellAgain = 30 * time.Second
)

// claim makes sure that no other release uninstalls the revision at the same time or rolls it back.
// It returns false if another was faster, or if the revision is not the last one any more. A claim
// that is on it already has ended: unlock waits for that.
func (e *Environment) claim(ctx context.Context, release helm.Release, revision helm.Revision) (bool, error) {
	args := release.ClaimArgs(revision.Number, release.NewClaim(revision.Number, e.ID), revision.Claim)
	answer, err := e.Tools.Ask(ctx, e.Tools.Cluster(), args)
	if err != nil {
		return false, err
	}
	now, err := e.last(ctx)
	if err != nil || !now.Is(revision) {
		return false, err
	}
	if now.Claim.Of(e.ID) { // by this attempt, or an earlier one of this release
		return true, nil
	}
	if answer.Code != 0 && now.Claim == revision.Claim {
		return false, fmt.Errorf("claim revision %d of %s: %s", revision.Number, release.Name, answer.Failure())
	}
	return false, nil
}
