package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/network"
	"dagger/ship/internal/tools"
)

// Rendered is what a chart makes, as it was tried out.
type Rendered struct {
	Objects []helm.Object // that Helm keeps with the release
	Hooks   []helm.Object // that Helm makes beside an operation
}

func newRendered(manifests, namespace string) (r Rendered, err error) {
	objects, err := helm.ParseObjects(manifests, namespace)
	for _, o := range objects {
		if len(o.Events()) > 0 {
			r.Hooks = append(r.Hooks, o)
		} else {
			r.Objects = append(r.Objects, o)
		}
	}
	return r, err
}

// hasHook tells whether the chart, as Render has tried it out, has a hook of an event.
func (e *Environment) hasHook(event string) bool {
	return slices.ContainsFunc(e.rendered.Hooks, func(o helm.Object) bool { return slices.Contains(o.Events(), event) })
}

// Render tries a chart out with an image, on the cluster if it can be reached, and checks what the
// chart makes. What that is, is kept for the rollout. The remarks are about what need not be wrong.
func (e *Environment) Render(ctx context.Context, wanted Wanted, reach bool) ([]string, error) {
	if err := e.Verify.Check(); err != nil {
		return nil, fmt.Errorf("the verification of %s: %w", e.Name, err)
	}
	var tried helm.Tried
	var err error
	if reach {
		tried, err = e.tryOut(ctx, wanted)
	} else {
		tried, err = e.template(ctx, wanted)
	}
	if unknown := new(unseen); errors.As(err, unknown) {
		return []string{unknown.Error()}, nil
	}
	about := fmt.Sprintf("the chart in %s, for %s: ", wanted.Chart.folder, e.Name)
	if err == nil {
		e.rendered, err = newRendered(tried.Manifests, e.Namespace)
	}
	if err != nil {
		return nil, fmt.Errorf("%s%w", about, err)
	}
	if e.Verify.Test && len(helm.Tests(e.rendered.Hooks)) == 0 {
		return nil, fmt.Errorf("%sit has no test, though its rollout is to be tested: annotate a Pod or Job of its "+
			"templates with helm.sh/hook: test, or do not ask for a test", about)
	}
	all := slices.Concat(e.rendered.Objects, e.rendered.Hooks)
	if err := helm.CheckLabels(all); err != nil {
		return nil, fmt.Errorf("%s%w", about, err)
	}
	remarks, err := e.Slots.CheckImages(all, wanted.Images)
	if err != nil {
		return nil, fmt.Errorf("%s%w", about, err)
	}
	if len(tried.Refused) > 0 {
		return nil, fmt.Errorf("%sthe cluster would refuse what it makes:\n%s", about,
			strings.Join(tried.Refused, "\n"))
	}
	return remarks, nil
}

// unseen is why it cannot be told what a chart makes.
type unseen struct{ error }

// template renders the chart without a cluster.
func (e *Environment) template(ctx context.Context, wanted Wanted) (helm.Tried, error) {
	container, release, err := e.with(ctx, e.Tools.Plain(), wanted)
	if err != nil {
		return helm.Tried{}, err
	}
	answer, err := e.Tools.Run(ctx, container, release.TemplateArgs())
	switch {
	case err != nil:
		return helm.Tried{}, fmt.Errorf("render it: %w", err)
	case answer.Code != 0:
		return helm.Tried{}, e.withoutCluster(ctx, container, release, answer.Failure())
	}
	return helm.Tried{Manifests: answer.Stdout}, nil
}

// withoutCluster is why a chart does not render without a cluster: maybe since it asks for one.
func (e *Environment) withoutCluster(
	ctx context.Context, container *dagger.Container, release helm.Release, cause string,
) error {
	answer, err := e.Tools.Run(ctx, container, release.AsksArgs())
	if err != nil || answer.Code != 0 {
		return e.notRendered(cause)
	}
	asks := strings.Fields(answer.Stdout)
	if file, is := helm.AskedIn(cause, asks); is {
		return unseen{fmt.Errorf("what the chart makes for %s is not known without a cluster, which %s asks: "+
			"give a kubeconfig to have it checked", e.Name, file)}
	}
	return fmt.Errorf("%w\nIt asks the cluster, as in %s: with a kubeconfig it may render", e.notRendered(cause),
		strings.TrimPrefix(asks[0], chartPath+"/"))
}

func (e *Environment) notRendered(cause string) error {
	if helm.RefusedBySchema(cause) {
		return e.Slots.ExplainSchema(cause)
	}
	return errors.New("it does not render: " + cause)
}

