package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/network"
	"dagger/ship/internal/tools"
)

// interruptions is how often a deploy decides anew because another operation came in between. Each
// time that one has got further.
const interruptions = 10

// Wanted is what an environment is to run.
type Wanted struct {
	Chart  Chart
	Images helm.Images // in the order of the slots

	// Layers are the values, the environment's own file in the chart's folder among them; none: that
	// file is all there is, and is not compared with what runs.
	Layers []helm.Layer
	// Following is the commit of the branch that values or the chart are of, if they follow it; else empty.
	Following string
	ChartOf   string // the chart's digest, if it is not in the repo

	Facts converge.Facts // by which it is decided whether the environment needs it
	// Order says where the facts' commit is, as seen from what the environment runs.
	Order func(context.Context, *converge.Environment) error
}

// Deploy makes the environment run what is wanted, and says what it runs then.
//
// It looks once more before it acts: the build took a while, and another release may be at work or
// have been. What it decides on is compared in the act and once more after it. If another operation
// comes in between, or the cluster is in trouble that may pass, it decides anew.
func (e *Environment) Deploy(ctx context.Context, wanted Wanted) (string, error) {
	container, release, err := e.with(ctx, e.Tools.Cluster(), wanted)
	if err != nil {
		return "", err
	}
	done := ""
	tries := tries{attempt: 1, since: time.Now()}
	for {
		before, recovered, err := e.unlock(ctx, release)
		done += recovered
		if err != nil {
			return "", fmt.Errorf("%s%w", done, err)
		}
		if tries.interrupted > 0 && before.Is(tries.at) {
			if before, err = e.counted(ctx, before); err != nil {
				return "", err
			}
		}
		found, err := e.compared(ctx, before, wanted)
		if err != nil {
			return "", err
		}
		if now := converge.Deploy(wanted.Facts, found); !now.Needed {
			if converge.Below(wanted.Facts, found) {
				return "", errors.New(done + now.Why)
			}
			return done + now.Why + " by now", nil
		}
		if err := e.makeNamespace(ctx, release); err != nil {
			return "", err
		}
		if err := e.makePullSecret(ctx); err != nil {
			return "", err
		}
		start := time.Now()
		others, failure, err := e.roll(ctx, container, &release, wanted, before)
		switch {
		case err != nil:
			return "", err
		case failure.words == "":
			return fmt.Sprintf("%s%s runs %s%s%s", done, e.Namespace, wanted.Images, e.verifiedBy(wanted.Images),
				but(others)), nil
		case !release.CreateNamespace && helm.NamespaceMissing(failure.words, e.Namespace):
			release.CreateNamespace = true
			continue
		case !e.again(&tries, failure, before, time.Since(start)):
			return "", fmt.Errorf(
				"%s%w\n%s stays tagged and published: retry to deploy it again, or fix it in a higher version",
				done, e.failed(ctx, release, failure), wanted.Facts.Version.Text,
			)
		}
		if err := network.Sleep(ctx, time.Second); err != nil {
			return "", err
		}
	}
}

// but adds what is not ready though the workloads are.
func but(others string) string {
	if others == "" {
		return ""
	}
	return " (but " + others + ")"
}

// tries counts how often a deploy was tried.
type tries struct {
	attempt     int           // of those that met trouble which may pass
	interrupted int           // how often another operation came in between
	at          helm.Revision // the one that was the last before that
	since       time.Time     // when the first began
}

// again tells whether a deploy that failed is to decide anew.
func (e *Environment) again(t *tries, failure trouble, before helm.Revision, took time.Duration) bool {
	cause := failure.words
	switch {
	case failure.judged: // in the words of anybody's programs
		return false
	case helm.Locked(cause) && t.interrupted < interruptions:
		t.interrupted, t.at = t.interrupted+1, before
		e.say("%s: %s; looking again", e.Name, cause)
		return true
	case helm.Terminating(cause, e.Namespace) && time.Since(t.since) < e.Timeout:
		e.say("%s: waiting for the namespace %s, which is being removed", e.Name, e.Namespace)
		return true
	case network.Transient(helm.Own(cause)) && took < e.Timeout && t.attempt < network.Attempts:
		t.attempt++
		e.say("%s: %s; trying again (%d of %d)", e.Name, cause, t.attempt, network.Attempts)
		return true
	}
	return false
}

