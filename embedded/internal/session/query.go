package session

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"reflect"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

//go:embed schema.graphqls
var schemaText string

var schema = gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphqls", Input: schemaText})

// object is a value of one of the schema's types, and the query that makes it.
type object struct {
	kind  string
	value any
	call  *call
}

// request is what a client posts (https://graphql.github.io/graphql-over-http/draft/).
type request struct {
	Query         string         `json:"query"`
	Variables     map[string]any `json:"variables"`
	OperationName string         `json:"operationName"`
}

// answer is what it gets back.
type answer struct {
	Data   any           `json:"data"`
	Errors gqlerror.List `json:"errors,omitempty"`
}

// run validates a query against the schema and answers it. What goes wrong is in the answer's errors.
func (s *Session) run(ctx context.Context, r request) answer {
	query, errs := gqlparser.LoadQueryWithRules(schema, r.Query, rules.NewDefaultRules())
	if errs != nil {
		return answer{Errors: errs}
	}
	operation := query.Operations.ForName(r.OperationName)
	if operation == nil || operation.Operation != ast.Query {
		return answer{Errors: gqlerror.List{gqlerror.Errorf("the request holds no query %s", r.OperationName)}}
	}
	run := run{session: s, variables: r.Variables}
	data, err := run.selections(ctx, object{kind: "Query"}, operation.SelectionSet, nil)
	if err != nil {
		return answer{Errors: gqlerror.List{err}}
	}
	return answer{Data: data}
}

type run struct {
	session   *Session
	variables map[string]any
}

// selections answers a selection set about one object, field by field, and stops at the first error.
func (r *run) selections(ctx context.Context, on object, set ast.SelectionSet, path ast.Path) (map[string]any, *gqlerror.Error) {
	data := map[string]any{}
	for _, selection := range set {
		var more map[string]any
		var err *gqlerror.Error
		switch selection := selection.(type) {
		case *ast.InlineFragment:
			if matches(on.kind, selection.TypeCondition) {
				more, err = r.selections(ctx, on, selection.SelectionSet, path)
			}
		case *ast.FragmentSpread:
			if matches(on.kind, selection.Definition.TypeCondition) {
				more, err = r.selections(ctx, on, selection.Definition.SelectionSet, path)
			}
		case *ast.Field:
			path := append(path[:len(path):len(path)], ast.PathName(selection.Alias))
			var value any
			if value, err = r.field(ctx, on, selection, path); err == nil {
				more = map[string]any{selection.Alias: value}
			}
		}
		if err != nil {
			return nil, err
		}
		for name, value := range more {
			data[name] = value
		}
	}
	return data, nil
}

func matches(kind, condition string) bool {
	if condition == "" || condition == kind {
		return true
	}
	for _, name := range schema.Types[kind].Interfaces {
		if name == condition {
			return true
		}
	}
	return false
}

func (r *run) field(ctx context.Context, on object, field *ast.Field, path ast.Path) (any, *gqlerror.Error) {
	if field.Name == "__typename" {
		return on.kind, nil
	}
	value, err := r.session.call(ctx, on, field.Definition, field.ArgumentMap(r.variables))
	if err != nil {
		return nil, failure(err, path)
	}
	list := reflect.ValueOf(value)
	switch made := value.(type) {
	case object:
		if made.value == nil {
			return nil, nil
		}
		data, err := r.selections(ctx, made, field.SelectionSet, path)
		if err != nil {
			return nil, err
		}
		return data, nil
	case []object:
		datas := make([]any, 0, list.Len())
		for i, element := range made {
			data, err := r.selections(ctx, element, field.SelectionSet, append(path[:len(path):len(path)], ast.PathIndex(i)))
			if err != nil {
				return nil, err
			}
			datas = append(datas, data)
		}
		return datas, nil
	}
	if list.Kind() == reflect.Slice && list.IsNil() {
		return []any{}, nil
	}
	return value, nil
}

// failure is an error as the client gets it: an exec's in the shape that SDKs know it by.
func failure(err error, path ast.Path) *gqlerror.Error {
	e := &gqlerror.Error{Err: err, Message: err.Error(), Path: path}
	if exec := (*ExecError)(nil); errors.As(err, &exec) {
		e.Extensions = exec.extensions()
	}
	return e
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
			objects = append(objects, object{kind, list.Index(i).Interface(), newCall(on.call, field.Name, values, refs, i+1)})
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
		return object{}, fmt.Errorf("the object ID names a field %s.%s that this session does not serve", on.kind, c.field)
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
