package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

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
	}) (string, error) {
		return c.publish(ctx, s, args.Address, args.MediaTypes, args.ForcedCompression)
	})
}

// publish pushes the container as an image, without its mounts, and returns the address with the image's digest.
func (c *Container) publish(ctx context.Context, s *Session, address, mediaTypes, compression string) (string, error) {
	ref, err := reference.ParseNormalizedNamed(address)
	if err != nil {
		return "", fmt.Errorf("failed to parse image address %s: %w", address, err)
	}
	if c.state.Output() == nil {
		return "", errors.New("no containers to export")
	}
	attrs := map[string]string{
		"name":           reference.TagNameOnly(ref).String(),
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
	}
	config, err := json.Marshal(dockerspec.DockerOCIImage{
		Image: ocispecs.Image{Created: c.created, Platform: ocispecs.Platform{
			Architecture: c.platform.Architecture, OS: c.platform.OS, OSVersion: c.platform.OSVersion,
			OSFeatures: c.platform.OSFeatures, Variant: c.platform.Variant,
		}},
		Config: c.config,
	})
	if err != nil {
		return "", fmt.Errorf("write the image's config: %w", err)
	}
	exports := []bk.ExportEntry{{Type: bk.ExporterImage, Attrs: attrs}}
	response, err := s.build(ctx, exports, func(ctx context.Context, client gateway.Client) (*gateway.Result, error) {
		result, err := solve(ctx, client, c.state, c.platform)
		if err != nil {
			return nil, err
		}
		result.AddMeta(exptypes.ExporterImageConfigKey, config)
		if c.base != nil {
			result.AddMeta(exptypes.ExporterImageBaseConfigKey, c.base)
		}
		return result, nil
	})
	if err != nil {
		return "", err
	}
	return ref.String() + "@" + response.ExporterResponse[exptypes.ExporterImageDigestKey], nil
}
