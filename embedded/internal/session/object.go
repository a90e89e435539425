package session

import (
	"context"
	"fmt"
	"reflect"

	"github.com/vektah/gqlparser/v2/ast"
)

// object is a value of one of the schema's types, and the query that makes it.
type object struct {
	kind  string
	value any
	call  *call
}

// call calls one field of an object. What it makes carries the call, and is made once in a session.
func (s *Session) call(ctx context.Context, on object, field *ast.FieldDefinition, args map[string]any) (any, error) {
	resolve, is := resolvers[on.kind+"."+field.Name]
	if !is {
		return nil, fmt.Errorf("%s.%s is not served by this session", on.kind, field.Name)
	}
	kind := field.Type.Name()
	if isLeaf := schema.Types[kind].IsLeafType(); isLeaf || kind == "Node" || field.Name == "load"+kind+"FromID" {
		return resolve(ctx, s, on, args)
	}
	values, refs, err := split(field, args)
	if err != nil {
		return nil, err
	}
	if field.Type.Elem != nil {
		made, err := resolve(ctx, s, on, args)
		if err != nil {
			return nil, err
		}
		var objects []object
		for i, list := 0, reflect.ValueOf(made); i < list.Len(); i++ {
			objects = append(objects, object{kind, list.Index(i).Interface(),
				newCall(on.call, field.Name, values, refs, i+1)})
		}
		return objects, nil
	}
	step := newCall(on.call, field.Name, values, refs, 0)
	if made, is := s.objects.Load(step.digest); is {
		return made, nil
	}
	value, err := resolve(ctx, s, on, args)
	if err != nil {
		return nil, err
	}
	if value == on.value {
		return on, nil // a field that changes the session, not the object
	}
	made := object{kind, value, step}
	if _, again := effects[on.kind+"."+field.Name]; again {
		return made, nil
	}
	kept, _ := s.objects.LoadOrStore(step.digest, made)
	return kept, nil
}

// split tells the arguments that name objects from those that are values. Plaintext stays out of both.
func split(field *ast.FieldDefinition, args map[string]any) (map[string]any, map[string][]*call, error) {
	values, refs := map[string]any{}, map[string][]*call{}
	for _, def := range field.Arguments {
		value, given := args[def.Name]
		switch {
		case !given || value == nil || def.Name == "plaintext":
		case def.Type.Name() != "ID":
			values[def.Name] = value
		default:
			ids, isList := value.([]any)
			if !isList {
				ids = []any{value}
			}
			for _, id := range ids {
				text, _ := id.(string)
				ref, err := parseID(text)
				if err != nil {
					return nil, nil, fmt.Errorf("argument %s: %w", def.Name, err)
				}
				refs[def.Name] = append(refs[def.Name], ref)
			}
		}
	}
	return values, refs, nil
}

// load makes the object that a call names, by calling what the call was made of.
func (s *Session) load(ctx context.Context, c *call) (object, error) {
	if c == nil {
		return object{kind: "Query"}, nil
	}
	if made, is := s.objects.Load(c.digest); is {
		return made.(object), nil
	}
	on, err := s.load(ctx, c.parent)
	if err != nil {
		return object{}, err
	}
	field := schema.Types[on.kind].Fields.ForName(c.field)
	if field == nil {
		return object{}, fmt.Errorf("the object ID names a field %s.%s that this session does not serve",
			on.kind, c.field)
	}
	args := map[string]any{}
	for name, value := range c.args {
		args[name] = value
	}
	for name, list := range c.refs {
		ids := []any{}
		for _, ref := range list {
			id, err := ref.id()
			if err != nil {
				return object{}, err
			}
			ids = append(ids, id)
		}
		args[name] = ids
		if def := field.Arguments.ForName(name); def != nil && def.Type.Elem == nil {
			args[name] = ids[0]
		}
	}
	made, err := s.call(ctx, on, field, args)
	if err != nil {
		return object{}, err
	}
	switch made := made.(type) {
	case object:
		return made, nil
	case []object:
		if c.nth > 0 && c.nth <= len(made) {
			return made[c.nth-1], nil
		}
	}
	return object{}, fmt.Errorf("the object ID names %s.%s, which is no object", on.kind, c.field)
}
