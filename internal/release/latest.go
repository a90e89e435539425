package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/network"
	"dagger/ship/internal/registry"
)

// latestTag is the image's tag that follows the highest final version.
const latestTag = "latest"

const (
	latestMoves = 5  // how often one release moves latest at most, while others do too
	newerLooks  = 10 // how many of the newer versions are looked for in the registry
)

func (r *Release) latestSteps(plan converge.Plan) (steps flow.Group) {
	for i, image := range plan.Images {
		steps = append(steps, step(
			r.imageStep("latest", i),
			"the registry to move latest",
			image.Latest,
			func(ctx context.Context) (string, error) { return r.latest(ctx, i) },
		))
	}
	return steps
}

// latest moves the tag latest to the version's image, and looks again after each move whether that
// was right.
//
// A registry has no write on a condition, so a write that is late may come after that of a higher
// version. Therefore whoever has moved latest reads the versions and latest again once its write
// has returned, and moves it on to the highest version that is tagged and published. This ends
// well: take the last write of all that reaches the registry. If its writer saw the highest version
// when it looked after that, it has written that version or would have written once more. If it did
// not see it, that version was published later, and its own release writes latest after that: then
// this was not the last write.
//
// What is left is a run that dies before it looks again, or a write that takes effect after its
// sender gave it up. Then latest stays too low until a release of the highest version is called
// once more, and it need not have anything else to do: it sees that latest is not its own digest. A
// release of a lower version leaves latest alone.
func (r *Release) latest(ctx context.Context, i int) (string, error) {
	facts, err := r.withVersions(ctx)
	if err != nil {
		return "", err
	}
	if now := converge.Latest(facts, facts.Images[i]); !now.Needed {
		return now.Why + " by now", nil
	}
	image, version := &r.read.Images[i], r.facts.Name
	tag, newest, digest, there := image.Address+":"+latestTag, version, facts.Images[i].Digest, ""
	for moved := 1; moved <= latestMoves; moved++ {
		switch err := image.Move(ctx, digest, latestTag); {
		case errors.Is(err, registry.ErrFixed): // nothing that is deployed depends on it
			return "not moved: " + err.Error(), nil
		case err != nil:
			return "", err
		}
		if newest, digest, err = r.newest(ctx, facts, i); err == nil {
			there, err = image.Digest(ctx, latestTag)
		}
		switch {
		case unlessMissing(err) != nil:
			return "", flow.FailAtEnd(fmt.Errorf("%s was moved, but whether it is right is not known: %w", tag, err))
		case there != digest:
			r.say(fmt.Sprintf("%s is not %s, but %s: moving it once more", tag, newest, there))
			// some registries take a while to say what they have
			if err := network.Sleep(ctx, time.Duration(moved)*time.Second); err != nil {
				return "", err
			}
		case newest != version:
			return fmt.Sprintf("%s is %s, which came out meanwhile (moved %d times)", tag, newest, moved), nil
		case moved > 1:
			return fmt.Sprintf("%s is %s (moved %d times, since something else had moved it)", tag, newest, moved), nil
		default:
			return tag + " is " + newest, nil
		}
	}
	return "", flow.FailAtEnd(
		fmt.Errorf("%s is %s, and not %s, after it was moved %d times: something else moves it too. "+
			"Retry when that is done", tag, there, newest, latestMoves),
	)
}

// newest is the highest final version that is tagged and has its image in the registry, and that
// image's digest. A version whose image is not there yet does not count: its release moves latest
// when it has published.
func (r *Release) newest(ctx context.Context, facts converge.Facts, i int) (text, digest string, err error) {
	versions, tags, err := r.versions(ctx)
	if err != nil {
		return "", "", err
	}
	facts.Others = versions
	newer := facts.Newer()
	for _, v := range newer[:min(len(newer), newerLooks)] {
		tag, err := naming.ImageTag(v.Text)
		if err != nil {
			continue
		}
		switch image, err := r.read.Images[i].Look(ctx, tag); {
		case unlessMissing(err) != nil:
			return "", "", err
		case err == nil && image.Revision == tags[v.Text].Commit:
			return v.Text, image.Digest, nil
		}
	}
	return r.facts.Name, facts.Images[i].Digest, nil
}
