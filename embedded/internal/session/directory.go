package session

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	bk "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// place is somewhere in the files that a build makes.
type place struct {
	state    llb.State
	path     string // absolute, clean
	platform ocispecs.Platform
}

func (p place) at(name string) place {
	p.path = path.Join(p.path, name)
	return p
}

// empty tells whether there is nothing at all, which BuildKit will not copy from.
func (p place) empty() bool { return p.state.Output() == nil }

// Directory is a folder in the files that a build makes.
type Directory struct{ place }

func (d *Directory) file(name string) *File { return &File{d.at(name)} }

func (s *Session) scratch() *Directory { return &Directory{place{llb.Scratch(), "/", s.platform}} }

// root returns a state that holds the folder's files at its root. That is also what makes BuildKit compare the files
// themselves, rather than how they were made, when it looks into its cache.
func (d *Directory) root() llb.State {
	if d.path == "/" {
		return d.state
	}
	return copyInto(llb.Scratch(), d.place, "/", llb.CopyInfo{CopyDirContentsOnly: true})
}

// copyInto copies a file or a folder's contents.
func copyInto(to llb.State, from place, dest string, info llb.CopyInfo) llb.State {
	if from.empty() {
		if dest == "/" {
			return to
		}
		return to.File(llb.Mkdir(dest, 0o755, llb.WithParents(true)), llb.WithCustomName("create "+dest))
	}
	info.CreateDestPath = true
	return to.File(llb.Copy(from.state, from.path, dest, &info), llb.WithCustomName("copy to "+dest))
}

// change makes a folder whose files differ from this one's.
func (d *Directory) change(state llb.State) *Directory {
	return &Directory{place{state, d.path, d.platform}}
}

// newFile adds a file, and the folders above it.
func newFile(state llb.State, name, contents string, mode fs.FileMode, options ...llb.MkfileOption) llb.State {
	if above := path.Dir(name); above != "/" {
		state = state.File(llb.Mkdir(above, 0o755, llb.WithParents(true)), llb.WithCustomName("create "+above))
	}
	return state.File(llb.Mkfile(name, mode, []byte(contents), options...), llb.WithCustomName("write "+name))
}

// chown is the option that gives files to an owner, as user[:group]. Names are looked up in the files they go to.
func chown(info *llb.CopyInfo, owner string) {
	if owner != "" {
		llb.WithUser(owner).SetCopyOption(info)
	}
}

func init() {
	field("Query.directory", func(_ context.Context, s *Session, _ any, _ none) (*Directory, error) {
		return s.scratch(), nil
	})
	field("Directory.directory", func(_ context.Context, _ *Session, d *Directory,
		args struct{ Path string }) (*Directory, error) {
		return &Directory{d.at(args.Path)}, nil
	})
	field("Directory.file", func(_ context.Context, _ *Session, d *Directory,
		args struct{ Path string }) (*File, error) {
		return d.file(args.Path), nil
	})
	field("Directory.filter", func(_ context.Context, _ *Session, d *Directory,
		args struct{ Include, Exclude []string }) (*Directory, error) {
		state := copyInto(llb.Scratch(), d.place, "/", llb.CopyInfo{
			CopyDirContentsOnly: true, IncludePatterns: args.Include, ExcludePatterns: args.Exclude,
		})
		return &Directory{place{state, "/", d.platform}}, nil
	})
	field("Directory.withDirectory", func(ctx context.Context, s *Session, d *Directory, args struct {
		Path, Source, Owner string
		Include, Exclude    []string
	}) (*Directory, error) {
		source, err := get[*Directory](ctx, s, args.Source)
		if err != nil {
			return nil, err
		}
		dest := path.Join(d.path, args.Path)
		if d.empty() && dest == "/" && args.Owner == "" && len(args.Include)+len(args.Exclude) == 0 {
			return &Directory{place{source.root(), "/", d.platform}}, nil
		}
		info := llb.CopyInfo{CopyDirContentsOnly: true, IncludePatterns: args.Include, ExcludePatterns: args.Exclude}
		chown(&info, args.Owner)
		return d.change(copyInto(d.state, source.place, dest, info)), nil
	})
	field("Directory.withFile", func(ctx context.Context, s *Session, d *Directory, args withFile) (*Directory, error) {
		source, err := get[*File](ctx, s, args.Source)
		if err != nil {
			return nil, err
		}
		return d.change(args.copy(d.state, source, d.at(args.Path).path)), nil
	})
	field("Directory.withNewFile", func(_ context.Context, _ *Session, d *Directory, args struct {
		Path, Contents string
		Permissions    int
	}) (*Directory, error) {
		return d.change(newFile(d.state, d.at(args.Path).path, args.Contents, fs.FileMode(args.Permissions))), nil
	})
	field("Directory.withNewDirectory", func(_ context.Context, _ *Session, d *Directory, args struct {
		Path        string
		Permissions int
	}) (*Directory, error) {
		dir := d.at(args.Path).path
		return d.change(d.state.File(llb.Mkdir(dir, fs.FileMode(args.Permissions), llb.WithParents(true)),
			llb.WithCustomName("create "+dir))), nil
	})
	without := func(_ context.Context, _ *Session, d *Directory, args struct{ Path string }) (*Directory, error) {
		if d.empty() {
			return d, nil
		}
		return d.change(remove(d.state, d.at(args.Path).path)), nil
	}
	field("Directory.withoutFile", without)
	field("Directory.withoutDirectory", without)
	field("Directory.name", func(_ context.Context, _ *Session, d *Directory, _ none) (string, error) {
		return strings.TrimSuffix(path.Base(d.path), "/") + "/", nil
	})
	field("Directory.entries", func(ctx context.Context, s *Session, d *Directory,
		args struct{ Path string }) ([]string, error) {
		return d.entries(ctx, s, args.Path)
	})
	field("Directory.glob", func(ctx context.Context, s *Session, d *Directory,
		args struct{ Pattern string }) ([]string, error) {
		return d.glob(ctx, s, args.Pattern)
	})
	field("Directory.exists", func(ctx context.Context, s *Session, d *Directory, args existsArgs) (bool, error) {
		return d.at(args.Path).exists(ctx, s, args)
	})
	field("Directory.export", func(ctx context.Context, s *Session, d *Directory,
		args struct{ Path string }) (string, error) {
		return d.export(ctx, s, s.absolute(args.Path))
	})
}

func remove(state llb.State, name string) llb.State {
	return state.File(llb.Rm(name, llb.WithAllowNotFound(true), llb.WithAllowWildcard(true)),
		llb.WithCustomName("remove "+name))
}

// export writes the folder's files into one of this machine, beside what is there, and returns its path.
func (d *Directory) export(ctx context.Context, s *Session, dir string) (string, error) {
	state := d.root()
	if d.empty() {
		return filepath.Clean(dir), os.MkdirAll(dir, 0o755)
	}
	exports := []bk.ExportEntry{{Type: bk.ExporterLocal, OutputDir: dir}}
	_, err := s.build(ctx, exports, func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
		return solve(ctx, c, state, d.platform, s.cacheOf(state))
	})
	return filepath.Clean(dir), err
}
