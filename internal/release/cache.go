package release

import (
	"context"
	"fmt"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/tools"
)

const (
	cacheTag = "buildcache" // of an image's repository, that keeps the layers of its builds
	// cacheArg tells a session on BuildKit where the layers are kept. An engine would take it for an
	// argument of the Dockerfile's, so it gets none.
	cacheArg = "BUILDKIT_REGISTRY_CACHE"
	// onBuildKit is what such a session says that its engine is called.
	onBuildKit = "ship-embedded"
)

// cacheOf is where the layers of an image's build are kept, empty if they are not.
func (r *Release) cacheOf(i int) string {
	if !r.read.Images[i].Cache || r.Container != nil || !r.keepsLayers() {
		return ""
	}
	return r.read.Images[i].Address + ":" + cacheTag
}

// keeper tells whether what Ship runs in can keep layers in a registry: a Dagger engine of 0.21 has
// no call for it.
func keeper(ctx context.Context, client *dagger.Client) bool {
	name, err := client.Engine().Name(ctx)
	return err == nil && name == onBuildKit
}

// remarkCache says once in a call that layers cannot be kept, if that was asked for.
func (r *Release) remarkCache(i int) (remark string) {
	if r.read.Images[i].Cache && r.Container == nil && !r.keepsLayers() {
		r.noCache.Do(func() { remark = "; without a layer cache: a Dagger engine of 0.21 keeps none in a registry" })
	}
	return remark
}

// cacheSteps keep the layers of what was built, for runners that have built nothing yet. They come
// after the push of the image, for which the rights have been checked.
func (r *Release) cacheSteps(plan converge.Plan) (steps flow.Group) {
	for i, image := range plan.Images {
		to := r.cacheOf(i)
		if to == "" {
			continue
		}
		needed := converge.Step{Needed: image.Build.Needed, Why: to + " keeps the layers of the build"}
		if !needed.Needed {
			needed.Why = "nothing is built"
		}
		steps = append(steps, step(r.imageStep("cache", i), "the push of "+to, needed,
			func(ctx context.Context) (string, error) { return r.keepLayers(ctx, i, to), nil }))
	}
	return steps
}

// keepLayers says what came of it. A release is whole without.
func (r *Release) keepLayers(ctx context.Context, i int, to string) string {
	limited, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	container, options := r.toPush(i)
	_, err := container.Publish(limited, to, options)
	switch {
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		return fmt.Sprintf("%s was not written within %s (see --timeout), so other runners build without it", to,
			r.Timeout)
	case err != nil:
		return to + " was not written, so other runners build without it: " + tools.Explain(err)
	}
	return to + " has the layers of the build"
}
