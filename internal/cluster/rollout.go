package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/helm"
	"dagger/ship/internal/rollout"
	"dagger/ship/internal/tools"
)

// failed says why a rollout failed, and shows pods, events and logs while they are there; only then
// it takes the release back to where it was. It leaves alone what is not this rollout's own.
func (e *Environment) failed(ctx context.Context, release helm.Release, failure trouble) error {
	words := failure.words
	now, err := e.last(ctx)
	text := "the rollout failed: " + failure.said(words)
	own := err == nil && now.Number == release.Next && now.Status == "failed" && (failure.judged || !helm.Locked(words))
	if own {
		text = e.diagnosis(
			ctx,
			now,
			failure,
		)
		if e.Strategy != helm.Upgrade {
			return fmt.Errorf("%s\n\nleft as it is", text)
		}
		now, err = e.last(ctx) // looking took a while
	}
	if err != nil {
		return fmt.Errorf("%s\n\nleft as it is, since it is not known what state that is: %s", text, tools.Explain(err))
	}
	if left := helm.LeftAs(now, release.Next, own, !failure.judged && helm.Locked(words)); left != "" {
		return errors.New(text + "\n\n" + left)
	}
	back, err := e.takeBack(ctx, release, now)
	if errors.Is(err, errTaken) {
		return fmt.Errorf("%s\n\nnot rolled back: %w", text, err)
	}
	if err != nil {
		return fmt.Errorf("%s\n\nrolling back failed too: %s", text, tools.Explain(err))
	}
	return errors.New(text + "\n\n" + back)
}

// diagnosis is the cause in a line, then what a person would look at: pods, events, logs and Helm's
// own words, which are the cause if the cluster tells no better one.
func (e *Environment) diagnosis(ctx context.Context, now helm.Revision, failure trouble) string {
	words := failure.words
	release := rollout.Release{Name: e.Release, Namespace: e.Namespace, Hooks: now.Hooks, Since: now.Created}
	found, err := e.list(ctx, e.namespaces(now)...)
	var state *rollout.State
	if err == nil {
		found.list = failure.record.Pods + e.controlled(ctx, now) + found.list // what is there still counts
		state, err = e.state(found, release)
	}
	if err != nil {
		return fmt.Sprintf("the rollout failed: %s\n\nthe cluster does not tell more: %s", failure.said(words),
			tools.Explain(err))
	}
	logs := state.Logs()
	var group errgroup.Group
	for i := range logs {
		group.Go(func() error {
			answer, err := e.Tools.Ask(ctx, e.Tools.Cluster(), logs[i].Args())
			printed := failure.record.Log(logs[i].Pod, logs[i].Container)
			switch {
			case printed != "" && (err != nil || answer.Code != 0):
				answer = tools.Answer{Stdout: printed}
			case err != nil:
				answer.Stderr = tools.Explain(err)
			}
			logs[i].Text = e.Redactor.Text(answer.Stdout + answer.Stderr)
			return nil
		})
	}
	_ = group.Wait()
	cause, heading := failure.cause(state), "Helm says:\n  "
	if failure.judged && !failure.tested {
		heading = ""
	}
	if cause == "" {
		first, _, more := strings.Cut(words, "\n")
		if cause = first; !more {
			words, heading = "", ""
		}
	}
	var parts []string
	for _, part := range []string{"the rollout failed: " + failure.said(cause), state.Text(logs),
		heading + strings.ReplaceAll(words, "\n", "\n  ")} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n\n")
}

// controlled are the objects of a revision that own pods by way of somebody else's controller, so that
// these are known to be the release's. It is only more to look at.
func (e *Environment) controlled(ctx context.Context, revision helm.Revision) string {
	objects, _ := revision.Objects(e.Namespace) // Helm has read it, too
	asked := rollout.Controlled(objects)
	if len(asked) == 0 {
		return ""
	}
	args := rollout.ProgressArgs(rollout.Release{Name: e.Release, Namespace: e.Namespace}, asked, 0)
	answer, err := e.Tools.Ask(ctx, e.Tools.Cluster(), args)
	if err != nil || answer.Code != 0 {
		return ""
	}
	_, list, _ := rollout.SplitProgress(answer.Stdout)
	return list
}

// cause is why pods are not ready, in a line: what the cluster tells, and if more time might have been
// enough, that there was no more. It is empty if nobody waited for pods, if they are ready and do not
// do what they should, or if nobody can tell.
func (t trouble) cause(state *rollout.State) string {
	cause, late := state.Cause(), helm.NotDone(t.words)
	switch {
	case t.asked:
		return ""
	case !t.judged && !helm.Waited(t.words):
		return ""
	case late == "" || state.Lasting():
		return cause
	case cause == "":
		_, cause = state.Healthy()
	}
	return strings.TrimSuffix(late+": "+cause, ": ")
}

// objects are what the cluster answered when it was asked for a namespace's, and what it refused:
// an account may not be allowed to list all kinds.
type objects struct{ list, refused string }

// list asks the cluster for the objects of namespaces.
func (e *Environment) list(ctx context.Context, namespaces ...string) (objects, error) {
	answer, err := e.Tools.Ask(ctx, e.Tools.Cluster(), rollout.Args(namespaces...))
	if err == nil && answer.Code != 0 {
		err = errors.New("kubectl get: " + answer.Failure())
	}
	list, refused := rollout.Split(answer.Stdout)
	return objects{list, refused}, err
}

// state is that of a release among a namespace's objects.
func (e *Environment) state(found objects, release rollout.Release) (*rollout.State, error) {
	state, err := rollout.Read(found.list, release, e.Redactor.Redact)
	if found.refused != "" && (err != nil || state.Empty()) {
		return nil, errors.New("kubectl get: " + found.refused)
	}
	return state, err
}
