package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// stricter says why reading may fail although the ecosystem's own tool reads something.
var stricter = map[string]string{
	"pep621-number/pyproject.toml": "TOML allows a number, the format of [project] does not",
	"helm-number/Chart.yaml": "Helm takes the text of a number for a version; SemVer has three numbers, of " +
		"which none is left out",
	"npm-latin1/package.json": "npm replaces what is not UTF-8",
	"npm-array/package.json":  "npm takes an array for an object without keys",
}

// directives are build tools' own, which Python's libraries do not know: these are not compared.
var directives = regexp.MustCompile(`^(setuptools-(file|attr)|setup-cfg-(file|attr)|hatch|pdm|flit)`)

// tools say of a manifest "name version" as the ecosystem's own tool reads it, or fail as it does.
// The program is looked for first; folder is a copy that may be written to.
var tools = []struct {
	program, pattern string
	read             func(program, folder, file string) (string, error)
}{
	{"npm", "package.json", func(program, folder, file string) (string, error) {
		out, err := run(folder, program, "pkg", "get", "name", "version")
		return fields(out, err)
	}},
	{"cargo", "Cargo.toml", func(program, folder, file string) (string, error) {
		if err := sources(folder); err != nil {
			return "", err
		}
		out, err := run(path.Dir(filepath.Join(folder, file)), program, "read-manifest", "--offline")
		return fields(out, err)
	}},
	{"helm", "Chart.yaml", func(program, folder, file string) (string, error) {
		out, err := run(folder, program, "show", "chart", ".")
		if err != nil {
			return "", err
		}
		var says struct{ Name, Version string }
		if err := yaml.Unmarshal(out, &says); err != nil || says.Name == "" || says.Version == "" {
			return "", fmt.Errorf("no name or no version in %.200s", out)
		}
		return says.Name + " " + says.Version, nil
	}},
	{"python3", "pyproject.toml", func(program, folder, file string) (string, error) {
		const script = `import json, sys, tomllib
text = open("pyproject.toml", encoding="utf-8-sig", newline="").read()
all = tomllib.loads(text)
project, poetry = all.get("project", {}), all.get("tool", {}).get("poetry", {})
print(json.dumps({"name": project.get("name", poetry.get("name")),
	"version": project.get("version", poetry.get("version"))}))`
		out, err := run(folder, program, "-c", script)
		return fields(out, err)
	}},
	{"python3", "setup.cfg", func(program, folder, file string) (string, error) {
		const script = `import configparser, json
metadata = configparser.ConfigParser()
metadata.read("setup.cfg", encoding="utf-8")
print(json.dumps(dict(metadata["metadata"])))`
		out, err := run(folder, program, "-c", script)
		return fields(out, err)
	}},
}

func TestToolsReadTheSame(t *testing.T) {
	for _, tool := range tools {
		t.Run(tool.program+" "+tool.pattern, func(t *testing.T) {
			t.Parallel()
			program, err := exec.LookPath(tool.program)
			if err != nil {
				program = filepath.Join(os.Getenv("CLUSTER_PROGRAMS"), tool.program)
			}
			if _, err := os.Stat(program); err != nil {
				t.Skipf("%s is not on this machine: its reading is not compared", tool.program)
			}
			if out, err := exec.Command(program, map[bool]string{true: "version",
				false: "--version"}[tool.program == "helm"]).CombinedOutput(); err != nil {
				t.Skipf("%s does not run: %v: %.200s", tool.program, err, out)
			}
			for file := range corpus {
				if path.Base(file) == tool.pattern && !directives.MatchString(file) {
					compare(t, file, func(folder, rest string) (string, error) {
						return tool.read(program, folder,
							rest)
					})
				}
			}
		})
	}
}

func compare(t *testing.T, file string, read func(folder, file string) (string, error)) {
	project, shipErr := readCase(file)
	root, rest, _ := strings.Cut(file, "/")
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("testdata/corpus/"+root)); err != nil {
		t.Fatal(err)
	}
	theirs, err := read(folder, rest)
	ours := project.Name + " " + project.Version.Text
	switch {
	case shipErr != nil && (err != nil || errors.Is(shipErr, ErrNoProject) || stricter[file] != ""):
		t.Logf("%s: %v; the tool: %q, %.100v", file, shipErr, theirs, err)
	case shipErr != nil:
		t.Errorf("%s: %v, but the tool reads %q", file, shipErr, theirs)
	case err != nil:
		t.Errorf("%s: %q, but the tool fails: %v", file, ours, err)
	case theirs != ours:
		t.Errorf("%s: %q, but the tool reads %q", file, ours, theirs)
	}
}

func run(folder, program string, arguments ...string) ([]byte, error) {
	command := exec.Command(program, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), "NO_UPDATE_NOTIFIER=1", "npm_config_update_notifier=false")
	out, err := command.Output()
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		err = fmt.Errorf("%w: %.300s", err, failed.Stderr)
	}
	return out, err
}

// fields reads name and version from JSON.
func fields(out []byte, err error) (string, error) {
	if err != nil {
		return "", err
	}
	var says struct{ Name, Version string }
	if err := json.Unmarshal(out, &says); err != nil {
		return "", fmt.Errorf("%w in %.200s", err, out)
	}
	if says.Name == "" || says.Version == "" {
		return "", fmt.Errorf("no name or no version in %.200s", out)
	}
	return says.Name + " " + says.Version, nil
}

// sources gives each package an empty library: Cargo needs one.
func sources(folder string) error {
	return filepath.WalkDir(folder, func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.Name() != "Cargo.toml" {
			return err
		}
		source := filepath.Join(filepath.Dir(file), "src")
		if err := os.MkdirAll(source, 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(source, "lib.rs"), nil, 0o644)
	})
}
