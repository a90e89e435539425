package manifest

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		file, data string
		want       string // "name version", or the error's text
	}{
		"poetry 1":           {"pyproject.toml", "[tool.poetry]\nname = \"shop\"\nversion = \"1.4.0\"\n", "shop 1.4.0"},
		"poetry 2":           {"pyproject.toml", "[project]\nname = \"shop\"\ndynamic = [\"version\"]\n[tool.poetry]\nversion = \"2.0rc1\"\n", "shop 2.0rc1"},
		"PEP 621":            {"pyproject.toml", "[project]\nname = \"shop\"\nversion = \"1.4\"\n", "shop 1.4"},
		"PEP 621 first":      {"pyproject.toml", "[project]\nname = \"a\"\nversion = \"1\"\n[tool.poetry]\nname = \"b\"\nversion = \"2\"\n", "a 1"},
		"inline table":       {"pyproject.toml", "project = { name = \"shop\", version = \"1.4\" }\n", "shop 1.4"},
		"dotted keys":        {"pyproject.toml", "project.name = \"shop\"\nproject.version = \"1.4\"\n", "shop 1.4"},
		"BOM and CRLF":       {"pyproject.toml", "\ufeff[project]\r\nname = \"shop\"\r\nversion = \"1.4\"\r\n", "shop 1.4"},
		"npm":                {"package.json", `{"name": "@acme/shop", "version": "1.4.0-rc.1"}`, "@acme/shop 1.4.0-rc.1"},
		"cargo":              {"Cargo.toml", "[package]\nname = \"shop\"\nversion = \"1.4.0\"\n", "shop 1.4.0"},
		"cargo workspace":    {"Cargo.toml", "[workspace.package]\nversion = \"3.0.0\"\n[package]\nname = \"shop\"\nversion.workspace = true\n", "shop 3.0.0"},
		"cargo inline":       {"Cargo.toml", "[workspace.package]\nversion = \"3.0.0\"\n[package]\nname = \"shop\"\nversion = { workspace = true }\n", "shop 3.0.0"},
		"dynamic":            {"pyproject.toml", "[project]\nname = \"shop\"\ndynamic = [\"version\"]\n", "pyproject.toml:3: the version is dynamic"},
		"no version":         {"pyproject.toml", "\n[tool.poetry]\nname = \"shop\"\n", "pyproject.toml:2: no version in [tool.poetry]"},
		"no name":            {"Cargo.toml", "[package]\nversion = \"1.0.0\"\n", "Cargo.toml:1: no name in [package]"},
		"bad PEP 440":        {"pyproject.toml", "[project]\nname = \"shop\"\n\nversion = \"one\"\n", `pyproject.toml:4: "one" is not a valid PEP 440 version`},
		"bad SemVer":         {"package.json", "{\n  \"name\": \"shop\",\n  \"version\": \"1.4\"\n}", `package.json:3: "1.4" is not a valid SemVer version`},
		"number for version": {"package.json", "{\"name\": \"shop\",\n\"version\": 1}", "package.json:2: version is not a string"},
		"broken TOML":        {"pyproject.toml", "[project]\nname = shop\n", "pyproject.toml:2: toml:"},
		"broken JSON":        {"package.json", "{\n  \"name\": }", "package.json:2: invalid character"},
		"only tools":         {"pyproject.toml", "[tool.ruff]\nline-length = 100\n", "no project with a version"},
		"private":            {"package.json", `{"private": true}`, "no project with a version"},
		"virtual workspace":  {"Cargo.toml", "[workspace]\nmembers = []\n", "no project with a version"},
		"unknown file":       {"setup.py", "", "setup.py is no manifest that Ship reads"},
	} {
		t.Run(name, func(t *testing.T) {
			project, err := Parse(c.file, []byte(c.data))
			got := project.Name + " " + project.Version.Text
			if err != nil {
				got = err.Error()
			}
			if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	poetry := []byte("[tool.poetry]\nname = \"shop\"\nversion = \"1.4.0\"\n")
	tools := []byte("{\"private\": true}")
	same := []byte(`{"name": "ui", "version": "1.4.0"}`)
	other := []byte(`{"name": "ui", "version": "2.0.0"}`)

	for name, manifests := range map[string]map[string][]byte{
		"alone":              {"pyproject.toml": poetry},
		"beside private npm": {"pyproject.toml": poetry, "package.json": tools},
		"two that agree":     {"pyproject.toml": poetry, "package.json": same},
	} {
		project, err := Choose(manifests)
		if err != nil || project.Name != "shop" || project.Path != "pyproject.toml" {
			t.Errorf("%s: %+v, %v", name, project, err)
		}
	}
	if _, err := Choose(map[string][]byte{"pyproject.toml": poetry, "package.json": other}); err == nil ||
		!strings.Contains(err.Error(), "pyproject.toml says 1.4.0 and package.json says 2.0.0") {
		t.Errorf("two that disagree: %v", err)
	}
	if _, err := Choose(nil); err == nil || !strings.Contains(err.Error(), "looked for pyproject.toml, package.json, Cargo.toml") {
		t.Errorf("none: %v", err)
	}
	if _, err := Choose(map[string][]byte{"package.json": tools}); !errors.Is(err, ErrNoProject) {
		t.Errorf("only a private one: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("pyproject.toml", []byte("[project]\nname = \"shop\"\nversion = \"1.4\"\n"))
	f.Add("package.json", []byte(`{"name": "shop", "version": "1.4"}`))
	f.Add("Cargo.toml", []byte("[package]\nversion.workspace = true\n"))
	f.Fuzz(func(t *testing.T, file string, data []byte) {
		project, err := Parse(file, data)
		if err == nil && (project.Name == "" || project.Version.Text == "") {
			t.Errorf("%s: no error and no project: %+v", file, project)
		}
	})
}
