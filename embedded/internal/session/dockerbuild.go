package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"time"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/frontend/dockerui"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/moby/patternmatcher/ignorefile"
)

// epochArg is the build argument that says when the source was made. The image gets it as its time. A Dockerfile that
// names it is to be reproducible (https://docs.docker.com/build/ci/github-actions/reproducible-builds/), and its steps
// and files get it too. Any other is built as if there were none. For programs note files' times (Python in bytecode,
// a JVM in its archive of classes, make), and BuildKit gives it to each WORKDIR, so that nothing after one would come
// from the cache for another commit.
const epochArg = "SOURCE_DATE_EPOCH"

type dockerBuildArgs struct {
	Dockerfile, Target string
	Platform           *string
	BuildArgs          []struct{ Name, Value string }
	Secrets            []string
}

func init() {
	field("Directory.dockerBuild", func(ctx context.Context, s *Session, d *Directory,
		args dockerBuildArgs) (*Container, error) {
		return d.dockerBuild(ctx, s, args)
	})
}

// dockerBuild hands the folder to BuildKit's own Dockerfile frontend. That reads the Dockerfile and looks base images
// up now; the steps run when a result is asked for.
func (d *Directory) dockerBuild(ctx context.Context, s *Session, args dockerBuildArgs) (*Container, error) {
	platform, err := parsePlatform(s, args.Platform)
	if err != nil {
		return nil, err
	}
	built := &Container{platform: platform}
	options := map[string]string{"filename": args.Dockerfile, "target": args.Target,
		"platform": platforms.Format(platform)}
	for _, arg := range args.BuildArgs {
		options["build-arg:"+arg.Name] = arg.Value
	}
	if built.cache, err = newLayerCache(options); err != nil {
		return nil, err
	}
	if epoch, given := options["build-arg:"+epochArg]; given {
		if built.created, err = parseEpoch(epoch); err != nil {
			return nil, err
		}
		if built.reproducible, err = d.names(ctx, s, args.Dockerfile, epochArg); err != nil {
			return nil, err
		}
		if !built.reproducible {
			delete(options, "build-arg:"+epochArg)
		}
	}
	if s.hostBuilds {
		options["force-network-mode"] = "host"
	}
	if s.warnOfBuilds != nil {
		s.warnOfBuilds()
	}
	names := map[string]string{}
	for _, id := range args.Secrets {
		secret, err := get[*Secret](ctx, s, id)
		if err != nil {
			return nil, err
		}
		if secret.name == "" {
			return nil, errors.New("secret has no name and cannot be referenced from Dockerfile secret id")
		}
		if names[secret.name], err = secret.register(); err != nil {
			return nil, err
		}
		built.secrets = append(built.secrets, containerSecret{secret: secret, file: "/run/secrets/" + secret.name,
			mode: 0o400})
	}
	ignored, err := d.ignored(ctx, s, args.Dockerfile)
	if err != nil {
		return nil, err
	}
	files := d.root()
	sent := files
	if len(ignored) > 0 {
		sent = copyInto(llb.Scratch(), place{files, "/", d.platform}, "/",
			llb.CopyInfo{CopyDirContentsOnly: true, ExcludePatterns: ignored})
	}
	if built.cache != nil {
		if sent, err = s.flat(ctx, sent); err != nil {
			return nil, fmt.Errorf("write down the build's context: %w", err)
		}
	}
	inputs := map[string]*pb.Definition{}
	for name, state := range map[string]llb.State{dockerui.DefaultLocalNameContext: sent,
		dockerui.DefaultLocalNameDockerfile: files} {
		def, err := state.Marshal(ctx, llb.Platform(s.platform))
		if err != nil {
			return nil, fmt.Errorf("write the build context's definition: %w", err)
		}
		inputs[name] = def.ToPB()
	}
	_, err = s.build(ctx, nil, func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
		result, err := c.Solve(ctx, gateway.SolveRequest{Frontend: "dockerfile.v0", FrontendOpt: options,
			FrontendInputs: inputs})
		if err != nil {
			return nil, err
		}
		return gateway.NewResult(), built.take(result, names)
	})
	if err == nil && built.cache != nil {
		s.caches.Store(built.state.Output(), built.cache)
	}
	return built, err
}

// take reads the frontend's result.
func (c *Container) take(result *gateway.Result, secrets map[string]string) error {
	ref, err := result.SingleRef()
	if err != nil {
		return err
	}
	c.state = llb.Scratch()
	if ref != nil {
		if c.state, err = ref.ToState(); err != nil {
			return fmt.Errorf("read the Dockerfile's definition: %w", err)
		}
		if c.state, err = renameSecrets(c.state, secrets); err != nil {
			return fmt.Errorf("name the Dockerfile's secrets: %w", err)
		}
	}
	var image dockerspec.DockerOCIImage
	if err := json.Unmarshal(result.Metadata[exptypes.ExporterImageConfigKey], &image); err != nil {
		return fmt.Errorf("read the Dockerfile's image config: %w", err)
	}
	c.history = image.History
	c.config, c.base = image.Config, result.Metadata[exptypes.ExporterImageBaseConfigKey]
	if image.OS != "" {
		c.platform = platforms.Normalize(image.Platform)
	}
	return nil
}

func parseEpoch(text string) (*time.Time, error) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("invalid %s: %w", epochArg, err)
	}
	epoch := time.Unix(seconds, 0).UTC()
	return &epoch, nil
}

// names tells whether a file has a word. A file that is not there has none: the build will say so.
func (d *Directory) names(ctx context.Context, s *Session, file, word string) (is bool, err error) {
	err = s.look(ctx, d.state, d.platform, func(t tree) error {
		data, err := t.read(path.Join(d.path, file))
		is = bytes.Contains(data, []byte(word))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return err
	})
	return is, err
}

// ignored reads the patterns of the files that stay out of the build
// (https://docs.docker.com/build/concepts/context/#dockerignore-files).
func (d *Directory) ignored(ctx context.Context, s *Session, dockerfile string) (patterns []string, err error) {
	err = s.look(ctx, d.state, d.platform, func(t tree) error {
		for _, name := range []string{dockerfile + ".dockerignore", ".dockerignore"} {
			data, err := t.read(path.Join(d.path, name))
			if errors.Is(err, fs.ErrNotExist) || err == nil && len(data) == 0 {
				continue
			}
			if err == nil {
				patterns, err = ignorefile.ReadAll(bytes.NewReader(data))
			}
			return err
		}
		return nil
	})
	return patterns, err
}
