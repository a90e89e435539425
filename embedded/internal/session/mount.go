package session

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client/llb"
)

// mount is something that is in a container while its processes run, and is no part of its image.
type mount struct {
	target   string
	state    llb.State
	file     string // the file in state that is mounted; empty: all of it
	readOnly bool
	cache    string // the cache volume's key
	sharing  llb.CacheMountSharingMode
	temp     bool
	size     int64 // of a temporary file system, in bytes; 0: as much as there is
}

// CacheVolume is a folder that outlives builds.
type CacheVolume struct{ key string }

// mounted adds a mount, in place of one at the same path.
func (c *Container) mounted(m mount) *Container {
	c = c.clone()
	c.mounts = slices.DeleteFunc(c.mounts, func(old mount) bool { return old.target == m.target })
	c.mounts = append(c.mounts, m)
	return c
}

// find returns where a path of the container really is: in its root, or in the mount that covers it; -1 is the root.
func (c *Container) find(name string) (place, int, error) {
	found := -1
	for i, m := range c.mounts {
		if (name == m.target || strings.HasPrefix(name, strings.TrimSuffix(m.target, "/")+"/")) &&
			(found < 0 || len(m.target) >= len(c.mounts[found].target)) {
			found = i
		}
	}
	if found < 0 {
		return place{c.state, name, c.platform}, found, nil
	}
	m := c.mounts[found]
	switch {
	case m.temp:
		return place{}, found, fmt.Errorf("%s: cannot retrieve path from tmpfs", name)
	case m.cache != "":
		return place{}, found, fmt.Errorf("%s: cannot retrieve path from cache", name)
	}
	return place{m.state, path.Join("/", m.file, strings.TrimPrefix(name, m.target)), c.platform}, found, nil
}

// edit changes the files where a path of the container really is.
func (c *Container) edit(name string, change func(state llb.State, name string) llb.State) (*Container, error) {
	at, i, err := c.find(name)
	if err != nil {
		return nil, err
	}
	c = c.clone()
	if i < 0 {
		c.state = change(at.state, at.path)
	} else {
		c.mounts[i].state = change(at.state, at.path)
	}
	return c, nil
}

// ids reads an owner given as user[:group] in numbers.
func ids(owner string) (uid, gid int, err error) {
	if owner == "" {
		return 0, 0, nil
	}
	user, group, is := strings.Cut(owner, ":")
	uid, err = strconv.Atoi(user)
	if gid = uid; is && err == nil {
		gid, err = strconv.Atoi(group)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("owner %q: this session takes the owner of a mount in numbers only, as UID:GID", owner)
	}
	return uid, gid, nil
}

// resolve finds what a field that places something needs: the absolute path, and the object that an ID names.
func resolve[T any](ctx context.Context, s *Session, c *Container, name string, expand bool,
	id string) (target string, source T, err error) {
	if target, err = c.target(name, expand); err == nil {
		source, err = get[T](ctx, s, id)
	}
	return target, source, err
}

type pathArgs struct {
	Path   string
	Expand bool
}

func init() {
	field("Query.cacheVolume", func(_ context.Context, _ *Session, _ any,
		args struct{ Key string }) (*CacheVolume, error) {
		return &CacheVolume{args.Key}, nil
	})
	field("Container.withMountedCache", func(ctx context.Context, s *Session, c *Container, args struct {
		Path, Cache, Sharing string
		Source               *string
		Expand               bool
	}) (*Container, error) {
		target, volume, err := resolve[*CacheVolume](ctx, s, c, args.Path, args.Expand, args.Cache)
		if err != nil {
			return nil, err
		}
		m := mount{target: target, state: llb.Scratch(), cache: volume.key}
		m.sharing = map[string]llb.CacheMountSharingMode{
			"SHARED": llb.CacheMountShared, "PRIVATE": llb.CacheMountPrivate, "LOCKED": llb.CacheMountLocked,
		}[args.Sharing]
		if args.Source != nil {
			source, err := get[*Directory](ctx, s, *args.Source)
			if err != nil {
				return nil, err
			}
			m.state = source.root()
		}
		return c.mounted(m), nil
	})
	field("Container.withMountedDirectory", func(ctx context.Context, s *Session, c *Container, args struct {
		Path, Source, Owner string
		ReadOnly, Expand    bool
	}) (*Container, error) {
		target, source, err := resolve[*Directory](ctx, s, c, args.Path, args.Expand, args.Source)
		if err != nil {
			return nil, err
		}
		state := source.root()
		if _, _, err := ids(args.Owner); err != nil {
			return nil, err
		} else if args.Owner != "" {
			info := llb.CopyInfo{CopyDirContentsOnly: true}
			chown(&info, args.Owner)
			state = copyInto(llb.Scratch(), source.place, "/", info)
		}
		return c.mounted(mount{target: target, state: state, readOnly: args.ReadOnly}), nil
	})
	field("Container.withMountedFile", func(ctx context.Context, s *Session, c *Container,
		args withFile) (*Container, error) {
		target, source, err := resolve[*File](ctx, s, c, args.Path, args.Expand, args.Source)
		if err != nil {
			return nil, err
		}
		if _, _, err := ids(args.Owner); err != nil {
			return nil, err
		}
		file := "/" + path.Base(source.path)
		return c.mounted(mount{target: target, state: args.copy(llb.Scratch(), source, file), file: file}), nil
	})
	field("Container.withMountedTemp", func(_ context.Context, _ *Session, c *Container, args struct {
		Path   string
		Size   int64
		Expand bool
	}) (*Container, error) {
		target, err := c.target(args.Path, args.Expand)
		return c.mounted(mount{target: target, state: llb.Scratch(), temp: true, size: args.Size}), err
	})
	with("withoutMount", func(c *Container, args pathArgs) error {
		target, err := c.target(args.Path, args.Expand)
		c.mounts = slices.DeleteFunc(c.mounts, func(m mount) bool { return m.target == target })
		return err
	})
	show("mounts", func(c *Container) (targets []string) {
		for _, m := range c.mounts {
			targets = append(targets, m.target)
		}
		return targets
	})
}
