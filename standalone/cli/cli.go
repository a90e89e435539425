package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"strings"

	"dagger.io/dagger"

	"dagger/ship/internal/foreign"
)

// Program is a module's command line: settings for its constructor, a function, the function's
// arguments.
type Program struct {
	Name    string
	Sources fs.FS // the Go files that declare New and the methods
	New     any   // the module's constructor

	// Connect opens the session that the functions run in. It is called once, after the command
	// line was read.
	Connect func(context.Context) (*dagger.Client, error)
}

// errHelp asks for help instead of a call.
var errHelp = errors.New("help")

// call is a function with the flags that follow it on the command line.
type call struct {
	function
	flags map[string]string
}

// Run reads the command line, calls what it names and writes the result to out: text as it is,
// objects as JSON.
func (p *Program) Run(ctx context.Context, args []string, out io.Writer) error {
	constructor, methods, err := readFunctions(p.Sources)
	if err != nil {
		return fmt.Errorf("read the module's source: %w", err)
	}
	env, err := readEnv(".", p.Name)
	if err != nil {
		return err
	}
	calls, fields, err := parse(constructor, methods, args, p.Name, env)
	if errors.Is(err, errHelp) {
		return p.help(out, calls, constructor, methods)
	}
	if err != nil {
		return err
	}
	if len(calls) == 1 {
		return p.help(out, nil, constructor, methods)
	}
	client, err := p.Connect(ctx)
	if err != nil {
		return fmt.Errorf("connect to a Dagger session: %w", err)
	}
	defer client.Close()

	target := reflect.ValueOf(p.New)
	var result reflect.Value
	for _, c := range calls {
		if c.method != "" {
			target = result.MethodByName(c.method)
		}
		if result, err = invoke(ctx, client, target, c); err != nil {
			return err
		}
	}
	for _, field := range fields {
		if result = field.of(result); !result.IsValid() {
			return fmt.Errorf("%s has no field %q", calls[len(calls)-1].name, string(field))
		}
	}
	return print(ctx, out, result)
}

// parse splits a command line into the calls that it chains, and the fields of the last one's
// result. Env gives the arguments that the line leaves out.
func parse(
	constructor function,
	methods []function,
	args []string,
	program string,
	env map[string]string,
) (calls []call, fields []field, err error) {
	calls = []call{{constructor, map[string]string{}}}
	current := &calls[0]
	for i := 0; i < len(args); i++ {
		text, isFlag := strings.CutPrefix(args[i], "--")
		if args[i] == "-h" || args[i] == "--help" {
			return calls, nil, errHelp
		}
		if !isFlag {
			if method, known := find(methods, args[i]); known && len(fields) == 0 && current.chains() {
				calls = append(calls, call{method, map[string]string{}})
				current = &calls[len(calls)-1]
				continue
			}
			if len(calls) == 1 {
				return nil, nil, fmt.Errorf("no function %q: see --help", args[i])
			}
			fields = append(fields, field(args[i]))
			continue
		}
		name, value, hasValue := strings.Cut(text, "=")
		p, known := current.param(name)
		switch {
		case !known:
			return nil, nil, fmt.Errorf("%s has no argument --%s: see --help", current.name, name)
		case hasValue:
		case p.typeName == "bool":
			value = "true"
		case i+1 < len(args):
			i++
			value = args[i]
		default:
			return nil, nil, fmt.Errorf("--%s needs a value", name)
		}
		current.flags[name] = value
	}
	for _, c := range calls {
		c.setDefaults(program, env)
		for _, p := range c.params {
			if _, given := c.flags[p.name]; !given && !p.optional && p.typeName != "Context" &&
				p.typeName != "Workspace" {
				return nil, nil, fmt.Errorf("%s needs --%s", c.name, p.name)
			}
		}
	}
	return calls, fields, nil
}

// chains tells whether a further function may follow: after settings, and after what returns the
// module itself.
func (c *call) chains() bool {
	return c.method == "" || strings.HasPrefix(c.method, "With")
}

func find(functions []function, name string) (function, bool) {
	for _, f := range functions {
		if f.name == name {
			return f, true
		}
	}
	return function{}, false
}

func (f function) param(name string) (param, bool) {
	for _, p := range f.params {
		if p.name == name && p.typeName != "Context" && p.typeName != "Workspace" {
			return p, true
		}
	}
	return param{}, false
}

// field names one of an object's fields, as the command line writes it.
type field string

// of returns the field of an object, or the strings in that field of a list of objects.
func (f field) of(object reflect.Value) reflect.Value {
	if object.Kind() == reflect.Slice {
		texts := []string{}
		for i := range object.Len() {
			value := f.of(object.Index(i))
			if !value.IsValid() || value.Kind() != reflect.String {
				return reflect.Value{}
			}
			texts = append(texts, value.String())
		}
		return reflect.ValueOf(texts)
	}
	for object.Kind() == reflect.Pointer {
		object = object.Elem()
	}
	if object.Kind() != reflect.Struct {
		return reflect.Value{}
	}
	return object.FieldByNameFunc(func(name string) bool { return kebab(name) == string(f) })
}

// print writes a result. An object of the engine is evaluated, and its type is printed.
func print(ctx context.Context, out io.Writer, result reflect.Value) error {
	switch value := result.Interface().(type) {
	case string:
		_, err := fmt.Fprintln(out, foreign.Visible(strings.TrimSuffix(value, "\n")))
		return err
	case []string:
		for _, text := range value {
			if _, err := fmt.Fprintln(out, foreign.Visible(text)); err != nil {
				return err
			}
		}
		return nil
	case *dagger.Container:
		if _, err := value.Sync(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintln(out, "Container")
		return err
	default:
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	}
}
