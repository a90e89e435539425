package e2e

import (
	"fmt"
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

func readme(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../README.md")
	return string(must(t, data, err))
}

// block is the code block after the line of a page that names its file.
func block(t *testing.T, page, file string) string {
	t.Helper()
	_, after, found := strings.Cut(page, "\n`"+file+"`")
	_, after, _ = strings.Cut(after, "```")
	_, after, _ = strings.Cut(after, "\n")
	text, _, closed := strings.Cut(after, "```")
	if !found || !closed {
		t.Fatalf("the page shows no %s", file)
	}
	return text
}

// TestCommands runs every `dagger call` of the README and the docs in an app repo with the page's .env, as a GitLab job would have
// it. The app's first version is out, and its second is what the commands release.
func TestCommands(t *testing.T) {
	t.Parallel()
	start, err := os.ReadFile("../docs/getting-started.md")
	must(t, 0, err)
	reference, err := os.ReadFile("../docs/reference.md")
	must(t, 0, err)
	for name, page := range map[string]string{"README": readme(t), "docs": string(start) + string(reference)} {
		commands := regexp.MustCompile("(?m)(?:^ +|`)(?:script: )?(dagger call [^#\n`]*)").FindAllStringSubmatch(page, -1)
		if len(commands) < 4 {
			t.Fatalf("%s shows %d calls", name, len(commands))
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.Settings["environments"] = "test:reinstall,production"
			a.release("released")
			home := t.TempDir()
			kubeconfig, err := os.ReadFile(a.Cluster.Kubeconfig)
			must(t, 0, err)
			must(t, 0, os.MkdirAll(filepath.Join(home, ".kube"), 0o700))
			must(t, 0, os.WriteFile(filepath.Join(home, ".kube", "config"), kubeconfig, 0o600))
			a.write(".env", block(t, page, ".env")+"SHIP_INSECURE=true\n")
			commit := a.bump("0.2.0")
			env, err := a.DaggerCommand(t.TempDir())
			must(t, 0, err)
			for _, command := range commands {
				cmd := exec.CommandContext(t.Context(), "sh", "-c", command[1])
				cmd.Dir = a.Dir
				cmd.Env = append(env[:len(env):len(env)], "HOME="+home, "CI_JOB_TOKEN="+a.Bed.Git.Token, "CI_COMMIT_SHA="+commit,
					"CI_REGISTRY_IMAGE="+a.Image(), "CI_REGISTRY_USER="+a.Registry.User, "CI_REGISTRY_PASSWORD="+a.Registry.Password,
					"KUBECONFIG_FILE="+a.Cluster.Kubeconfig, "CI_SERVER_TLS_CA_FILE=")
				out, err := cmd.CombinedOutput()
				t.Logf("%s\n%s", command[1], out)
				if err != nil {
					t.Errorf("%s: %v", command[1], err)
				}
				a.checkSecrets(string(out))
			}
			if a.tags()[a.Name+"-0.2.0"] == "" {
				t.Error("the commands released nothing")
			}
		})
	}
}

// TestReadmeShowsTheExample compares the files that the README shows with those of the example.
func TestReadmeShowsTheExample(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"dagger.json", ".env", ".gitlab-ci.yml"} {
		data, err := os.ReadFile(filepath.Join("../examples/poetry-service", file))
		must(t, 0, err)
		if block(t, readme(t), file) != string(data) {
			t.Errorf("README.md shows another %s than the example has", file)
		}
	}
}

// TestReadmeReference compares the README's tables with the functions and settings that there are, both ways.
func TestReadmeReference(t *testing.T) {
	t.Parallel()
	help := exec.CommandContext(t.Context(), os.Getenv("SHIP_PROGRAM"), "--help")
	out, err := help.Output()
	must(t, 0, err)
	for section, pattern := range map[string]string{"Functions": `(?m)^  ([a-z-]+) +[A-Z]`, "Settings": `(?m)^  --([a-z]+) `} {
		_, table, _ := strings.Cut(readme(t), "\n## "+section+"\n")
		table, _, _ = strings.Cut(table, "\n## ")
		var rows string
		for line := range strings.Lines(table) {
			if cells := strings.Split(line, "|"); len(cells) > 2 {
				rows += cells[1]
			}
		}
		documented := map[string]bool{}
		for _, name := range regexp.MustCompile("`([a-z-]+)").FindAllStringSubmatch(rows, -1) {
			documented[name[1]] = true
		}
		for _, name := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(out), -1) {
			if !documented[name[1]] {
				t.Errorf("%s: README.md does not have %s", section, name[1])
			}
			delete(documented, name[1])
		}
		if len(documented) > 0 {
			t.Errorf("%s: README.md has %v, which do not exist", section, fmt.Sprint(documented))
		}
	}
}

// TestReferenceHasEveryField compares the tables of docs/reference.md with the objects that functions return, both ways.
func TestReferenceHasEveryField(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../docs/reference.md")
	_, outputs, _ := strings.Cut(string(must(t, data, err)), "\n## Outputs\n")
	outputs, _, _ = strings.Cut(outputs, "\n## ")
	documented := map[string]string{}
	for _, section := range strings.Split(outputs, "\n### ")[1:] {
		object, table, _ := strings.Cut(section, "\n")
		for _, row := range regexp.MustCompile("(?m)^\\| (`.*?) \\|").FindAllStringSubmatch(table, -1) {
			documented[object] += row[1]
		}
	}
	sources, err := filepath.Glob("../*.go")
	must(t, 0, err)
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
		must(t, 0, err)
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
	must(t, 0, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		inModule := !strings.HasPrefix(path, "../e2e") && !strings.HasPrefix(path, "../testbed") && !strings.HasPrefix(path, "../embedded")
		if err == nil && inModule && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			data, err := os.ReadFile(path)
			must(t, 0, err)
			said.Write(regexp.MustCompile(`" \+\n\s*"`).ReplaceAll(data, nil))
		}
		return err
	}))
	data, err := os.ReadFile("../docs/errors.md")
	rows := regexp.MustCompile("(?m)^\\| `([^`]*)`").FindAllStringSubmatch(string(must(t, data, err)), -1)
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
