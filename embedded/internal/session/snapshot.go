package session

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"sync"

	continuity "github.com/containerd/continuity/fs"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// snapshot is a folder of this machine as it was when it was first looked at, with the files that count. It is read
// where it lies: to have BuildKit copy it takes ten times as long, and most folders are only looked at. A file that is
// changed between the first look and when it is read is an error, so that what is read belongs together.
type snapshot struct {
	root  string // without links
	files fsutil.FS
	stats map[string]*fstypes.Stat   // by path from /
	below map[string][]*fstypes.Stat // what is in a folder, each with its mere name as path

	mu       sync.Mutex
	contents map[string][]byte // of what was read, by path from /
}

var _ reader = (*snapshot)(nil)

func newSnapshot(ctx context.Context, root string, files fsutil.FS) (*snapshot, error) {
	s := &snapshot{
		root: root, files: files, below: map[string][]*fstypes.Stat{}, contents: map[string][]byte{},
		stats: map[string]*fstypes.Stat{"/": {Path: "/", Mode: uint32(fs.ModeDir | 0o755)}},
	}
	err := files.Walk(ctx, "/", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*fstypes.Stat)
		name = path.Join("/", filepath.ToSlash(name))
		stat.Path = path.Base(name)
		s.stats[name] = stat
		s.below[path.Dir(name)] = append(s.below[path.Dir(name)], stat)
		return nil
	})
	return s, err
}

// resolve follows links, none of which leads outside.
func (s *snapshot) resolve(name string) (string, *fstypes.Stat, error) {
	real, err := continuity.RootPath(s.root, name)
	if err != nil {
		return "", nil, err
	}
	below, err := filepath.Rel(s.root, real)
	if err != nil {
		return "", nil, err
	}
	name = path.Join("/", filepath.ToSlash(below))
	stat := s.stats[name]
	if stat == nil {
		return "", nil, fs.ErrNotExist
	}
	return name, stat, nil
}

func (s *snapshot) StatFile(_ context.Context, req gateway.StatRequest) (*fstypes.Stat, error) {
	_, stat, err := s.resolve(req.Path)
	return stat, err
}

func (s *snapshot) ReadDir(_ context.Context, req gateway.ReadDirRequest) ([]*fstypes.Stat, error) {
	name, stat, err := s.resolve(req.Path)
	if err == nil && !fs.FileMode(stat.Mode).IsDir() {
		err = fmt.Errorf("%s: not a directory", req.Path)
	}
	return s.below[name], err
}

func (s *snapshot) ReadFile(_ context.Context, req gateway.ReadRequest) ([]byte, error) {
	name, stat, err := s.resolve(req.Filename)
	if err != nil {
		return nil, err
	}
	data, err := s.read(name, stat)
	if part := req.Range; err == nil && part != nil {
		from := min(part.Offset, len(data))
		data = data[from:min(from+part.Length, len(data))]
	}
	return data, err
}

func (s *snapshot) read(name string, stat *fstypes.Stat) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if data, is := s.contents[name]; is {
		return data, nil
	}
	file, err := s.files.Open(name[1:])
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	now, err := fsutil.Stat(filepath.Join(s.root, name))
	if err != nil {
		return nil, err
	}
	if now.ModTime != stat.ModTime || now.Size != stat.Size {
		return nil, fmt.Errorf("%s changed after the session had looked at its folder: call again", name)
	}
	s.contents[name] = data
	return data, nil
}
