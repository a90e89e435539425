package session

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/moby/patternmatcher"
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
func (d *Directory) walk(t tree, f func(name string, mode fs.FileMode) error) error {
	var below func(dir string) error
	below = func(dir string) error {
		stats, err := t.list(path.Join(d.path, dir))
		if err != nil {
			return err
		}
		for _, stat := range stats {
			name, mode := path.Join(dir, stat.Path), fs.FileMode(stat.Mode)
			if err := f(name, mode); err != nil {
				return err
			}
			if mode.IsDir() {
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
		return d.walk(t, func(name string, mode fs.FileMode) error {
			//lint:ignore SA1019 what is wrong with it is about parents, which do not count here
			match, err := matcher.MatchesUsingParentResult(name, false)
			if match {
				names = append(names, slashed(name, mode))
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

// exists tells whether there is something of the expected type. BuildKit does not follow a link at the path's end.
func (p place) exists(ctx context.Context, s *Session, args existsArgs) (is bool, err error) {
	err = s.look(ctx, p.state, p.platform, func(t tree) error {
		name, mode := p.path, fs.FileMode(0)
		for range 40 { // as many links as Linux follows
			stat, err := t.stat(name)
			if err != nil {
				if strings.HasSuffix(err.Error(), notExist{}.Error()) || strings.HasSuffix(err.Error(), "not a directory") {
					return nil
				}
				return err
			}
			mode = fs.FileMode(stat.Mode)
			if mode&fs.ModeSymlink == 0 || args.DoNotFollowSymlinks || args.ExpectedType == "SYMLINK_TYPE" {
				break
			}
			if path.IsAbs(stat.Linkname) {
				name = path.Clean(stat.Linkname)
			} else {
				name = path.Join(path.Dir(name), stat.Linkname)
			}
		}
		switch args.ExpectedType {
		case "REGULAR_TYPE":
			is = mode.IsRegular()
		case "DIRECTORY_TYPE":
			is = mode.IsDir()
		case "SYMLINK_TYPE":
			is = mode&fs.ModeSymlink != 0
		default:
			is = true
		}
		return nil
	})
	return is, err
}
