// Package cluster makes one environment run what is wanted, and says what runs there: by Helm and
// kubectl, and by what Helm keeps of its releases.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/network"
	"dagger/ship/internal/once"
	"dagger/ship/internal/report"
	"dagger/ship/internal/tools"
)

// Tools runs Helm and kubectl: see package tools.
type Tools interface {
	Plain() *dagger.Container
	Cluster() *dagger.Container
	Helm() (helm.Version, error)
	Secret(name, text string) *dagger.Secret
	Run(ctx context.Context, container *dagger.Container, args []string) (tools.Answer, error)
	Act(ctx context.Context, container *dagger.Container, args []string) (tools.Answer, error)
	Ask(ctx context.Context, container *dagger.Container, args []string) (tools.Answer, error)
	Repeat(ctx context.Context, container *dagger.Container, args []string) error
}

// Cluster is what the releases of a call share of the cluster: what several ask for is asked for
// once.
type Cluster struct {
	Timeout  time.Duration // of an operation of Helm's, and of a rollout with its verification
	Deadline time.Duration // of a request
	ID       string        // of this call, among others that are at work
	Redactor *report.Redactor

	// Context is the call's: what is shared must not end with the project that asked for it first.
	//nolint:containedctx // see above
	Context context.Context

	expected  map[string][]string // names of the Helm releases that will be asked for, by namespace
	revisions once.Answers[string, map[string]helm.Revision]
	objects   once.Answers[string, objects]
	clocks    once.Answers[string, clock]
}

// Expect says that a Helm release will be asked for, so that one question serves all of a
// namespace.
func (c *Cluster) Expect(namespace, release string) {
	if c.expected == nil {
		c.expected = map[string][]string{}
	}
	if !slices.Contains(c.expected[namespace], release) {
		c.expected[namespace] = append(c.expected[namespace], release)
	}
}

// Environment is where one project is deployed to, and how.
type Environment struct {
	*Cluster
	helm.Target
	Release string // the name of the Helm release
	Slots   helm.Slots

	Prereleases bool // it takes pre-releases, too
	Snapshots   bool // it takes any commit
	Preview     bool // it is a preview, whose namespace is made for it if it is missing
	ByName      bool // it was asked for by name, so what it was rolled back from does not matter

	Pull helm.PullSecret

	Verify Verification
	// Fetch asks an address once, for Verify: see network.Client.Look. It may be nil if no address is
	// verified.
	Fetch func(ctx context.Context, address string) (network.Answer, error)

	Tools Tools
	Say   func(string) // tells whoever waits what is being waited for

	rendered Rendered // what Render has tried out; empty before that
}

// say tells whoever waits what is being waited for.
func (e *Environment) say(format string, args ...any) { e.Say(fmt.Sprintf(format, args...)) }

// Look sees what runs in the environment, as it was when the projects looked at their namespace.
func (e *Environment) Look(ctx context.Context) (converge.Environment, error) {
	revision, err := e.seen()
	if err != nil {
		return converge.Environment{}, err
	}
	return e.runs(ctx, revision)
}

// RunsWell says what runs in the environment at this moment, and whether it is healthy.
func (e *Environment) RunsWell(
	ctx context.Context,
) (found converge.Environment, healthy bool, text string, err error) {
	revision, err := e.last(ctx)
	if err != nil {
		return found, false, "", err
	}
	if found, err = e.runs(ctx, revision); err != nil {
		return found, false, "", err
	}
	e.objects.Forget(strings.Join(e.namespaces(revision), " "))
	healthy, text = e.health(revision)
	return found, healthy, text, nil
}

// Unseen is an environment that nobody looks at.
func (e *Environment) Unseen() converge.Environment {
	return converge.Environment{
		Name:        e.Name,
		Status:      converge.Unknown,
		Prereleases: e.Prereleases,
		Snapshots:   e.Snapshots,
	}
}

// runs says what the environment runs, by its release's last revision. An uninstalled release holds
// nothing.
func (e *Environment) runs(ctx context.Context, revision helm.Revision) (found converge.Environment, err error) {
	found = converge.Environment{Name: e.Name, Prereleases: e.Prereleases, Snapshots: e.Snapshots}
	if revision.Number > 0 && revision.Status != "uninstalled" {
		images := revision.Images(e.Slots)
		found.Version, found.Digest = versionOf(images), converge.Together(images.Digests())
		found.Status, found.ValuesOf = revision.Status, revision.ValuesOf()
	}
	if revision.Rollback() && !e.ByName {
		found.RolledBack, err = e.rolledBackFrom(ctx, revision)
	}
	return found, err
}

