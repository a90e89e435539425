package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dagger/ship/internal/helm"
	"dagger/ship/internal/network"
	"dagger/ship/internal/rollout"
)

// trouble is why an operation did not succeed; empty if it did.
type trouble struct {
	words  string
	judged bool // Ship saw that pods did not become ready, or was told what they do; else the words are Helm's
	tested bool // the words are Helm's all the same, of a test
	asked  bool // the words are of an address that does not answer as it should; the pods are ready

	record helm.Record // what the pods of hooks did, which may be gone
}

func (t trouble) Error() string { return t.said(t.words) }

// said is a cause, with what it is about if that is no rollout.
func (t trouble) said(cause string) string {
	if t.tested {
		return "helm test: " + cause
	}
	return cause
}

// oneWait is how long the cluster is asked at a time to say when workloads have rolled out.
const oneWait = 10 * time.Second

// wait waits until the workloads of the last revision are ready, and says what else is not. It ends
// early if they cannot become ready, or if another revision is the last one by then.
func (e *Environment) wait(
	ctx context.Context, revision helm.Revision, until time.Time,
) (others string, failure trouble, err error) {
	all, err := revision.Objects(e.Namespace)
	if err != nil {
		return "", failure, err
	}
	workloads, told := rollout.Workloads(all), time.Now()
	for first := true; ; first = false {
		start := time.Now()
		block := min(oneWait, e.Deadline/2, time.Until(until))
		progress, last, err := e.progress(ctx, workloads, max(block, 0))
		if err != nil {
			return "", failure, err
		}
		switch {
		case last.Number != revision.Number || last.UID != revision.UID:
			return "", e.taken(last, revision.Number), nil
		case progress.Ready:
			var more rollout.Progress
			if rest := rollout.Others(all); len(rest) > 0 {
				if more, _, err = e.progress(ctx, rest, 0); err != nil {
					return "", failure, err
				}
			}
			if len(more.Underway) == 0 || !time.Now().Before(until) {
				return e.Redactor.Line(strings.Join(append(progress.Others, more.Others...), "; ")), failure, nil
			}
			progress.Why = strings.Join(more.Underway, "; ")
		case progress.Failed:
			return "", notReady("%s", progress.Why), nil
		case !time.Now().Before(until) && !first:
			return "", notReady("not ready within %s (see --timeout): %s", e.Timeout, progress.Why), nil
		}
		if time.Since(told) > tellAgain {
			e.say("%s: %s", e.Name, progress.Why)
			told = time.Now()
		}
		// if the account may not watch, the cluster does not say when
		if err := network.Sleep(ctx, min(time.Until(until), time.Second-time.Since(start))); err != nil {
			return "", failure, err
		}
	}
}

func notReady(format string, args ...any) trouble {
	return trouble{words: fmt.Sprintf(format, args...), judged: true}
}

// progress looks once at objects, and at which revision is the last one.
func (e *Environment) progress(
	ctx context.Context, asked []helm.Object, block time.Duration,
) (progress rollout.Progress, last helm.Revision, err error) {
	args := rollout.ProgressArgs(rollout.Release{Name: e.Release, Namespace: e.Namespace}, asked, block)
	answer, err := e.Tools.Ask(ctx, e.Tools.Cluster(), args)
	if err == nil && answer.Code != 0 {
		err = errors.New("look at the rollout: " + answer.Failure())
	}
	if err != nil {
		return progress, last, err
	}
	revisions, objects, refused := rollout.SplitProgress(answer.Stdout)
	found, err := helm.ParseRevisions(revisions)
	if err != nil {
		return progress, last, err
	}
	progress, err = rollout.Judge(objects, refused, asked, e.Redactor.Redact)
	return progress, found[e.Release], err
}

// settle waits for a revision that this release made, has it verified if that is asked for, and writes
// down what came of it.
func (e *Environment) settle(
	ctx context.Context, release helm.Release, revision helm.Revision, until time.Time, verify bool,
) (others string, failure trouble, err error) {
	others, failure, err = e.wait(ctx, revision, until)
	if err == nil && failure.words == "" && verify && e.Verify.any() {
		failure, err = e.verify(ctx, release, revision, until)
	}
	if err != nil {
		return "", failure, err
	}
	switch {
	case failure.judged: // before a look at why, which takes a while
		return "", failure, e.mark(ctx, release.FailArgs(revision.Number))
	case failure.words != "" || revision.Status != helm.Rolling:
		return others, failure, nil
	}
	if err = e.mark(ctx, release.SettleArgs(revision.Number, revision.Claim, e.ID)); err != nil {
		now, lookErr := e.last(ctx)
		switch {
		case lookErr != nil:
			return "", failure, lookErr
		case now.Number != revision.Number || now.UID != revision.UID || now.Claim != revision.Claim:
			return "", e.taken(now, revision.Number), nil
		case now.Status == helm.Rolling:
			return "", failure, err
		}
	}
	return others, failure, nil
}

// mark writes down what came of a revision.
func (e *Environment) mark(ctx context.Context, args []string) error {
	answer, err := e.Tools.Ask(ctx, e.Tools.Cluster(), args)
	if err == nil && answer.Code != 0 {
		err = fmt.Errorf("write down what came of the rollout of %s: %s", e.Release, answer.Failure())
	}
	return err
}

// namespaces are those that a revision's objects are in, the release's own first.
func (e *Environment) namespaces(revision helm.Revision) []string {
	all := []string{e.Namespace}
	objects, _ := revision.Objects(e.Namespace) // Helm has read it, too
	for _, o := range objects {
		if !slices.Contains(all, o.Namespace) {
			all = append(all, o.Namespace)
		}
	}
	return all
}
