// Package session answers the part of Dagger's GraphQL API that Ship uses, with BuildKit.
//
// What comes in are queries (request), what goes out are answers, both as Dagger's SDKs write and read them. A
// Container is BuildKit's definition of its files (llb.State) and an image config; nothing is built before a query
// asks for something that needs it. An object's ID is the query that makes it. Fields are found by their type and
// name in the file of their type; schema.graphqls lists them all.
package session

import (
	"context"
	"crypto/rand"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/containerd/platforms"
	"github.com/docker/cli/cli/config/types"
	bk "github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/worker/label"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Version is the engine version whose API this is.
const Version = "v0.21.8"

// Name is what the session says that its engine is called, by which clients tell it from Dagger's own.
const Name = "ship-embedded"

// Engine is what does the work of a session.
type Engine struct{}

// Options say how a session is made.
type Options struct {
	BuildKit string    // address of buildkitd, as unix:///run/buildkit/buildkitd.sock
	Workdir  string    // folder that relative paths of the host start from
	Cache    string    // folder that keeps what sessions share
	Log      io.Writer // what people read; never holds secrets

	// HostBuilds puts the commands of Dockerfiles into the machine's own network too, for servers on its loopback.
	HostBuilds bool
}

// Session is one client's, with its objects, secrets and registry credentials.
type Session struct {
	client      *bk.Client
	workdir     string
	log         io.Writer
	salt        []byte
	platform    ocispecs.Platform
	hostNetwork bool // commands may be in the machine's own network
	hostBuilds  bool // those of Dockerfiles are
	files       *hostFiles
	temp        string // folder that is removed when the session ends
	auth        *credentials
	objects     sync.Map // object by its call's digest
	plaintexts  sync.Map // of setSecret, by name
	registered  sync.Map // *Secret by the name that BuildKit asks for
	queries     sync.Map // of addresses that are downloaded, with what is shown instead of each

	warnOfBuilds func() // says once what a build may reach; nil where there is nothing to say

	ctx        context.Context //nolint:containedctx // ends with the session
	caches     sync.Map        // *layerCache by the output of the states that may be in one
	unreadable sync.Map        // the caches that cannot be read, by their places
	hosts      sync.Map        // how folders of this machine are looked at, by their state's output
}

// New connects to BuildKit. The session lasts until ctx ends; Wait then waits for what is left.
func New(ctx context.Context, o Options) (*Session, error) {
	s := &Session{ctx: ctx, workdir: o.Workdir, log: o.Log, auth: &credentials{hosts: map[string]types.AuthConfig{}}}
	var err error
	if err := static(); err != nil {
		return nil, err
	}
	if s.salt, err = salt(filepath.Join(o.Cache, "salt")); err != nil {
		return nil, fmt.Errorf("read the salt of secrets' cache keys: %w", err)
	}
	if s.client, err = bk.New(ctx, o.BuildKit); err != nil {
		return nil, fmt.Errorf("connect to BuildKit at %s: %w", o.BuildKit, err)
	}
	workers, err := s.client.ListWorkers(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask BuildKit at %s for its workers: %w", o.BuildKit, err)
	}
	if len(workers) == 0 || len(workers[0].Platforms) == 0 {
		return nil, fmt.Errorf("BuildKit at %s has no worker", o.BuildKit)
	}
	s.platform = platforms.Normalize(workers[0].Platforms[0])
	if err := s.tryHostNetwork(ctx); err != nil {
		return nil, err
	}
	s.hostBuilds = o.HostBuilds && s.hostNetwork
	if !s.hostBuilds && workers[0].Labels[label.Network] == "host" {
		s.warnOfBuilds = sync.OnceFunc(func() {
			fmt.Fprintln(s.log, "BuildKit gives a Dockerfile's commands no network of their own here: they see what "+
				"listens on this machine's loopback")
		})
	}
	if s.temp, err = os.MkdirTemp(o.Cache, "session-"); err != nil {
		return nil, fmt.Errorf("make a folder for the session: %w", err)
	}
	return s, s.serveFiles(ctx)
}

// Wait returns when everything that the session started has ended.
func (s *Session) Wait() {
	<-s.files.ended
	s.client.Close()
	os.RemoveAll(s.temp)
}

// tryHostNetwork finds out whether commands may use the host's network, so that they reach servers on its loopback.
func (s *Session) tryHostNetwork(ctx context.Context) error {
	s.hostNetwork = true
	_, err := s.build(ctx, nil, func(context.Context, gateway.Client) (*gateway.Result, error) {
		return gateway.NewResult(), nil
	})
	if err != nil && strings.Contains(err.Error(), "network.host") {
		fmt.Fprintln(s.log, "BuildKit does not allow the entitlement network.host: commands cannot reach servers on "+
			"this machine's loopback")
		s.hostNetwork, err = false, nil
	}
	if err != nil {
		return fmt.Errorf("try BuildKit: %w", err)
	}
	return nil
}

// program is this very program, for containers to run as their first process. It must be static.
func (s *Session) program() (place, error) {
	self, err := os.Executable()
	if err != nil {
		return place{}, fmt.Errorf("find this program: %w", err)
	}
	dir, err := s.hostDirectory(filepath.Dir(self), []string{escape(filepath.Base(self))}, nil, false)
	if err != nil {
		return place{}, err
	}
	return dir.at(filepath.Base(self)), nil
}

// static fails where this program would not run in containers, which hold no libraries for it.
func static() error {
	program, err := elf.Open("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("read this program: %w", err)
	}
	defer program.Close()
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP {
			return errors.New("this program is not static, so it cannot run in containers: build it with CGO_ENABLED=0")
		}
	}
	return nil
}

// salt reads 32 random bytes, which are made once on a machine.
func salt(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err == nil && len(data) == 32 {
		return data, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	data = make([]byte, 32)
	rand.Read(data)
	made, err := os.CreateTemp(filepath.Dir(file), "salt-*") // readable by this user only
	if err != nil {
		return nil, err
	}
	defer os.Remove(made.Name())
	_, err = made.Write(data)
	if err = errors.Join(err, made.Close()); err != nil {
		return nil, err
	}
	// of two sessions that start at once, one makes it
	if err := os.Link(made.Name(), file); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return os.ReadFile(file)
}

func init() {
	field("Query.version", func(context.Context, *Session, any, none) (string, error) { return Version, nil })
	field("Query.engine", func(context.Context, *Session, any, none) (*Engine, error) { return &Engine{}, nil })
	field("Engine.name", func(context.Context, *Session, *Engine, none) (string, error) { return Name, nil })
}
