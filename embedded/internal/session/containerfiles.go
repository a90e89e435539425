package session

import (
	"context"
	"io/fs"

	"github.com/moby/buildkit/client/llb"
)

// The fields that change or show files of the container.
func init() {
	field("Container.rootfs", func(_ context.Context, _ *Session, c *Container, _ none) (*Directory, error) {
		return &Directory{place{c.state, "/", c.platform}}, nil
	})
	field("Container.withRootfs", func(ctx context.Context, s *Session, c *Container,
		args struct{ Directory string }) (*Container, error) {
		dir, err := get[*Directory](ctx, s, args.Directory)
		if err != nil {
			return nil, err
		}
		c = c.clone()
		c.state, c.history = dir.root(), nil
		return c, nil
	})
	field("Container.directory", func(_ context.Context, _ *Session, c *Container, args pathArgs) (*Directory, error) {
		name, err := c.target(args.Path, args.Expand)
		if err != nil {
			return nil, err
		}
		at, _, err := c.find(name)
		return &Directory{at}, err
	})
	field("Container.file", func(_ context.Context, _ *Session, c *Container, args pathArgs) (*File, error) {
		name, err := c.target(args.Path, args.Expand)
		if err != nil {
			return nil, err
		}
		at, _, err := c.find(name)
		return &File{at}, err
	})
	field("Container.exists", func(ctx context.Context, s *Session, c *Container, args existsArgs) (bool, error) {
		name, err := c.target(args.Path, args.Expand)
		if err != nil {
			return false, err
		}
		at, _, err := c.find(name)
		if err != nil {
			return false, err
		}
		return at.exists(ctx, s, args)
	})
	field("Container.withDirectory", func(ctx context.Context, s *Session, c *Container, args struct {
		Path, Source, Owner string
		Include, Exclude    []string
		Expand              bool
	}) (*Container, error) {
		target, source, err := resolve[*Directory](ctx, s, c, args.Path, args.Expand, args.Source)
		if err != nil {
			return nil, err
		}
		info := llb.CopyInfo{CopyDirContentsOnly: true, IncludePatterns: args.Include, ExcludePatterns: args.Exclude}
		chown(&info, args.Owner)
		return c.edit(target, func(state llb.State, name string) llb.State {
			return copyInto(state, source.place, name, info)
		})
	})
	field("Container.withFile", func(ctx context.Context, s *Session, c *Container, args withFile) (*Container, error) {
		target, source, err := resolve[*File](ctx, s, c, args.Path, args.Expand, args.Source)
		if err != nil {
			return nil, err
		}
		return c.edit(target, func(state llb.State, name string) llb.State { return args.copy(state, source, name) })
	})
	field("Container.withNewFile", func(_ context.Context, _ *Session, c *Container, args struct {
		Path, Contents, Owner string
		Permissions           int
		Expand                bool
	}) (*Container, error) {
		target, err := c.target(args.Path, args.Expand)
		if err != nil {
			return nil, err
		}
		var options []llb.MkfileOption
		if args.Owner != "" {
			options = append(options, llb.WithUser(args.Owner))
		}
		return c.edit(target, func(state llb.State, name string) llb.State {
			return newFile(state, name, args.Contents, fs.FileMode(args.Permissions), options...)
		})
	})
	without := func(_ context.Context, _ *Session, c *Container, args pathArgs) (*Container, error) {
		target, err := c.target(args.Path, args.Expand)
		if err != nil {
			return nil, err
		}
		return c.edit(target, remove)
	}
	field("Container.withoutFile", without)
	field("Container.withoutDirectory", without)
}
