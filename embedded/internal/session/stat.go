package session

import (
	"context"
	"io/fs"
)

// Stat is what is known of a file without reading it.
type Stat struct {
	mode fs.FileMode
	size int64
}

func init() {
	field("Directory.stat", func(ctx context.Context, s *Session, d *Directory, args existsArgs) (*Stat, error) {
		return d.at(args.Path).about(ctx, s, args.DoNotFollowSymlinks)
	})
	field("Stat.fileType", func(_ context.Context, _ *Session, stat *Stat, _ none) (string, error) {
		switch {
		case stat.mode.IsDir():
			return "DIRECTORY", nil
		case stat.mode.IsRegular():
			return "REGULAR", nil
		case stat.mode&fs.ModeSymlink != 0:
			return "SYMLINK", nil
		}
		return "UNKNOWN", nil
	})
	field("Stat.permissions", func(_ context.Context, _ *Session, stat *Stat, _ none) (int, error) {
		return int(stat.mode.Perm()), nil
	})
	field("Stat.size", func(_ context.Context, _ *Session, stat *Stat, _ none) (int64, error) {
		return stat.size, nil
	})
}

// about finds out what a place is: of a link, what it leads to, or the link itself.
func (p place) about(ctx context.Context, s *Session, itself bool) (about *Stat, err error) {
	err = s.look(ctx, p.state, p.platform, func(t tree) error {
		stat := t.stat
		if itself {
			stat = t.lstat
		}
		found, err := stat(p.path)
		if err == nil {
			about = &Stat{mode: fs.FileMode(found.Mode), size: found.Size}
		}
		return err
	})
	return about, err
}
