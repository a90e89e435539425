package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/rollout"
)

// failed says why a rollout failed, and shows pods, events and logs while they are there; only then it takes the
// release back to where it was. It leaves alone what is not this rollout's own.
func (r *release) failed(ctx context.Context, container *dagger.Container, chart helm.Release, target helm.Target, words string) error {
	now, err := r.status(ctx, chart)
	text := "the rollout failed: " + words
	own := err == nil && now.Number == chart.Next && now.Status == "failed" && !helm.Locked(words)
	if own {
		text = r.diagnosis(ctx, container, rollout.Release{Name: chart.Name, Namespace: chart.Namespace, Hooks: now.Hooks, Since: now.Created}, words)
		if target.Strategy != helm.Upgrade {
			return fmt.Errorf("%s\n\nleft as it is", text)
		}
		now, err = r.status(ctx, chart) // looking took a while
	}
	state := fmt.Sprintf("revision %d is %s", now.Number, now.Status)
	switch {
	case err != nil:
		return fmt.Errorf("%s\n\nleft as it is, since it is not known what state that is: %s", text, explain(err))
	case now.Number == 0:
		return fmt.Errorf("%s\n\nnothing was installed", text)
	case now.Number > chart.Next && now.Status != "uninstalling" || helm.Locked(words) || own && now.Status != "failed":
		return fmt.Errorf("%s\n\nleft as it is: %s, by another operation", text, state)
	case now.Number < chart.Next:
		return fmt.Errorf("%s\n\nleft as it is: Helm changed nothing, and %s as before", text, state)
	case !own:
		return fmt.Errorf("%s\n\nleft as it is: %s", text, state)
	}
	back, err := r.takeBack(ctx, container, chart, now)
	if errors.Is(err, errTaken) {
		return fmt.Errorf("%s\n\nnot rolled back: %w", text, err)
	}
	if err != nil {
		return fmt.Errorf("%s\n\nrolling back failed too: %s", text, explain(err))
	}
	return errors.New(text + "\n\n" + back)
}

// diagnosis is the cause in a line, then what a person would look at: pods, events, logs and Helm's own words, which are
// the cause where the cluster tells no better one.
func (r *release) diagnosis(ctx context.Context, container *dagger.Container, release rollout.Release, words string) string {
	found, err := r.list(ctx, container, release.Namespace)
	var state *rollout.State
	if err == nil {
		state, err = r.state(found, release)
	}
	if err != nil {
		return fmt.Sprintf("the rollout failed: %s\n\nthe cluster does not tell more: %s", words, explain(err))
	}
	logs := state.Logs()
	var group errgroup.Group
	for i := range logs {
		group.Go(func() error {
			_, stdout, stderr, err := r.ask(ctx, container, logs[i].Args())
			if err != nil {
				stderr = explain(err)
			}
			logs[i].Text = r.redactor.Text(stdout + stderr)
			return nil
		})
	}
	_ = group.Wait()
	cause, heading := state.Cause(), "Helm says:\n  "
	if cause == "" || !helm.Waited(words) {
		first, _, more := strings.Cut(words, "\n")
		if cause = first; !more {
			words, heading = "", ""
		}
	}
	var parts []string
	for _, part := range []string{"the rollout failed: " + cause, state.Text(logs), heading + strings.ReplaceAll(words, "\n", "\n  ")} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n\n")
}

// listing is what the cluster answered when it was asked for a namespace's, and what it refused: an account may not be allowed to list
// all kinds.
type listing struct{ list, refused string }

// list asks the cluster for a namespace's objects.
func (r *release) list(ctx context.Context, container *dagger.Container, namespace string) (found listing, err error) {
	asked := container.
		WithEnvVariable("SHIP_AT", time.Now().Format(time.RFC3339Nano)).
		WithExec(quietly(helm.Bounded(r.deadline(), rollout.Args(namespace)...)), dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeAny})
	if found.list, err = asked.File(printedPath).Contents(ctx); err != nil {
		return found, err
	}
	found.refused, err = asked.Stderr(ctx)
	return found, err
}

// state is that of a release among a namespace's objects.
func (r *release) state(found listing, release rollout.Release) (*rollout.State, error) {
	state, err := rollout.Read(found.list, release, r.redactor.Redact)
	if refused := strings.TrimSpace(found.refused); refused != "" && (err != nil || state.Empty()) {
		return nil, errors.New("kubectl get: " + refused)
	}
	return state, err
}
