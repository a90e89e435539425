// Package cli calls a Dagger module's functions from a command line, as `dagger call` does, without
// an engine: names, defaults and help come from the module's own source, values by reflection.
package cli

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strings"
	"unicode"
)

// function is a constructor or a method as its source declares it.
type function struct {
	name   string // as on the command line: WithImage is with-image
	method string // as in Go; empty for the constructor
	doc    string
	params []param
}

type param struct {
	name     string
	doc      string
	optional bool
	defaults string // as it is written on the command line
	typeName string
}

// readFunctions finds the constructor New and the exported methods of the type that it returns.
func readFunctions(sources fs.FS) (constructor function, methods []function, err error) {
	of := map[string][]function{} // by the type that they are methods of
	made := ""
	files, err := fs.Glob(sources, "*.go")
	if err != nil {
		return function{}, nil, err
	}
	for _, name := range files {
		source, err := fs.ReadFile(sources, name)
		if err != nil {
			return function{}, nil, err
		}
		const mode = parser.ParseComments | parser.SkipObjectResolution
		file, err := parser.ParseFile(token.NewFileSet(), name, source, mode)
		if err != nil {
			return function{}, nil, err
		}
		for _, declaration := range file.Decls {
			declared, is := declaration.(*ast.FuncDecl)
			if !is || !declared.Name.IsExported() {
				continue
			}
			f := function{
				name:   kebab(declared.Name.Name),
				doc:    prose(declared.Doc),
				params: readParams(declared, file.Comments),
			}
			switch {
			case declared.Recv != nil:
				f.method = declared.Name.Name
				receiver := typeName(declared.Recv.List[0].Type)
				of[receiver] = append(of[receiver], f)
			case declared.Name.Name == "New":
				constructor, made = f, typeName(declared.Type.Results.List[0].Type)
			}
		}
	}
	return constructor, of[made], nil
}

func readParams(f *ast.FuncDecl, comments []*ast.CommentGroup) (params []param) {
	previous := f.Type.Params.Opening
	for _, field := range f.Type.Params.List {
		// the parser gives parameters no comments: a parameter's comments are those after the
		// parameter before it
		var doc *ast.CommentGroup
		for _, comment := range comments {
			if comment.Pos() > previous && comment.End() < field.Pos() {
				doc = comment
			}
		}
		previous = field.End()
		p := param{name: field.Names[0].Name, doc: prose(doc), typeName: typeName(field.Type)}
		for key, value := range pragmas(doc) {
			switch key {
			case "optional":
				p.optional = true
			case "default":
				p.optional, p.defaults = true, defaultText(value)
			}
		}
		params = append(params, p)
	}
	return params
}

// pragmas are the lines +KEY or +KEY=VALUE of a comment.
func pragmas(comment *ast.CommentGroup) map[string]string {
	found := map[string]string{}
	if comment != nil {
		for line := range strings.Lines(comment.Text()) {
			if pragma, is := strings.CutPrefix(strings.TrimSpace(line), "+"); is {
				key, value, _ := strings.Cut(pragma, "=")
				found[key] = value
			}
		}
	}
	return found
}

func prose(comment *ast.CommentGroup) string {
	if comment == nil {
		return ""
	}
	var lines []string
	for line := range strings.Lines(comment.Text()) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "+") {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func defaultText(value string) string {
	var list []string
	if json.Unmarshal([]byte(value), &list) == nil {
		return strings.Join(list, ",")
	}
	var text string
	if json.Unmarshal([]byte(value), &text) == nil {
		return text
	}
	return value
}

func typeName(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.ArrayType:
		return "list of " + typeName(e.Elt)
	}
	return fmt.Sprint(expression)
}

func kebab(name string) string {
	var text strings.Builder
	for i, c := range name {
		if unicode.IsUpper(c) && i > 0 {
			text.WriteByte('-')
		}
		text.WriteRune(unicode.ToLower(c))
	}
	return text.String()
}
