package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
)

// Deployment is what runs in an environment.
type Deployment struct {
	// The environment's name
	Environment string
	// Its namespace in the cluster
	Namespace string
	// The version that runs there
	Version string
	// The image's digest, sha256:…
	Digest string
	// The Helm release's name
	Release string
	// The Helm release's revision, counted from 1
	Revision int
}

// Deploy makes one environment run the version's published image, and waits for the rollout.
//
// It deploys by digest. It does nothing where the environment runs the version already, or a newer one, and fails
// where the image is not published. When a rollout fails, the error shows pods, events and logs, and the strategy
// upgrade rolls back.
// +cache="session"
func (s *Ship) Deploy(
	ctx context.Context,
	// Name of one of the environments in the settings
	environment string,
) (*Deployment, error) {
	r := s.begin()
	r.targets = slices.DeleteFunc(r.targets, func(t helm.Target) bool { return t.Name != environment })
	if len(r.targets) == 0 {
		return nil, fmt.Errorf("no environment %q in the settings: --environments has %q", environment, s.Environments)
	}
	if err := r.run(ctx, pick(r.steps(), "read", "look")); err != nil {
		return nil, err
	}
	if r.facts.Digest == "" {
		return nil, fmt.Errorf("%s is not published: call publish or release first", r.facts.Image)
	}
	r.plan = converge.Plan{Commit: r.plan.Commit, Deploy: r.plan.Deploy} // the rest is the caller's own affair
	if err := r.run(ctx, pick(r.steps(), "check", "deploy "+environment)); err != nil {
		return nil, err
	}
	target := r.targets[0]
	name, revision, _, err := r.status(ctx, target)
	if err != nil {
		return nil, errors.New(r.redactor.Redact(explain(err)))
	}
	return &Deployment{environment, target.Namespace, revision.Image.Tag, revision.Image.Digest, name, revision.Number}, nil
}

// deploy looks once more before it acts: the build took a while, and another release may be at work or have been.
func (r *release) deploy(ctx context.Context, target helm.Target) (string, error) {
	container, chart, err := r.withChart(ctx, r.cluster(), target, r.image(r.facts.Digest))
	if err != nil {
		return "", err
	}
	environment, recovered, err := r.unlock(ctx, container, chart, target)
	if err != nil {
		return "", err
	}
	if now := converge.Deploy(r.facts, environment); !now.Needed {
		return recovered + now.Why + " by now", nil
	}
	args := chart.UpgradeArgs()
	if target.Strategy == helm.Reinstall {
		if code, _, stderr, err := exec(ctx, container, chart.UninstallArgs()); err != nil || code != 0 {
			return "", errors.Join(err, errors.New("helm uninstall: "+helm.Cause(stderr)))
		}
		args = chart.InstallArgs()
	}
	code, _, stderr, err := exec(ctx, container, args)
	switch cause := helm.Cause(stderr); {
	case err != nil:
		return "", err
	case code != 0 && helm.Locked(cause):
		return "", fmt.Errorf("another Helm operation on %s in %s came in between: retry when it has ended", chart.Name, chart.Namespace)
	case code != 0:
		return "", r.failed(ctx, container, chart, target, cause)
	}
	return fmt.Sprintf("%s%s runs %s", recovered, target.Namespace, r.reference()), nil
}

// unlock waits while another Helm operation holds the release, and returns what runs once none does. An operation older
// than a rollout may take was killed: then the release is taken back to where it was before, and recovered says so.
func (r *release) unlock(ctx context.Context, container *dagger.Container, chart helm.Release, target helm.Target) (e converge.Environment, recovered string, err error) {
	timeout, err := time.ParseDuration(r.Timeout)
	if err != nil {
		return e, "", err
	}
	for {
		_, revision, exists, err := r.status(ctx, target)
		if err != nil || !exists || !revision.Pending() {
			return r.runs(target, revision, exists), recovered, err
		}
		if revision.Since.IsZero() {
			return e, "", fmt.Errorf("%s in %s is %s and Helm does not say since when: wait for the operation to end, or free it with helm rollback",
				chart.Name, chart.Namespace, revision.Status)
		}
		if recovered != "" {
			return e, "", fmt.Errorf("%s%s in %s is %s still: free it with helm rollback or helm uninstall",
				recovered, chart.Name, chart.Namespace, revision.Status)
		}
		left := time.Until(revision.Since.Add(operation*timeout + lockGrace))
		if left <= 0 {
			back, err := rollback(ctx, container, chart)
			if err != nil {
				return e, "", err
			}
			recovered = fmt.Sprintf("revision %d was left %s by a run that died: %s; ", revision.Number, revision.Status, back)
			continue
		}
		fmt.Fprintf(os.Stderr, "  . %s is %s: waiting for the Helm operation that began at %s, for %s at most\n",
			target.Namespace, revision.Status, revision.Since.Format(time.TimeOnly), left.Round(time.Second))
		select {
		case <-ctx.Done():
			return e, "", ctx.Err()
		case <-time.After(min(left, 3*time.Second)):
		}
	}
}

// Helm's timeout holds for the hooks before the rollout, for the rollout and for the hooks after it, each on their own:
// operation is how many timeouts an operation may take, lockGrace what clocks may differ by.
const (
	operation = 3
	lockGrace = 10 * time.Second
)

// failed shows why a rollout failed, and only then takes the release back to where it was.
func (r *release) failed(ctx context.Context, container *dagger.Container, chart helm.Release, target helm.Target, cause string) error {
	_, failed, _, err := r.status(ctx, target)
	text := "the rollout failed: " + cause
	for _, look := range chart.Diagnosis() {
		if _, stdout, stderr, err := exec(ctx, container, look.Args); err == nil {
			text += "\n\n" + look.Heading + ":\n" + strings.TrimSpace(stdout+stderr)
		}
	}
	if err != nil || target.Strategy != helm.Upgrade {
		return errors.Join(errors.New(text), err)
	}
	_, now, _, err := r.status(ctx, target)
	if err == nil && (now.Number != failed.Number || now.Status != "failed") {
		return fmt.Errorf("%s\n\nnot rolled back: revision %d is %s now, by another operation", text, now.Number, now.Status)
	}
	back, err := rollback(ctx, container, chart)
	if err != nil {
		return fmt.Errorf("%s\n\nrolling back failed too: %s", text, explain(err))
	}
	return errors.New(text + "\n\n" + back)
}

// rollback returns to the last revision that ran. A release whose only revision never ran is removed; one that failed
// several times is left, since what it made may be in use.
func rollback(ctx context.Context, container *dagger.Container, chart helm.Release) (string, error) {
	code, history, stderr, err := exec(ctx, container, chart.HistoryArgs())
	switch {
	case err != nil:
		return "", err
	case code != 0 && helm.Missing(stderr):
		return "nothing was installed", nil
	case code != 0:
		return "", errors.New(helm.Cause(stderr))
	}
	last, revisions, err := helm.LastDeployed(history)
	if err != nil {
		return "", err
	}
	args, done := chart.RollbackArgs(last), fmt.Sprintf("rolled back to revision %d", last)
	switch {
	case last == 0 && revisions > 1:
		return "left as it is, since no earlier revision ran", nil
	case last == 0:
		args, done = chart.UninstallArgs(), "removed, since no earlier revision ran"
	}
	if code, _, stderr, err = exec(ctx, container, args); err == nil && code != 0 {
		err = errors.New(helm.Cause(stderr))
	}
	return done, err
}
