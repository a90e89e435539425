package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/buildkit/session/grpchijack"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// Host is the machine that the session runs on.
type Host struct{ session *Session }

func init() {
	field("Query.host", func(_ context.Context, s *Session, _ any, _ none) (*Host, error) { return &Host{s}, nil })
	field("Host.directory", func(_ context.Context, s *Session, _ *Host, args struct {
		Path             string
		Include, Exclude []string
		NoCache          bool
	}) (*Directory, error) {
		dir := s.absolute(args.Path)
		if info, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("host directory: %w", err)
		} else if !info.IsDir() {
			return nil, fmt.Errorf("host directory: %s is not a directory", dir)
		}
		return s.hostDirectory(dir, args.Include, args.Exclude, args.NoCache)
	})
	field("Host.file", func(_ context.Context, s *Session, _ *Host, args struct {
		Path    string
		NoCache bool
	}) (*File, error) {
		file := s.absolute(args.Path)
		if info, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("host file: %w", err)
		} else if info.IsDir() {
			return nil, fmt.Errorf("host file: %s is a directory", file)
		}
		dir, err := s.hostDirectory(filepath.Dir(file), []string{escape(filepath.Base(file))}, nil, args.NoCache)
		if err != nil {
			return nil, err
		}
		return dir.file(filepath.Base(file)), nil
	})
}

// escape makes a pattern that matches one name.
func escape(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

func (s *Session) absolute(file string) string {
	if filepath.IsAbs(file) {
		return filepath.Clean(file)
	}
	return filepath.Join(s.workdir, file)
}

// hostDirectory is a folder of this machine. It is read once in a session, when it is first needed, so that all that
// is made from it is made from the same files.
func (s *Session) hostDirectory(dir string, include, exclude []string, again bool) (*Directory, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("host directory: %w", err)
	}
	name, files, err := s.files.add(root, again)
	if err != nil {
		return nil, fmt.Errorf("host directory: %w", err)
	}
	include, exclude = local(include), local(exclude)
	state := llb.Local(name,
		llb.SessionID(s.files.session.ID()),
		llb.SharedKeyHint(dir),
		llb.IncludePatterns(include),
		llb.ExcludePatterns(exclude),
		llb.WithCustomName("read "+dir),
	)
	s.hosts.LoadOrStore(state.Output(), sync.OnceValues(func() (*snapshot, error) {
		kept, err := fsutil.NewFilterFS(files, &fsutil.FilterOpt{IncludePatterns: include, ExcludePatterns: exclude})
		if err != nil {
			return nil, err
		}
		return newSnapshot(s.ctx, root, kept)
	}))
	return &Directory{place{state, "/", s.platform}}, nil
}

// local leaves out the patterns that reach outside, and matches all where the folder itself is meant, as the engine
// does.
func local(patterns []string) []string {
	var kept []string
	for _, pattern := range patterns {
		pattern, not := strings.CutPrefix(pattern, "!")
		if !filepath.IsLocal(pattern) {
			continue
		}
		if pattern = filepath.Clean(pattern); pattern == "." {
			pattern = "*"
		}
		if not {
			pattern = "!" + pattern
		}
		kept = append(kept, pattern)
	}
	return kept
}

// hostFiles serves folders of this machine to BuildKit, for as long as the session lasts.
type hostFiles struct {
	session *session.Session
	mu      sync.Mutex
	dirs    map[string]fsutil.FS
	ended   chan struct{}
}

// serveFiles opens a session with BuildKit that lasts until ctx ends.
func (s *Session) serveFiles(ctx context.Context) error {
	own, err := session.NewSession(ctx, "")
	if err != nil {
		return fmt.Errorf("open a session with BuildKit: %w", err)
	}
	s.files = &hostFiles{session: own, dirs: map[string]fsutil.FS{}, ended: make(chan struct{})}
	own.Allow(filesync.NewFSSyncProvider(s.files, nil))
	go func() {
		defer close(s.files.ended)
		if err := own.Run(ctx, grpchijack.Dialer(s.client.ControlClient())); err != nil && ctx.Err() == nil {
			fmt.Fprintln(s.log, "the session with BuildKit ended:", err)
		}
	}()
	return nil
}

var _ filesync.DirSource = (*hostFiles)(nil)

// add offers a folder, and returns the name that BuildKit knows it by: a new one where it is to be read again. As
// everywhere in BuildKit, files belong to root there.
func (h *hostFiles) add(dir string, again bool) (name string, files fsutil.FS, err error) {
	files, err = fsutil.NewFS(dir)
	if err == nil {
		files, err = fsutil.NewFilterFS(files, &fsutil.FilterOpt{Map: func(_ string,
			stat *fstypes.Stat) fsutil.MapResult {
			stat.Uid, stat.Gid = 0, 0
			return fsutil.MapResultKeep
		}})
	}
	if err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256([]byte(dir))
	name = "host-" + hex.EncodeToString(sum[:8])
	if again {
		name += "-" + rand.Text()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dirs[name] = files
	return name, files, nil
}

// LookupDir returns an offered folder.
func (h *hostFiles) LookupDir(name string) (fsutil.FS, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	files, is := h.dirs[name]
	return files, is
}