// tryOut has the cluster try the chart out, and changes nothing there.
func (e *Environment) tryOut(ctx context.Context, wanted Wanted) (helm.Tried, error) {
	container, release, err := e.with(ctx, e.Tools.Cluster(), wanted)
	if err != nil {
		return helm.Tried{}, err
	}
	before, err := e.seen()
	if err != nil {
		return helm.Tried{}, err
	}
	trial := helm.Trial{Install: before.Number == 0 || before.Status == "uninstalled"}
	if !trial.Install && e.Strategy == helm.Reinstall {
		trial.Install, trial.Replace = true, true
	}
	answer, err := e.try(ctx, container, release.UpgradeTrialArgs(trial, e.Deadline))
	if err == nil && answer.Code != 0 {
		cause := answer.Failure()
		if helm.KindsGone(cause) {
			if err := e.mayUninstall(ctx, before); err != nil {
				return helm.Tried{}, err
			}
		}
		if trial.Install && !helm.RefusedBySchema(cause) {
			if trial.Kinds, err = e.brought(ctx, container, release, helm.UnknownKinds(cause)); err != nil {
				return helm.Tried{}, err
			}
		}
		if helm.NotNow(cause) || trial.Install && len(trial.Kinds) > 0 {
			answer, err = e.try(ctx, container, release.TemplateTrialArgs(trial, e.Deadline))
		}
		if err == nil && answer.Code != 0 && len(trial.Kinds) > 0 {
			if trial.Apart, err = e.apis(ctx); err != nil {
				return helm.Tried{}, err
			}
			answer, err = e.try(ctx, container, release.TemplateTrialArgs(trial, e.Deadline))
		}
	}
	switch {
	case err != nil:
		return helm.Tried{}, err
	case answer.Code != 0:
		return helm.Tried{}, e.notRendered(answer.Failure())
	}
	return release.ParseTrial(answer.Stdout), nil
}

// apis are what the cluster has.
func (e *Environment) apis(ctx context.Context) (*helm.APIs, error) {
	answer, err := e.Tools.Ask(ctx, e.Tools.Cluster(), helm.APIArgs())
	if err == nil && answer.Code != 0 {
		err = errors.New("ask what the cluster has: " + answer.Failure())
	}
	if err != nil {
		return nil, err
	}
	return helm.ParseAPIs(answer.Stdout)
}

// brought are the kinds that the chart itself brings, if no other one is missing. A template may ask
// whether there are such, so they count if none is said to be missing, too.
func (e *Environment) brought(
	ctx context.Context, container *dagger.Container, release helm.Release, missing []string,
) ([]string, error) {
	answer, err := e.Tools.Run(ctx, container, release.CRDArgs())
	if err != nil || answer.Code != 0 {
		return nil, err
	}
	kinds := helm.Defined(answer.Stdout)
	for _, kind := range missing {
		if !slices.Contains(kinds, kind) {
			return nil, nil
		}
	}
	return kinds, nil
}

// try runs a trial, and again if the cluster was in trouble that may pass.
func (e *Environment) try(
	ctx context.Context, container *dagger.Container, args []string,
) (answer tools.Answer, err error) {
	_ = network.Retry(ctx, e.Say, func() network.Failure {
		start := time.Now()
		answer, err = e.Tools.Act(ctx, container, helm.Bounded(e.Timeout+3*e.Deadline, args...))
		words := answer.Failure()
		if err != nil {
			words = tools.Explain(err)
		} else if answer.Code != 0 {
			words = helm.Late(words, time.Since(start), e.Timeout)
			answer.Stderr = words
		}
		if words == "" {
			return network.Failure{}
		}
		return network.Failure{Err: errors.New(words), Temporary: network.Transient(helm.Own(words))}
	})
	return answer, err
}

// Beside tells of other releases that run the same chart, if this one is about to come beside them.
func (e *Environment) Beside(ctx context.Context, chart Chart) string {
	if before, err := e.seen(); err != nil || before.Number > 0 {
		return ""
	}
	answer, err := e.Tools.Ask(ctx, e.Tools.Cluster(), helm.ListArgs(e.Namespace))
	if err != nil || answer.Code != 0 {
		return "" // it is a remark only
	}
	own := append([]string{e.Release}, e.expected[e.Namespace]...)
	others, err := helm.Beside(answer.Stdout, chart.name, own...)
	if err != nil || len(others) == 0 {
		return ""
	}
	return fmt.Sprintf("release %s in %s runs the chart %s already: %s will stand beside it; uninstall it if this one "+
		"is to replace it", others[0], e.Namespace, chart.name, e.Release)
}
