// Package pages holds what the pages of this repository say to the code, without a server. Their commands are run by
// package e2e.
package pages

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// section is what a page has below a heading of the second level.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, after, found := strings.Cut(page, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("no page has the heading %s", heading)
	}
	text, _, _ := strings.Cut(after, "\n## ")
	return text
}

// TestReadmeShowsTheExample compares the files that the README shows with those of the example.
func TestReadmeShowsTheExample(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"dagger.json", ".env"} {
		_, after, _ := strings.Cut(read(t, "README.md"), "\n`"+file+"`")
		_, after, _ = strings.Cut(after, "```")
		_, after, _ = strings.Cut(after, "\n")
		if shown, _, _ := strings.Cut(after, "```"); shown != read(t, "examples/poetry-service/"+file) {
			t.Errorf("README.md shows another %s than the example has", file)
		}
	}
}

// TestFunctionsAndSettings compares the first tables of docs/reference.md with the program's help, both ways.
func TestFunctionsAndSettings(t *testing.T) {
	t.Parallel()
	program := os.Getenv("SHIP_PROGRAM")
	if program == "" {
		t.Skip("SHIP_PROGRAM names no program: run this with make unit")
	}
	out, err := exec.CommandContext(t.Context(), program, "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for heading, pattern := range map[string]string{"Functions": `(?m)^  ([a-z-]+) +[A-Z]`,
		"Settings": `(?m)^  --([a-z]+) `} {
		var cells string
		for line := range strings.Lines(section(t, read(t, "docs/reference.md"), heading)) {
			if row := strings.Split(line, "|"); len(row) > 2 {
				cells += row[1]
			}
		}
		documented := map[string]bool{}
		for _, name := range regexp.MustCompile("`([a-z-]+)").FindAllStringSubmatch(cells, -1) {
			documented[name[1]] = true
		}
		for _, name := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(out), -1) {
			if !documented[name[1]] {
				t.Errorf("%s: docs/reference.md does not have %s", heading, name[1])
			}
			delete(documented, name[1])
		}
		if len(documented) > 0 {
			t.Errorf("%s: docs/reference.md has %v, which do not exist", heading, documented)
		}
	}
}

// TestReferenceHasEveryField compares the tables of docs/reference.md with the objects that functions return, both
// ways.
func TestReferenceHasEveryField(t *testing.T) {
	t.Parallel()
	documented := map[string]string{}
	for _, object := range strings.Split(section(t, read(t, "docs/reference.md"), "Outputs"), "\n### ")[1:] {
		name, table, _ := strings.Cut(object, "\n")
		for _, row := range regexp.MustCompile("(?m)^\\| (`.*?) \\|").FindAllStringSubmatch(table, -1) {
			documented[name] += row[1]
		}
	}
	sources, err := filepath.Glob(root + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, is := n.(*ast.TypeSpec)
			if !is || documented[spec.Name.Name] == "" {
				return true
			}
			fields := spec.Type.(*ast.StructType).Fields.List
			for _, field := range fields {
				name := "`" + strings.ToLower(field.Names[0].Name) + "`"
				if !strings.Contains(documented[spec.Name.Name], name) {
					t.Errorf("docs/reference.md: %s has no %s", spec.Name, name)
				}
			}
			if rows := strings.Count(documented[spec.Name.Name], "`") / 2; rows != len(fields) {
				t.Errorf("docs/reference.md: %s has %d fields, not %d", spec.Name, len(fields), rows)
			}
			delete(documented, spec.Name.Name)
			return true
		})
	}
	if len(documented) > 0 {
		t.Errorf("docs/reference.md has objects that do not exist: %v", documented)
	}
}

// TestErrorsAreSaid looks for each error in docs/errors.md in what the sources say.
func TestErrorsAreSaid(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		within, _ := filepath.Rel(root, path)
		folder, _, _ := strings.Cut(within, "/")
		if err != nil || folder == "e2e" || folder == "testbed" || folder == "embedded" ||
			!strings.HasSuffix(path, ".go") ||
			strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		said.Write(regexp.MustCompile(`" \+\n\s*"`).ReplaceAll(data, nil))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([^`]*)`").FindAllStringSubmatch(read(t, "docs/errors.md"), -1)
	if len(rows) < 20 {
		t.Errorf("docs/errors.md has %d errors", len(rows))
	}
	for _, row := range rows {
		words := row[1]
		if words == "build:" || words == "ship.toml:" { // a step's or a file's name, which errors begin with
			continue
		}
		if !strings.Contains(said.String(), strings.ReplaceAll(words, "3 times", "%d times")) {
			t.Errorf("docs/errors.md: no error says %q", words)
		}
	}
}
