package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/network"
)

// Deploy the version's published image to one environment, and wait for the rollout.
//
// It deploys by digest. It does nothing where the environment runs the version already, or a newer one, and fails
// where the image is not published. When a rollout fails, the error shows pods, events and logs, and the strategy
// upgrade rolls back.
// +cache="session"
func (s *Ship) Deploy(
	ctx context.Context,
	// Name of one of the environments in the settings, as production
	environment string,
) (*Deployment, error) {
	r, err := s.oneWith(ctx, environment)
	if err != nil {
		return nil, err
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
	r.revisions.forget(r.targets[0].Namespace)
	deployment, err := r.deployment(r.targets[0])
	if err != nil {
		return nil, errors.New(r.redactor.Text(explain(err)))
	}
	return deployment, nil
}

// oneWith is the release of a function that is about one environment of one project, asked for by name.
func (s *Ship) oneWith(ctx context.Context, environment string) (*release, error) {
	r, err := s.one(ctx)
	if err != nil {
		return nil, err
	}
	r.targets = slices.DeleteFunc(r.targets, func(t helm.Target) bool { return t.Name != environment })
	if len(r.targets) == 0 {
		return nil, fmt.Errorf("no environment %q in the settings: --environments has %q", environment, r.Environments)
	}
	r.byName = true
	return r, nil
}

// How often a deploy looks anew because another operation came in between. Each time that one has got further.
const interruptions = 10

// deploy looks once more before it acts: the build took a while, and another release may be at work or have been. What it decides
// on is compared in the act and once more after it. If another operation comes in between, or the cluster is in trouble that may pass, it
// decides anew.
func (r *release) deploy(ctx context.Context, target helm.Target) (string, error) {
	container, chart, err := r.withChart(r.cluster(), target, r.image(r.facts.Digest))
	if err != nil {
		return "", err
	}
	chart.CreateNamespace = true
	done := ""
	for attempt, interrupted := 1, 0; ; {
		before, recovered, err := r.unlock(ctx, container, chart)
		done += recovered
		if err != nil {
			return "", fmt.Errorf("%s%w", done, err)
		}
		environment, err := r.runs(ctx, chart, target, before)
		if err != nil {
			return "", err
		}
		if now := converge.Deploy(r.facts, environment); !now.Needed {
			if converge.Below(r.facts, environment) {
				return "", errors.New(done + now.Why)
			}
			return done + now.Why + " by now", nil
		}
		start := time.Now()
		cause, err := r.roll(ctx, container, &chart, target, before)
		if err != nil {
			return "", err
		}
		if cause == "" {
			return fmt.Sprintf("%s%s runs %s", done, target.Namespace, r.reference()), nil
		}
		trouble := network.Transient(cause) && time.Since(start) < chart.Timeout
		if chart.CreateNamespace && helm.MayNotCreateNamespace(cause) {
			chart.CreateNamespace, trouble = false, true // it may be there all the same
		}
		switch {
		case helm.Locked(cause) && interrupted < interruptions:
			interrupted++
			r.say("%s: %s; looking again", target.Name, cause)
			err = sleep(ctx, time.Second)
		case trouble && attempt < network.Attempts:
			err = r.waitToRetry(ctx, target.Name+": "+cause, attempt)
			attempt++
		default:
			return "", fmt.Errorf("%s%w\n%s stays tagged and published: retry to deploy it again, or fix it in a higher version",
				done, r.failed(ctx, container, chart, target, cause), r.project.Version.Text)
		}
		if err != nil {
			return "", err
		}
	}
}

// roll makes the target run the chart, as the revision that it writes into the chart, and looks whether that is the last one then. What
// went wrong is the cause, in Helm's words.
func (r *release) roll(ctx context.Context, container *dagger.Container, chart *helm.Release, target helm.Target, before helm.Revision) (cause string, err error) {
	chart.Next = before.Number + 1
	operations := [][]string{chart.UpgradeArgs()}
	if before.Number > 0 && (target.Strategy == helm.Reinstall || before.Status == "uninstalling") {
		if claimed, err := r.claim(ctx, container, *chart, before); err != nil || !claimed {
			return helm.Taken, err
		}
		chart.Next = 1
		operations = [][]string{chart.UninstallArgs(), chart.InstallArgs()}
		before = helm.Revision{}
	}
	if container, err = r.comparing(container, *chart, before); err != nil {
		return "", err
	}
	last := len(operations) - 1
	operations[last] = chart.ThenLook(r.deadline(), operations[last])
	var seen string
	for _, args := range operations {
		start := time.Now()
		code, stdout, stderr, err := r.exec(ctx, container, args)
		if err != nil {
			return "", err
		}
		if code != 0 {
			cause := helm.Failure(code, stderr)
			if took := time.Since(start); took > chart.Timeout {
				cause += fmt.Sprintf(" (after %s; see --timeout)", took.Round(time.Second))
			}
			return cause, nil
		}
		seen = stdout
	}
	after, err := r.afterwards(ctx, *chart, seen)
	if err == nil && (after.Number != chart.Next || after.Image(r.Keys) != r.image(r.facts.Digest)) {
		cause = fmt.Sprintf("%s: revision %d of %s in %s came after %d", helm.Taken, after.Number, chart.Name, chart.Namespace, chart.Next)
	}
	return cause, err
}

// afterwards is the last revision as it was seen after an operation. If the look failed, it is made again.
func (r *release) afterwards(ctx context.Context, chart helm.Release, seen string) (helm.Revision, error) {
	if seen == "" {
		return r.status(ctx, chart)
	}
	last, err := helm.ParseRevisions(seen)
	return last[chart.Name], err
}