// counted is a revision with the number that Helm counts on from, if nothing came in between and Helm all
// the same would not make the next one: somebody has deleted Helm's record of the last revision, and
// the one before that is superseded by none.
func (e *Environment) counted(ctx context.Context, revision helm.Revision) (helm.Revision, error) {
	history, err := e.history(ctx)
	if n := len(history); n > 0 && history[n-1].Revision > revision.Number {
		revision.Number, revision.UID = history[n-1].Revision, ""
	}
	return revision, err
}

// roll rolls the chart out as the revision that it writes into the release, looks whether that is
// the last one then, and waits until it is ready. It says what else is not.
func (e *Environment) roll(
	ctx context.Context, container *dagger.Container, release *helm.Release, wanted Wanted, before helm.Revision,
) (others string, failure trouble, err error) {
	start := time.Now()
	release.Next = before.Number + 1
	release.PostHooks = e.hasHook("post-upgrade")
	if before.Number == 0 || before.Status == "uninstalled" {
		release.PostHooks = e.hasHook("post-install")
	}
	operations := [][]string{release.UpgradeArgs()}
	if before.Status != "" && (e.Strategy == helm.Reinstall || before.Status == "uninstalling") {
		if err := e.mayUninstall(ctx, before); err != nil {
			return "", failure, err
		}
		if claimed, err := e.claim(ctx, *release, before); err != nil || !claimed {
			return "", trouble{words: helm.Taken}, err
		}
		release.Next, release.PostHooks = 1, e.hasHook("post-install")
		operations = [][]string{release.UninstallArgs(), release.InstallArgs()}
		before = helm.Revision{}
	}
	container = comparing(container, wanted.Chart, *release, before)
	last := len(operations) - 1
	operations[last] = release.Recording(release.ThenLook(e.Deadline, operations[last]),
		helm.RolloutHooks(e.rendered.Hooks))
	var seen string
	for i, args := range operations {
		began := time.Now()
		answer, record, err := e.act(ctx, container, args)
		if err != nil {
			return "", failure, err
		}
		// a chart that makes its own namespace takes Helm's record away with that
		if gone := i < last && helm.Missing(answer.Stderr); answer.Code != 0 && !gone {
			failure.record = record
			failure.words = helm.Late(answer.Failure(), time.Since(began), release.Timeout)
			if helm.KindsGone(failure.words) {
				if gone := e.mayUninstall(ctx, before); gone != nil {
					failure.words = gone.Error()
				}
			}
			return "", failure, nil
		}
		seen = answer.Stdout
	}
	after, err := e.afterwards(ctx, seen)
	if err != nil {
		return "", failure, err
	}
	if after.Number != release.Next || !after.Runs(e.Slots, wanted.Images) {
		return "", e.taken(after, release.Next), nil
	}
	return e.settle(ctx, *release, after, start.Add(e.Timeout), true)
}

// act runs an operation, which may be a Recording.
func (e *Environment) act(
	ctx context.Context, container *dagger.Container, args []string,
) (tools.Answer, helm.Record, error) {
	answer, err := e.Tools.Act(ctx, container, args)
	record, code, stderr, failed := helm.ReadRecord(answer.Stdout)
	if failed {
		answer = tools.Answer{Code: code, Stderr: stderr}
	}
	return answer, record, err
}

// taken says that another revision came after the one that was to be the last.
func (e *Environment) taken(last helm.Revision, ours int) trouble {
	return trouble{words: fmt.Sprintf("%s: revision %d of %s in %s came after %d", helm.Taken, last.Number, e.Release,
		e.Namespace, ours)}
}

// afterwards is the last revision as it was seen after an operation. If that look failed, it is
// made again.
func (e *Environment) afterwards(ctx context.Context, seen string) (helm.Revision, error) {
	if seen == "" {
		return e.last(ctx)
	}
	last, err := helm.ParseRevisions(seen)
	return last[e.Release], err
}
