package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/moby/buildkit/client/llb"
)

// maxContents is the largest file whose contents are returned, in bytes; the engine's limit.
const maxContents = 128 << 20

// File is a file in the files that a build makes.
type File struct{ place }

// withFile is the arguments of the fields that add a file.
type withFile struct {
	Path, Source, Owner string
	Permissions         *int
	Expand              bool
}

func (args withFile) copy(to llb.State, source *File, dest string) llb.State {
	info := llb.CopyInfo{}
	if args.Permissions != nil {
		info.Mode = &llb.ChmodOpt{Mode: os.FileMode(*args.Permissions)}
	}
	chown(&info, args.Owner)
	if above := path.Dir(dest); args.Permissions != nil && above != "/" && !source.empty() {
		// BuildKit would give the permissions to the folders that it makes for the file, too
		return to.File(llb.Mkdir(above, 0o755, llb.WithParents(true)).Copy(source.state, source.path, dest, &info),
			llb.WithCustomName("copy to "+dest))
	}
	return copyInto(to, source.place, dest, info)
}

func init() {
	field("Query.file", func(_ context.Context, s *Session, _ any, args struct {
		Name, Contents string
		Permissions    int
	}) (*File, error) {
		if path.Base(args.Name) != args.Name {
			return nil, fmt.Errorf("file name %q must not contain a directory", args.Name)
		}
		state := newFile(llb.Scratch(), "/"+args.Name, args.Contents, fs.FileMode(args.Permissions))
		return &File{place{state, "/" + args.Name, s.platform}}, nil
	})
	field("File.contents", func(ctx context.Context, s *Session, f *File, _ none) (string, error) {
		data, _, err := f.read(ctx, s)
		return string(data), err
	})
	field("File.size", func(ctx context.Context, s *Session, f *File, _ none) (size int64, err error) {
		err = s.look(ctx, f.state, f.platform, func(t tree) error {
			stat, err := t.stat(f.path)
			if err == nil && fs.FileMode(stat.Mode).IsDir() {
				err = fmt.Errorf("path %s is a directory, not a file", f.path)
			}
			if err == nil {
				size = stat.Size
			}
			return err
		})
		return size, err
	})
	field("File.name", func(_ context.Context, _ *Session, f *File, _ none) (string, error) {
		return path.Base(f.path), nil
	})
	field("File.withName", func(_ context.Context, _ *Session, f *File, args struct{ Name string }) (*File, error) {
		state := copyInto(llb.Scratch(), f.place, "/"+path.Base(args.Name), llb.CopyInfo{})
		return &File{place{state, "/" + path.Base(args.Name), f.platform}}, nil
	})
	field("File.digest", func(ctx context.Context, s *Session, f *File,
		args struct{ ExcludeMetadata bool }) (string, error) {
		data, mode, err := f.read(ctx, s)
		hash := sha256.New()
		if !args.ExcludeMetadata {
			fmt.Fprintf(hash, "%s\x00%o\x00", path.Base(f.path), mode)
		}
		hash.Write(data)
		return "sha256:" + hex.EncodeToString(hash.Sum(nil)), err
	})
	field("File.export", func(ctx context.Context, s *Session, f *File, args struct {
		Path               string
		AllowParentDirPath bool
	}) (string, error) {
		return f.export(ctx, s, args.Path, args.AllowParentDirPath)
	})
}

func (f *File) read(ctx context.Context, s *Session) (data []byte, mode fs.FileMode, err error) {
	err = s.look(ctx, f.state, f.platform, func(t tree) error {
		stat, err := t.stat(f.path)
		if err != nil {
			return err
		}
		if stat.Size > maxContents {
			return fmt.Errorf("file size %d exceeds limit %d", stat.Size, maxContents)
		}
		mode = fs.FileMode(stat.Mode)
		data, err = t.read(f.path)
		return err
	})
	return data, mode, err
}

// export writes the file to one of this machine, or into a folder where that is allowed, and returns its path.
func (f *File) export(ctx context.Context, s *Session, to string, allowDir bool) (string, error) {
	dest := s.absolute(to)
	if info, err := os.Stat(dest); err == nil && info.IsDir() {
		if !allowDir {
			return "", fmt.Errorf("destination %q is a directory; must be a file path unless allowParentDirPath is set",
				to)
		}
		dest = filepath.Join(dest, path.Base(f.path))
	}
	data, mode, err := f.read(ctx, s)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
		return "", fmt.Errorf("export file: %w", err)
	}
	if err := os.WriteFile(dest, data, mode.Perm()); err != nil {
		return "", fmt.Errorf("export file: %w", err)
	}
	return s.absolute(to), os.Chmod(dest, mode.Perm())
}
