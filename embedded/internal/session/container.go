package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Container is the files of a root, and how a process runs in them.
type Container struct {
	state       llb.State
	platform    ocispecs.Platform
	config      dockerspec.DockerOCIImageConfig
	mounts      []mount
	secrets     []containerSecret
	output      *llb.State // what the last exec printed; nil: there was none
	imageRef    string     // empty where it is not an image as it was pulled
	annotations map[string]string
	ports       []*Port
	base        []byte     // config of the image that a Dockerfile builds on, whose layers keep their times
	created     *time.Time // the image's; nil: as BuildKit says

	// history is a Dockerfile's, of its steps: BuildKit's own says of layers where they were taken from, which differs
	// from machine to machine.
	history []ocispecs.History

	cache *layerCache // nil: its layers are kept nowhere but here

	reproducible bool // no file that a Dockerfile's steps made is younger than created
}

// clone makes a copy to change. It is no image as it was pulled any more.
func (c *Container) clone() *Container {
	with := *c
	with.config.Env = slices.Clone(c.config.Env)
	with.config.Labels = maps.Clone(c.config.Labels)
	with.config.ExposedPorts = maps.Clone(c.config.ExposedPorts)
	with.mounts = slices.Clone(c.mounts)
	with.secrets = slices.Clone(c.secrets)
	with.annotations = maps.Clone(c.annotations)
	with.ports = slices.Clone(c.ports)
	with.imageRef = ""
	return &with
}

// absolute resolves a path against the working directory.
func (c *Container) absolute(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join("/", c.config.WorkingDir, name)
}

// expand replaces ${NAME} and $NAME with the container's variables, where that is asked for.
func (c *Container) expand(text string, wanted bool) (string, error) {
	if !wanted {
		return text, nil
	}
	var err error
	text = os.Expand(text, func(name string) string {
		if slices.ContainsFunc(c.secrets, func(s containerSecret) bool { return s.env == name }) {
			err = fmt.Errorf("expand cannot be used with secret env variable %q", name)
		}
		value, _ := lookupEnv(c.config.Env, name)
		return value
	})
	return text, err
}

// target is an expanded, absolute path.
func (c *Container) target(name string, expand bool) (string, error) {
	name, err := c.expand(name, expand)
	return c.absolute(name), err
}

func lookupEnv(env []string, name string) (string, bool) {
	for _, variable := range env {
		if key, value, _ := strings.Cut(variable, "="); key == name {
			return value, true
		}
	}
	return "", false
}

func setEnv(env []string, name, value string) []string {
	for i, variable := range env {
		if key, _, _ := strings.Cut(variable, "="); key == name {
			env[i] = name + "=" + value
			return env
		}
	}
	return append(env, name+"="+value)
}

func parsePlatform(s *Session, text *string) (ocispecs.Platform, error) {
	if text == nil || *text == "" {
		return s.platform, nil
	}
	platform, err := platforms.Parse(*text)
	if err != nil {
		return platform, fmt.Errorf("platform %q: %w", *text, err)
	}
	return platforms.Normalize(platform), nil
}

func init() {
	field("Query.container", func(_ context.Context, s *Session, _ any,
		args struct{ Platform *string }) (*Container, error) {
		platform, err := parsePlatform(s, args.Platform)
		return &Container{state: llb.Scratch(), platform: platform}, err
	})
	field("Query.defaultPlatform", func(_ context.Context, s *Session, _ any, _ none) (string, error) {
		return platforms.Format(s.platform), nil
	})
	field("Container.from", func(ctx context.Context, s *Session, c *Container,
		args struct{ Address string }) (*Container, error) {
		return c.from(ctx, s, args.Address)
	})
	field("Container.imageRef", func(_ context.Context, _ *Session, c *Container, _ none) (string, error) {
		if c.imageRef == "" {
			//nolint:staticcheck // these are the engine's words
			return "", errors.New("Image reference can only be retrieved immediately after the 'Container.From' " +
				"call. Error in fetching imageRef as the container image is changed")
		}
		return c.imageRef, nil
	})
	field("Container.platform", func(_ context.Context, _ *Session, c *Container, _ none) (string, error) {
		return platforms.Format(c.platform), nil
	})
	field("Container.withRegistryAuth", func(ctx context.Context, s *Session, c *Container,
		args struct{ Address, Username, Secret string }) (*Container, error) {
		secret, err := get[*Secret](ctx, s, args.Secret)
		if err != nil {
			return nil, err
		}
		password, err := secret.plaintext()
		if err != nil {
			return nil, err
		}
		s.auth.set(args.Address, args.Username, string(password))
		return c, nil
	})
	field("Container.withoutRegistryAuth", func(_ context.Context, s *Session, c *Container,
		args struct{ Address string }) (*Container, error) {
		s.auth.remove(args.Address)
		return c, nil
	})
}

// from takes an image's files and config. A tag is looked up once in a session.
func (c *Container) from(ctx context.Context, s *Session, address string) (*Container, error) {
	ref, err := reference.ParseNormalizedNamed(address)
	if err != nil {
		return nil, fmt.Errorf("failed to parse image address %s: %w", address, err)
	}
	ref = reference.TagNameOnly(ref)
	var image dockerspec.DockerOCIImage
	_, err = s.build(ctx, nil, func(ctx context.Context, client gateway.Client) (*gateway.Result, error) {
		_, digest, config, err := client.ResolveImageConfig(ctx, ref.String(), sourceresolver.Opt{
			LogName: "look up " + ref.String(),
			ImageOpt: &sourceresolver.ResolveImageOpt{Platform: &c.platform,
				ResolveMode: llb.ResolveModeDefault.String()},
		})
		if err != nil {
			return nil, err
		}
		if _, pinned := ref.(reference.Canonical); !pinned {
			if ref, err = reference.WithDigest(ref, digest); err != nil {
				return nil, err
			}
		}
		return gateway.NewResult(), json.Unmarshal(config, &image)
	})
	if err != nil {
		return nil, fmt.Errorf("failed to resolve image %q (platform: %q): %w", ref.String(),
			platforms.Format(c.platform), err)
	}
	with := c.clone()
	with.imageRef = ref.String()
	with.platform = platforms.Normalize(image.Platform)
	if with.platform.OS == "" {
		with.platform = c.platform
	}
	with.config = mergeConfig(c.config, image.Config)
	with.history = nil
	with.state = llb.Image(ref.String(), llb.Platform(with.platform), llb.WithCustomName("pull "+ref.String()))
	return with, nil
}

// mergeConfig is an image's config, with the variables, labels and ports that the container had before it.
func mergeConfig(before, image dockerspec.DockerOCIImageConfig) dockerspec.DockerOCIImageConfig {
	merged := image
	merged.Env = slices.Clone(before.Env)
	for _, variable := range image.Env {
		name, value, _ := strings.Cut(variable, "=")
		merged.Env = setEnv(merged.Env, name, value)
	}
	merged.Labels = merge(before.Labels, image.Labels)
	merged.ExposedPorts = merge(before.ExposedPorts, image.ExposedPorts)
	merged.OnBuild = slices.Concat(before.OnBuild, image.OnBuild)
	if image.Shell == nil {
		merged.Shell = before.Shell
	}
	return merged
}

func merge[V any](a, b map[string]V) map[string]V {
	if len(a) == 0 {
		return maps.Clone(b)
	}
	merged := maps.Clone(a)
	maps.Copy(merged, b)
	return merged
}
