package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	bk "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

func init() {
	field("Container.publish", func(ctx context.Context, s *Session, c *Container, args struct {
		Address, MediaTypes string
		ForcedCompression   string
		PlatformVariants    []string
	}) (string, error) {
		variants := []*Container{c}
		if len(args.PlatformVariants) > 0 && c.state.Output() == nil {
			variants = nil
		}
		for _, id := range args.PlatformVariants {
			variant, err := get[*Container](ctx, s, id)
			if err != nil {
				return "", err
			}
			variants = append(variants, variant)
		}
		return publish(ctx, s, variants, args.Address, args.MediaTypes, args.ForcedCompression)
	})
}

// publish pushes containers as an image, without their mounts, and returns the address with the image's digest. Several
// are of different platforms, and make an index.
func publish(
	ctx context.Context, s *Session, variants []*Container, address, mediaTypes, compression string,
) (string, error) {
	ref, err := reference.ParseNormalizedNamed(address)
	if err != nil {
		return "", fmt.Errorf("failed to parse image address %s: %w", address, err)
	}
	for _, c := range variants {
		if c.state.Output() == nil {
			return "", errors.New("no containers to export")
		}
	}
	named := reference.TagNameOnly(ref).String()
	if cache := variants[0].cache; cache != nil && cache.ref == named {
		return named, exportCache(ctx, s, variants)
	}
	digest := ""
	err = withCache(ctx, s, variants, func(variants []*Container) (err error) {
		digest, err = pushImage(ctx, s, variants, named, mediaTypes, compression)
		return err
	})
	if err != nil {
		return "", err
	}
	return ref.String() + "@" + digest, nil
}

// pushImage pushes containers as an image, and returns its digest.
func pushImage(
	ctx context.Context, s *Session, variants []*Container, address, mediaTypes, compression string,
) (digest string, err error) {
	c := variants[0]
	attrs := map[string]string{
		"name":           address,
		"push":           "true",
		"oci-mediatypes": fmt.Sprint(!strings.HasPrefix(strings.ToUpper(mediaTypes), "DOCKER")),
	}
	if compression != "" {
		attrs["compression"], attrs["force-compression"] = strings.ToLower(compression), "true"
	}
	if c.created != nil {
		attrs["source-date-epoch"] = fmt.Sprint(c.created.Unix())
		attrs["rewrite-timestamp"] = fmt.Sprint(c.reproducible)
	}
	for name, value := range c.annotations {
		attrs["annotation."+name] = value
		if len(variants) > 1 {
			attrs["annotation-index."+name] = value
		}
	}
	exports := []bk.ExportEntry{{Type: bk.ExporterImage, Attrs: attrs}}
	response, err := s.build(ctx, exports, func(ctx context.Context, client gateway.Client) (*gateway.Result, error) {
		return exportAll(ctx, client, variants)
	})
	if err != nil {
		return "", err
	}
	return response.ExporterResponse[exptypes.ExporterImageDigestKey], nil
}

// export is the container as BuildKit exports it. The key of each of its configs ends with the suffix.
func (c *Container) export(ctx context.Context, client gateway.Client, suffix string) (*gateway.Result, error) {
	config, err := json.Marshal(dockerspec.DockerOCIImage{
		Image: ocispecs.Image{Created: c.created, History: c.history, Platform: ocispecs.Platform{
			Architecture: c.platform.Architecture, OS: c.platform.OS, OSVersion: c.platform.OSVersion,
			OSFeatures: c.platform.OSFeatures, Variant: c.platform.Variant,
		}},
		Config: c.config,
	})
	if err != nil {
		return nil, fmt.Errorf("write the image's config: %w", err)
	}
	result, err := solve(ctx, client, c.state, c.platform, c.cache)
	if err != nil {
		return nil, err
	}
	result.AddMeta(exptypes.ExporterImageConfigKey+suffix, config)
	if c.base != nil {
		result.AddMeta(exptypes.ExporterImageBaseConfigKey+suffix, c.base)
	}
	return result, nil
}

// exportAll is one result of all containers, of which several are of different platforms.
func exportAll(ctx context.Context, client gateway.Client, variants []*Container) (*gateway.Result, error) {
	if len(variants) == 1 {
		return variants[0].export(ctx, client, "")
	}
	all := gateway.NewResult()
	var index exptypes.Platforms
	for _, c := range variants {
		id := platforms.Format(c.platform)
		result, err := c.export(ctx, client, "/"+id)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		ref, err := result.SingleRef()
		if err != nil {
			return nil, err
		}
		all.AddRef(id, ref)
		for key, value := range result.Metadata {
			all.AddMeta(key, value)
		}
		index.Platforms = append(index.Platforms, exptypes.Platform{ID: id, Platform: c.platform})
	}
	text, err := json.Marshal(index)
	if err != nil {
		return nil, fmt.Errorf("write the index of platforms: %w", err)
	}
	all.AddMeta(exptypes.ExporterPlatformsKey, text)
	return all, nil
}
