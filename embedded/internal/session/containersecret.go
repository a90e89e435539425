package session

import (
	"context"
	"slices"
)

// containerSecret is a secret that a container's processes see, as a variable or as a file.
type containerSecret struct {
	secret   *Secret
	env      string
	file     string
	uid, gid int
	mode     int
}

func init() {
	field("Container.withSecretVariable", func(ctx context.Context, s *Session, c *Container,
		args struct{ Name, Secret string }) (*Container, error) {
		secret, err := get[*Secret](ctx, s, args.Secret)
		if err != nil {
			return nil, err
		}
		c = c.clone()
		c.secrets = slices.DeleteFunc(c.secrets, func(s containerSecret) bool { return s.env == args.Name })
		c.secrets = append(c.secrets, containerSecret{secret: secret, env: args.Name})
		return c, nil
	})
	with("withoutSecretVariable", func(c *Container, args nameArgs) error {
		c.secrets = slices.DeleteFunc(c.secrets, func(s containerSecret) bool { return s.env == args.Name })
		return nil
	})
	field("Container.withMountedSecret", func(ctx context.Context, s *Session, c *Container, args struct {
		Path, Source, Owner string
		Mode                int
		Expand              bool
	}) (*Container, error) {
		target, secret, err := resolve[*Secret](ctx, s, c, args.Path, args.Expand, args.Source)
		if err != nil {
			return nil, err
		}
		uid, gid, err := ids(args.Owner)
		if err != nil {
			return nil, err
		}
		c = c.clone()
		c.secrets = append(c.secrets, containerSecret{secret: secret, file: target, uid: uid, gid: gid,
			mode: args.Mode})
		return c, nil
	})
}
