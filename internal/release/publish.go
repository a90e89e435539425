package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/network"
	"dagger/ship/internal/registry"
)

func (r *Release) publishSteps(plan converge.Plan) (steps flow.Group) {
	for i, image := range plan.Images {
		steps = append(steps, step(
			r.imageStep("publish", i),
			"the push of "+r.facts.Images[i].Address,
			image.Publish,
			func(ctx context.Context) (string, error) { return r.publish(ctx, plan.Commit, i) },
		))
	}
	return steps
}

// Publish builds and pushes the version's images if the registry does not have them, and returns their
// references, a line each.
func (r *Release) Publish(ctx context.Context) (string, error) {
	r.Environments = nil // they are somebody else's affair, and may need a kubeconfig that is not given
	if err := r.readAndLook(ctx); err != nil {
		return "", err
	}
	s := r.released()
	plan := s.plan.ForPublish()
	err := r.run.Perform(
		ctx,
		append(flow.Group{s.checkStep(plan)}, s.buildSteps(plan)...),
		s.publishSteps(plan),
		s.besideImages(plan),
	)
	return s.references(), err
}

// besideImages is what follows the push of the images, and needs nothing but them.
func (r *Release) besideImages(plan converge.Plan) flow.Group {
	return slices.Concat(r.latestSteps(plan), r.chartSteps(plan), r.cacheSteps(plan))
}

// publish looks once more before it pushes: another release of the same commit may have been
// faster.
func (r *Release) publish(ctx context.Context, commit string, i int) (string, error) {
	image, made, to := &r.read.Images[i], &r.made.images[i], r.facts.Images[i].Address
	switch there, err := r.awaitRival(ctx, i); {
	case err == nil && there.Revision != commit:
		return "", fmt.Errorf("%s was just published by something else, from commit %q", to, there.Revision)
	case err == nil:
		made.digest = there.Digest
		return r.images()[i].String() + ", pushed by another release of the same commit", nil
	case unlessMissing(err) != nil:
		return "", err
	}
	container, options := r.toPush(i)
	err := r.tools().Try(ctx, "push "+to, func(ctx context.Context) error {
		_, err := container.Publish(ctx, to, options)
		return err
	})
	if err != nil {
		return "", err
	}
	// what stands there counts, should another release of the commit have pushed in the same moment
	there, err := image.Look(ctx, r.read.ImageTag)
	if err != nil {
		return "", err
	}
	made.digest = there.Digest
	return r.images()[i].String(), nil
}

// toPush is what this call built of an image, with the registry's credentials.
func (r *Release) toPush(i int) (*dagger.Container, dagger.ContainerPublishOpts) {
	image, made := &r.read.Images[i], &r.made.images[i]
	container := made.containers[0]
	options := dagger.ContainerPublishOpts{RegistryService: r.service(image.Address)}
	if len(made.containers) > 1 {
		container, options.PlatformVariants = r.Client.Container(), made.containers
	}
	if login, is := r.login(image.Address); is {
		login.Place.Host = registry.Host(image.Address) // as the push writes it
		container = r.with(container, login)
	}
	return container, options
}

// awaitRival looks for the version's image, and if another release of the same commit has pushed
// the tag, waits for it to push the image too: it has built it already, and if builds differ from
// run to run, a version is to have one digest.
func (r *Release) awaitRival(ctx context.Context, i int) (registry.Image, error) {
	until := time.Now()
	if r.made.rival {
		until = until.Add(r.Timeout)
		r.say(
			fmt.Sprintf(
				"waiting for the release that pushed %s to push its image, for %s at most",
				r.facts.Tag,
				r.Timeout,
			),
		)
	}
	for {
		image, err := r.read.Images[i].Look(ctx, r.read.ImageTag)
		if !errors.Is(err, registry.ErrNotFound) || !time.Now().Before(until) {
			return image, err
		}
		if err := network.Sleep(ctx, time.Second); err != nil {
			return image, err
		}
	}
}
