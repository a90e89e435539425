package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	bk "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/util/entitlements"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// readChunk is how many bytes of a file are asked for at once: one gRPC message holds 16 MiB at most.
const readChunk = 4 << 20

// build runs f, which asks BuildKit for results, and exports what f returns where exports are given. Each build has
// a BuildKit session of its own, since BuildKit remembers credentials, good or bad, for as long as one lasts.
func (s *Session) build(ctx context.Context, exports []bk.ExportEntry, f gateway.BuildFunc) (*bk.SolveResponse, error) {
	return s.buildCached(ctx, exports, nil, f)
}

// buildCached is build with the layers of the results written to caches.
func (s *Session) buildCached(ctx context.Context, exports []bk.ExportEntry, caches []bk.CacheOptionsEntry,
	f gateway.BuildFunc) (*bk.SolveResponse, error) {
	opt := bk.SolveOpt{
		Exports:      exports,
		CacheExports: caches,
		Session: []session.Attachable{
			authprovider.NewDockerAuthProvider(
				authprovider.DockerAuthProviderConfig{AuthConfigProvider: s.auth.lookup}),
			secretsprovider.NewSecretProvider(s),
		},
	}
	if s.hostNetwork {
		opt.AllowedEntitlements = []string{entitlements.EntitlementNetworkHost.String()}
	}
	status, w := make(chan *bk.SolveStatus), newWatch(s)
	done := make(chan struct{})
	go func() { defer close(done); w.follow(status) }()
	var failed error
	response, err := s.client.Build(ctx, opt, "", func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
		result, err := f(ctx, c)
		failed = err // Build's own error says less
		return result, err
	}, status)
	<-done
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil && failed != nil {
		err = failed
	}
	if err != nil {
		return nil, w.explain(err)
	}
	return response, nil
}

// solve asks for one state's result, which may be in a cache. It is nil where the state is empty.
func solve(ctx context.Context, c gateway.Client, state llb.State, platform ocispecs.Platform,
	cache *layerCache) (*gateway.Result, error) {
	def, err := state.Marshal(ctx, llb.Platform(platform))
	if err != nil {
		return nil, fmt.Errorf("write the build's definition: %w", err)
	}
	return c.Solve(ctx, gateway.SolveRequest{Definition: def.ToPB(), Evaluate: true,
		CacheImports: cache.imports()})
}

// look builds a state and hands its files to f.
func (s *Session) look(ctx context.Context, state llb.State, platform ocispecs.Platform, f func(tree) error) error {
	if first, is := s.hosts.Load(state.Output()); is {
		seen, err := first.(func() (*snapshot, error))()
		if err != nil {
			return err
		}
		return f(tree{ctx, seen})
	}
	var own error
	of := []*Container{{state: state, platform: platform, cache: s.cacheOf(state)}}
	err := withCache(ctx, s, of, func(of []*Container) error {
		_, err := s.build(ctx, nil, func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
			result, err := solve(ctx, c, state, platform, of[0].cache)
			if err != nil {
				return nil, err
			}
			ref, err := result.SingleRef()
			if err != nil {
				return nil, err
			}
			own = f(tree{ctx, ref})
			return gateway.NewResult(), nil
		})
		return err
	})
	if err != nil {
		return err
	}
	return own
}

// tree is the files of a result. Its reference is nil where there are none.
type tree struct {
	ctx context.Context //nolint:containedctx // of the solve, in which alone the reference can be read
	ref reader
}

// reader is the part of BuildKit's gateway.Reference that reads files.
type reader interface {
	ReadFile(context.Context, gateway.ReadRequest) ([]byte, error)
	ReadDir(context.Context, gateway.ReadDirRequest) ([]*fstypes.Stat, error)
	StatFile(context.Context, gateway.StatRequest) (*fstypes.Stat, error)
}

// stat describes a file, through links; the error is fs.ErrNotExist where there is none.
func (t tree) stat(file string) (*fstypes.Stat, error) {
	if t.ref == nil {
		if path.Clean(file) == "/" {
			return &fstypes.Stat{Path: "/", Mode: uint32(fs.ModeDir | 0o755)}, nil
		}
		return nil, missing(file, fs.ErrNotExist)
	}
	stat, err := t.ref.StatFile(t.ctx, gateway.StatRequest{Path: file})
	return stat, missing(file, err)
}

// lstat describes a file that may be a link itself.
func (t tree) lstat(file string) (*fstypes.Stat, error) {
	if path.Clean(file) == "/" {
		return t.stat(file)
	}
	stats, err := t.list(path.Dir(file))
	if err != nil {
		return nil, err
	}
	for _, stat := range stats {
		if stat.Path == path.Base(file) {
			return stat, nil
		}
	}
	return nil, missing(file, fs.ErrNotExist)
}

// list describes what is in a directory, sorted by name.
func (t tree) list(dir string) ([]*fstypes.Stat, error) {
	if t.ref == nil {
		_, err := t.stat(dir)
		return nil, err
	}
	stats, err := t.ref.ReadDir(t.ctx, gateway.ReadDirRequest{Path: dir})
	return stats, missing(dir, err)
}

// read returns a file's contents.
func (t tree) read(file string) ([]byte, error) {
	stat, err := t.stat(file)
	if err != nil {
		return nil, err
	}
	if fs.FileMode(stat.Mode).IsDir() {
		return nil, fmt.Errorf("read %s: is a directory", file)
	}
	var data []byte
	for {
		chunk, err := t.ref.ReadFile(t.ctx, gateway.ReadRequest{
			Filename: file, Range: &gateway.FileRange{Offset: len(data), Length: readChunk},
		})
		if err != nil {
			return nil, missing(file, err)
		}
		data = append(data, chunk...)
		if len(chunk) < readChunk {
			return data, nil
		}
	}
}

// missing tells that a file does not exist from what BuildKit says, which comes without a type and names folders
// of the daemon's.
func missing(file string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), strings.Contains(err.Error(), "no such file or directory"),
		strings.Contains(err.Error(), "not found"):
		return fmt.Errorf("%s: %w", file, notExist{})
	case strings.Contains(err.Error(), "not a directory"):
		return fmt.Errorf("%s: not a directory", file)
	}
	return err
}

// notExist is fs.ErrNotExist in the words that the engine uses.
type notExist struct{}

func (notExist) Error() string        { return "no such file or directory" }
func (notExist) Is(target error) bool { return target == fs.ErrNotExist }
