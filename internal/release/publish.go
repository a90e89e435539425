package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/network"
	"dagger/ship/internal/registry"
)

func (r *Release) publishStep(plan converge.Plan) flow.Step {
	return step(
		r.call("publish"),
		"the push of "+r.facts.Image,
		plan.Publish,
		func(ctx context.Context) (string, error) { return r.publish(ctx, plan.Commit) },
	)
}

// Publish builds and pushes the version's image if the registry does not have it, and returns its
// reference.
func (r *Release) Publish(ctx context.Context) (string, error) {
	r.Environments = nil // they are somebody else's affair, and may need a kubeconfig that is not given
	if err := r.readAndLook(ctx); err != nil {
		return "", err
	}
	s := r.released()
	plan := s.plan.ForPublish()
	err := r.run.Perform(
		ctx,
		flow.Group{s.checkStep(plan), s.buildStep(plan)},
		flow.Group{s.publishStep(plan)},
		flow.Group{s.latestStep(plan)},
	)
	return s.reference(), err
}

// digest is the image's in the registry, empty if there is none.
func (r *Release) digest() string { return cmp.Or(r.made.digest, r.facts.Digest) }

// reference names the image by tag and digest; it is empty if there is none.
func (r *Release) reference() string {
	if r.digest() == "" {
		return ""
	}
	return r.image(r.digest()).String()
}

// publish looks once more before it pushes: another release of the same commit may have been
// faster.
func (r *Release) publish(ctx context.Context, commit string) (string, error) {
	images := &r.read.Images
	switch there, err := r.awaitRival(ctx); {
	case err == nil && there.Revision != commit:
		return "", fmt.Errorf("%s was just published by something else, from commit %q", r.facts.Image, there.Revision)
	case err == nil:
		r.made.digest = there.Digest
		return r.reference() + ", pushed by another release of the same commit", nil
	case unlessMissing(err) != nil:
		return "", err
	}
	container := r.made.container
	if login, is := r.login(images.Address); is {
		login.Place.Host = registry.Host(images.Address) // as the push writes it
		container = r.with(container, login)
	}
	err := r.tools().Try(ctx, "push "+r.facts.Image, func(ctx context.Context) error {
		_, err := container.Publish(ctx, r.facts.Image, dagger.ContainerPublishOpts{RegistryService: r.service()})
		return err
	})
	if err != nil {
		return "", err
	}
	// what stands there counts, should another release of the commit have pushed in the same moment
	there, err := images.Look(ctx, r.read.ImageTag)
	if err != nil {
		return "", err
	}
	r.made.digest = there.Digest
	return r.reference(), nil
}

// awaitRival looks for the version's image, and if another release of the same commit has pushed
// the tag, waits for it to push the image too: it has built it already, and if builds differ from
// run to run, a version is to have one digest.
func (r *Release) awaitRival(ctx context.Context) (registry.Image, error) {
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
		image, err := r.read.Images.Look(ctx, r.read.ImageTag)
		if !errors.Is(err, registry.ErrNotFound) || !time.Now().Before(until) {
			return image, err
		}
		if err := network.Sleep(ctx, time.Second); err != nil {
			return image, err
		}
	}
}
