package session

import (
	"context"
	"encoding/json"
	"fmt"
)

// resolver answers one field of one type.
type resolver func(ctx context.Context, s *Session, on object, args map[string]any) (any, error)

// resolvers holds every field of the schema, by type and name. Each file adds its own type's.
var resolvers = map[string]resolver{}

// effects are the fields that change the session, and so are called each time.
var effects = map[string]bool{"Query.setSecret": true}

// none is for fields without arguments.
type none struct{}

// field adds a field whose arguments are A's fields.
func field[On, A, Made any](name string, f func(ctx context.Context, s *Session, on On, args A) (Made, error)) {
	resolvers[name] = func(ctx context.Context, s *Session, on object, args map[string]any) (any, error) {
		var typed A
		text, err := json.Marshal(args)
		if err == nil {
			err = json.Unmarshal(text, &typed)
		}
		if err != nil {
			return nil, fmt.Errorf("read the arguments of %s: %w", name, err)
		}
		value, _ := on.value.(On)
		return f(ctx, s, value, typed)
	}
}

// get loads the object that an ID names, which must be a T.
func get[T any](ctx context.Context, s *Session, id string) (T, error) {
	var value T
	c, err := parseID(id)
	if err != nil {
		return value, err
	}
	made, err := s.load(ctx, c)
	if err != nil {
		return value, err
	}
	value, is := made.value.(T)
	if !is {
		return value, fmt.Errorf("the ID names a %s, where a %T is needed", made.kind, value)
	}
	return value, nil
}

func init() {
	node := func(ctx context.Context, s *Session, _ object, args map[string]any) (any, error) {
		id, _ := args["id"].(string)
		c, err := parseID(id)
		if err != nil {
			return nil, err
		}
		return s.load(ctx, c)
	}
	resolvers["Query.node"] = node
	for _, kind := range []string{"CacheVolume", "Container", "Directory", "File", "GitRef",
		"GitRepository", "Secret"} {
		load := "load" + kind + "FromID"
		resolvers["Query."+load] = func(ctx context.Context, s *Session, on object, args map[string]any) (any, error) {
			made, err := node(ctx, s, on, args)
			if err == nil && made.(object).kind != kind {
				err = fmt.Errorf("%s: the ID names a %s", load, made.(object).kind)
			}
			return made, err
		}
	}
	for _, def := range schema.Types {
		if def.Fields.ForName("id") != nil {
			resolvers[def.Name+".id"] = func(_ context.Context, _ *Session, on object, _ map[string]any) (any, error) {
				return on.call.id()
			}
		}
	}
}
