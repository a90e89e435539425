package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/moby/patternmatcher"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// entries lists names, those of folders with a slash at the end.
func (d *Directory) entries(ctx context.Context, s *Session, dir string) (names []string, err error) {
	err = s.look(ctx, d.state, d.platform, func(t tree) error {
		stats, err := t.list(d.at(dir).path)
		for _, stat := range stats {
			names = append(names, slashed(stat.Path, fs.FileMode(stat.Mode)))
		}
		return err
	})
	return names, err
}

func slashed(name string, mode fs.FileMode) string {
	if mode.IsDir() {
		return name + "/"
	}
	return name
}

// walk calls f with every file and folder below this one, folders before what is in them, in the order of names.
func (d *Directory) walk(t tree, f func(name string, stat *fstypes.Stat) error) error {
	var below func(dir string) error
	below = func(dir string) error {
		stats, err := t.list(path.Join(d.path, dir))
		if err != nil {
			return err
		}
		for _, stat := range stats {
			name := path.Join(dir, stat.Path)
			if err := f(name, stat); err != nil {
				return err
			}
			if fs.FileMode(stat.Mode).IsDir() {
				if err := below(name); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return below(".")
}

// glob lists what matches a pattern, as in .dockerignore.
func (d *Directory) glob(ctx context.Context, s *Session, pattern string) (names []string, err error) {
	matcher, err := patternmatcher.New([]string{pattern})
	if err != nil {
		return nil, fmt.Errorf("failed to create glob pattern matcher: %w", err)
	}
	err = s.look(ctx, d.state, d.platform, func(t tree) error {
		return d.walk(t, func(name string, stat *fstypes.Stat) error {
			//nolint:staticcheck // what is wrong with it is about parents, which do not count here
			match, err := matcher.MatchesUsingParentResult(name, false)
			if match {
				names = append(names, slashed(name, fs.FileMode(stat.Mode)))
			}
			return err
		})
	})
	return names, err
}

type existsArgs struct {
	Path                string
	ExpectedType        string
	DoNotFollowSymlinks bool
	Expand              bool
}

// exists tells whether there is something of the expected type.
func (p place) exists(ctx context.Context, s *Session, args existsArgs) (is bool, err error) {
	link := args.ExpectedType == "SYMLINK_TYPE"
	err = s.look(ctx, p.state, p.platform, func(t tree) error {
		stat := t.stat
		if args.DoNotFollowSymlinks || link {
			stat = t.lstat
		}
		found, err := stat(p.path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		mode := fs.FileMode(found.Mode)
		is = args.ExpectedType == "" ||
			args.ExpectedType == "REGULAR_TYPE" && mode.IsRegular() ||
			args.ExpectedType == "DIRECTORY_TYPE" && mode.IsDir() ||
			link && mode&fs.ModeSymlink != 0
		return nil
	})
	return is, err
}
