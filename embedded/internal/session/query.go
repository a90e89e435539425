package session

import (
	"context"
	_ "embed"
	"errors"
	"reflect"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

//go:embed schema.graphqls
var schemaText string

var schema = gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphqls", Input: schemaText})

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
func (r *run) selections(ctx context.Context, on object, set ast.SelectionSet,
	path ast.Path) (map[string]any, *gqlerror.Error) {
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
		return nil, failure(r.session.hideQueries(err), path)
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
			data, err := r.selections(ctx, element, field.SelectionSet,
				append(path[:len(path):len(path)], ast.PathIndex(i)))
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
