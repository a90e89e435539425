package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"

	fstypes "github.com/tonistiigi/fsutil/types"
)

// sync is a field that makes its object now, and returns its ID.
func init() {
	resolvers["Container.sync"] = func(ctx context.Context, s *Session, on object, _ map[string]any) (any, error) {
		c := on.value.(*Container)
		if err := s.look(ctx, c.state, c.platform, func(tree) error { return nil }); err != nil {
			return nil, err
		}
		return on.call.id()
	}
	resolvers["Directory.sync"] = func(ctx context.Context, s *Session, on object, _ map[string]any) (any, error) {
		if err := on.value.(*Directory).check(ctx, s, true); err != nil {
			return nil, err
		}
		return on.call.id()
	}
	resolvers["File.sync"] = func(ctx context.Context, s *Session, on object, _ map[string]any) (any, error) {
		if err := on.value.(*File).check(ctx, s, false); err != nil {
			return nil, err
		}
		return on.call.id()
	}
	field("Directory.digest", func(ctx context.Context, s *Session, d *Directory, _ none) (string, error) {
		return d.digest(ctx, s)
	})
}

// check builds the place, and fails where there is nothing, or a file instead of a folder.
func (p place) check(ctx context.Context, s *Session, dir bool) error {
	return s.look(ctx, p.state, p.platform, func(t tree) error {
		stat, err := t.stat(p.path)
		switch {
		case err != nil:
			return err
		case dir && fs.FileMode(stat.Mode).IsRegular():
			return fmt.Errorf("path %s is a file, not a directory", p.path)
		case !dir && fs.FileMode(stat.Mode).IsDir():
			return fmt.Errorf("path %s is a directory, not a file", p.path)
		}
		return nil
	})
}

// digest is one for the names, modes, links and contents below the folder. It is not the engine's, whose algorithm
// takes more of the file system into account, but it changes when that does.
func (d *Directory) digest(ctx context.Context, s *Session) (string, error) {
	hash := sha256.New()
	err := s.look(ctx, d.state, d.platform, func(t tree) error {
		return d.walk(t, func(name string, stat *fstypes.Stat) error {
			mode := fs.FileMode(stat.Mode)
			fmt.Fprintf(hash, "%s\x00%o\x00%s\x00", name, mode, stat.Linkname)
			if !mode.IsRegular() {
				return nil
			}
			data, err := t.read(path.Join(d.path, name))
			fmt.Fprintf(hash, "%d\x00", len(data))
			hash.Write(data)
			return err
		})
	})
	return "sha256:" + hex.EncodeToString(hash.Sum(nil)), err
}
