package cli

import (
	"os"
	"strings"
	"testing"
)

// TestModule reads the module's own source: a pragma has a line of its own, or else the engine and
// the standalone program take it for words.
func TestModule(t *testing.T) {
	constructor, methods, err := readFunctions(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(constructor.params) < 20 || len(methods) < 10 {
		t.Fatalf("%d settings, %d functions", len(constructor.params), len(methods))
	}
	for _, p := range constructor.params {
		if p.typeName != "Workspace" && !p.optional {
			t.Errorf("--%s is not optional", p.name)
		}
	}
	for _, f := range append(methods, constructor) {
		docs := []string{f.doc}
		for _, p := range f.params {
			docs = append(docs, p.doc)
		}
		for _, doc := range docs {
			for _, pragma := range []string{"+optional", "+default", "+cache", "+private"} {
				if strings.Contains(doc, pragma) {
					t.Errorf("%s has a pragma in its words: %q", f.name, doc)
				}
			}
		}
	}
	for _, source := range []string{"release.go", "status.go", "deploy.go", "image.go", "report.go", "version.go"} {
		text, err := os.ReadFile("../../" + source)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\n// +cache=\"session\"\nfunc ") {
			t.Errorf("%s has no function whose result lasts for a session only", source)
		}
	}
}