// rolledBackFrom returns the version that ran well before somebody rolled the release back, empty
// if nobody did.
func (e *Environment) rolledBackFrom(ctx context.Context, last helm.Revision) (string, error) {
	history, err := e.history(ctx)
	if err != nil {
		return "", err
	}
	if n := len(history); n > 0 && last.Recovery() && history[n-1].Revision == last.Number {
		history[n-1] = history[n-1].AsRecovery()
	}
	from := helm.RolledBackFrom(history)
	if from == 0 {
		return "", nil
	}
	images, err := e.imagesOf(ctx, from)
	return versionOf(images), err
}

// versionOf is the version of images that run; their tag as it stands, if Ship would not have made it.
func versionOf(images helm.Images) string {
	if version, is := naming.VersionOf(images.Tag()); is {
		return version
	}
	return images.Tag()
}

// seen is the release's last revision, as it was when the first project looked at the namespace.
func (e *Environment) seen() (helm.Revision, error) {
	last, err := e.revisions.Get(e.Namespace, func() (map[string]helm.Revision, error) {
		names := slices.Clone(e.expected[e.Namespace])
		if !slices.Contains(names, e.Release) {
			names = append(names, e.Release)
		}
		return e.lastRevisions(e.Context, names...)
	})
	if err != nil {
		return helm.Revision{}, fmt.Errorf("environment %s: %w", e.Name, err)
	}
	return last[e.Release], nil
}

// last is the release's last revision, as it is now; its number is 0 if there is none.
func (e *Environment) last(ctx context.Context) (helm.Revision, error) {
	last, err := e.lastRevisions(ctx, e.Release)
	return last[e.Release], err
}

func (e *Environment) lastRevisions(ctx context.Context, names ...string) (map[string]helm.Revision, error) {
	answer, err := e.askForRevisions(ctx, helm.RevisionsArgs(e.Namespace, names...))
	if err != nil {
		return nil, err
	}
	return helm.ParseRevisions(answer)
}

// Revisions are all that Helm keeps of the release, in any order.
func (e *Environment) Revisions(ctx context.Context) ([]helm.Revision, error) {
	answer, err := e.askForRevisions(ctx, helm.HistoryRevisionsArgs(e.Namespace, e.Release))
	if err != nil {
		return nil, err
	}
	all, err := helm.ParseHistoryRevisions(answer)
	return all[e.Release], err
}

func (e *Environment) askForRevisions(ctx context.Context, args []string) (string, error) {
	answer, err := e.Tools.Ask(ctx, e.Tools.Cluster(), args)
	if err == nil && answer.Code != 0 {
		err = errors.New("look at Helm's revisions: " + answer.Failure())
	}
	return answer.Stdout, err
}

// history asks for the revisions of the release that Helm remembers, none if there is no such
// release.
func (e *Environment) history(ctx context.Context) ([]helm.Entry, error) {
	var answer, labels tools.Answer
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		answer, err = e.Tools.Ask(gctx, e.Tools.Cluster(), e.helm().HistoryArgs())
		return
	})
	group.Go(func() (err error) {
		labels, err = e.Tools.Ask(gctx, e.Tools.Cluster(), helm.RolloutsArgs(e.Namespace, e.Release))
		return
	})
	err := group.Wait()
	switch {
	case err != nil:
		return nil, err
	case answer.Code != 0 && helm.Missing(answer.Stderr):
		return nil, nil
	case answer.Code != 0:
		return nil, errors.New("helm history: " + answer.Failure())
	case labels.Code != 0:
		return nil, errors.New("look at Helm's revisions: " + labels.Failure())
	}
	history, err := helm.ParseHistory(answer.Stdout)
	return helm.RolledOut(history, labels.Stdout), err
}

// imagesOf asks what images a revision of the release runs.
func (e *Environment) imagesOf(ctx context.Context, revision int) (helm.Images, error) {
	answer, err := e.Tools.Ask(ctx, e.Tools.Cluster(), e.helm().ValuesArgs(revision))
	switch {
	case err != nil:
		return nil, err
	case answer.Code != 0:
		return nil, errors.New("helm get values: " + answer.Failure())
	}
	return helm.ParseValues(answer.Stdout, e.Slots)
}

// helm names the release for Helm, without chart, values and version.
func (e *Environment) helm() helm.Release {
	release := helm.Release{Name: e.Release, Namespace: e.Namespace, Timeout: e.Timeout}
	if e.Preview {
		release.Preview = e.Name
	}
	return release
}

// versioned is helm with the version of the Helm that is to act.
func (e *Environment) versioned() (release helm.Release, err error) {
	release = e.helm()
	release.Helm, err = e.Tools.Helm()
	return release, err
}

// clock tells the time as the cluster has it, by which all releases measure how long an operation
// lasts: the clocks of the machines that they run on may differ by minutes.
type clock struct {
	asked time.Time // when it was asked, by the clock here, which is only used to measure what passed since then
	told  time.Time
}

func (c clock) now() time.Time { return c.told.Add(time.Since(c.asked)) }
