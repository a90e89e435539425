package manifest

import (
	"os/exec"
	"strings"
	"testing"
)

// modules are Python sources, and the version that they assign; or why none is read.
var modules = map[string]string{
	"__version__ = '1.0'":                              "1.0",
	"import os\n__version__: str = \"1.0\" # x\r\n":    "1.0",
	"a = __version__ = b = '1.0'\n":                    "1.0",
	"__version__='1.0'\n__version__='2.0'\n":           "1.0",
	"'''\n__version__ = '0'\n'''\n__version__ = '1.0'": "1.0",
	"x = r'\\\\'\n__version__ = '1.0'":                 "1.0",
	"x = ('''a\n''', # (\n'[')\n__version__ = '1.0'":   "1.0",
	"x = 1 + \\\n 2\n__version__ = '1.0'":              "1.0",
	"if x:\n  __version__ = '0'\n__version__ = '1.0'":  "1.0",
	"__version__ == '0'\n__version__ = '1.0'":          "1.0",
	"__version_info__ = '0'\n__version__ = '1.0'":      "1.0",
	"__version__ = (1, 0)":                             "plain",
	"__version__ = '1' + '.0'":                         "plain",
	"__version__ = f'{x}'":                             "plain",
	"x = '__version__ = 1'":                            "none",
	"\"\"\"\n__version__ = '1.0'\n":                    "none",
	"":                                                 "none",
}

func TestAssigned(t *testing.T) {
	for source, want := range modules {
		got, _, err := assigned([]byte(source), "__version__")
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
}

// TestPythonParsesTheSame has Python's own parser look for the first assignment.
func TestPythonParsesTheSame(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not on this machine: its reading is not compared")
	}
	const script = `import ast, sys
for node in ast.parse(sys.stdin.read()).body:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    if any(isinstance(target, ast.Name) and target.id == "__version__" for target in targets):
        print(node.value.value if isinstance(node.value, ast.Constant) else "plain")
        sys.exit()
print("none")`
	for source, want := range modules {
		if strings.Count(source, `"""`)%2 == 1 {
			continue // Python does not parse it at all
		}
		command := exec.Command(python, "-c", script)
		command.Stdin = strings.NewReader(source)
		out, err := command.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%q: Python says %q, %v, want %q", source, got, err, want)
		}
	}
}

func FuzzAssigned(f *testing.F) {
	for source := range modules {
		f.Add([]byte(source))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		if text, line, err := assigned(source, "__version__"); err == nil && (text == "" || line == 0) {
			t.Errorf("%q in line %d", text, line)
		}
	})
}
