package bump

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"

	"dagger/ship/internal/manifest"
)

// theirs are trees in which the ecosystem's own tool sets a version, to compare each byte with.
var theirs = map[string]struct {
	program   string
	files     map[string]string
	lock      []string // arguments that make the lock files first
	file, set string   // the manifest, and its new version
	arguments []string
	edit      bool // the tool sets lock files only, so that the manifest has the version before it runs
}{
	"npm": {
		program: "npm",
		files: map[string]string{"package.json": "{\n  \"name\": \"shop\",\n  \"version\": \"1.4.0\",\n" +
			"  \"description\": \"1.4.0 & more\"\n}\n"},
		lock:      []string{"install", "--package-lock-only", "--offline"},
		file:      "package.json",
		set:       "1.5.0-rc.1",
		arguments: []string{"version", "--no-git-tag-version", "1.5.0-rc.1"},
	},
	"npm shrinkwrap": {
		program:   "npm",
		files:     map[string]string{"package.json": "{\n\t\"version\": \"1.4.0\",\n\t\"name\": \"@acme/shop\"\n}\n"},
		lock:      []string{"shrinkwrap", "--offline"},
		file:      "package.json",
		set:       "2.0.0",
		arguments: []string{"version", "--no-git-tag-version", "2.0.0"},
	},
	"npm workspace": {
		program: "npm",
		files: map[string]string{
			"package.json":              "{\n  \"private\": true,\n  \"workspaces\": [\n    \"packages/*\"\n  ]\n}\n",
			"packages/api/package.json": "{\n  \"name\": \"api\",\n  \"version\": \"1.4.0\"\n}\n",
			"packages/web/package.json": "{\n  \"name\": \"web\",\n  \"version\": \"1.4.0\"\n}\n",
		},
		lock:      []string{"install", "--package-lock-only", "--offline"},
		file:      "packages/api/package.json",
		set:       "1.5.0",
		arguments: []string{"version", "--no-git-tag-version", "--workspace=api", "--offline", "1.5.0"},
	},
	"cargo": {
		program: "cargo",
		files: map[string]string{"Cargo.toml": "[package]\nname = \"shop\" # 1.4.0\nversion = '1.4.0'\nedition = " +
			"\"2021\"\n",
			"src/lib.rs": ""},
		lock:      []string{"generate-lockfile", "--offline"},
		file:      "Cargo.toml",
		set:       "1.5.0-rc.1",
		arguments: []string{"update", "--workspace", "--offline"},
		edit:      true,
	},
	"cargo workspace": {
		program: "cargo",
		files: map[string]string{
			"Cargo.toml": "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"2\"\n\n[workspace.package]\nversion " +
				"= \"1.4.0\"\n" +
				"\n[workspace.dependencies]\napi = { path = \"crates/api\", version = \"1.4\" }\n",
			"crates/api/Cargo.toml": "[package]\nname = \"api\"\nversion.workspace = true\nedition = \"2021\"\n",
			"crates/api/src/lib.rs": "",
			"crates/web/Cargo.toml": "[package]\nname = \"web\"\nversion.workspace = true\nedition = \"2021\"\n\n" +
				"[dependencies]\napi.workspace = true\nown = { path = \"../own\", version = \"1.4.0\" }\n",
			"crates/web/src/lib.rs": "",
			"crates/own/Cargo.toml": "[package]\nname = \"own\"\nversion = \"1.4.0\"\nedition = \"2021\"\n",
			"crates/own/src/lib.rs": "",
		},
		lock:      []string{"generate-lockfile", "--offline"},
		file:      "crates/api/Cargo.toml",
		set:       "2.0.0",
		arguments: []string{"update", "--workspace", "--offline"},
		edit:      true,
	},
	"poetry": {
		program: "poetry",
		files: map[string]string{"pyproject.toml": "[tool.poetry]\nname = \"shop\" # 1.4.0\nversion = \"1.4.0\" # " +
			"now\ndescription = \"1.4.0\"\nauthors = []\n"},
		file:      "pyproject.toml",
		set:       "1.5.0rc1",
		arguments: []string{"version", "--no-interaction", "1.5.0rc1"},
	},
	"uv": {
		program: "uv",
		files: map[string]string{"pyproject.toml": "[project]\nname = \"Shop_Api\"\nversion = \"1.4.0\"\n" +
			"requires-python = \">=3.9\"\n"},
		lock:      []string{"lock", "--offline"},
		file:      "pyproject.toml",
		set:       "1.5.0rc1",
		arguments: []string{"version", "--offline", "--no-sync", "1.5.0rc1"},
	},
	"uv workspace": {
		program: "uv",
		files: map[string]string{
			"pyproject.toml": "[project]\nname = \"all\"\nversion = \"1.0\"\nrequires-python = \">=3.9\"\n" +
				"dependencies = [\"api\"]\n\n[tool.uv.workspace]\nmembers = [\"api\"]\n\n[tool.uv.sources]\n" +
				"api = { workspace = true }\n",
			"api/pyproject.toml": "[project]\nname = \"api\"\nversion = \"1.4.0\"\nrequires-python = \">=3.9\"\n",
		},
		lock:      []string{"lock", "--offline"},
		file:      "api/pyproject.toml",
		set:       "1.5.0-RC1",
		arguments: []string{"lock", "--offline"},
		edit:      true,
	},
	"maven": {
		program: "mvn",
		files: map[string]string{
			"pom.xml": pom("<groupId>com.acme</groupId>\n  <artifactId>all</artifactId>\n  " +
				"<version>1.4.0-SNAPSHOT</version>\n" +
				"  <packaging>pom</packaging>\n  <modules><module>api</module><module>web</module></modules>"),
			"api/pom.xml": pom(child + "\n  <artifactId>api</artifactId>"),
			"web/pom.xml": pom(child + "\n  <artifactId>web</artifactId>\n  <dependencies><dependency>\n" +
				"    <groupId>com.acme</groupId><artifactId>api</artifactId><version>1.4.0-SNAPSHOT</version>\n" +
				"  </dependency></dependencies>"),
		},
		file: "pom.xml",
		set:  "1.5.0",
		arguments: []string{"--batch-mode", "--offline", "org.codehaus.mojo:versions-maven-plugin:2.18.0:set",
			"-DnewVersion=1.5.0", "-DgenerateBackupPoms=false"},
	},
}

const child = "<parent><groupId>com.acme</groupId><artifactId>all</artifactId>\n    " +
	"<version>1.4.0-SNAPSHOT</version></parent>"

func pom(body string) string {
	return "<?xml version=\"1.0\"?>\n<!-- 1.4.0-SNAPSHOT -->\n<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n" +
		"  <modelVersion>4.0.0</modelVersion>\n  " + body + "\n</project>\n"
}

func TestToolsWriteTheSame(t *testing.T) {
	t.Parallel()
	for name, c := range theirs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program, err := exec.LookPath(c.program)
			if err != nil {
				t.Skipf("%s is not on this machine: what it writes is not compared", c.program)
			}
			folder := t.TempDir()
			for file, text := range c.files {
				write(t, filepath.Join(folder, file), text)
			}
			if out, err := run(folder, program, "--version"); err != nil {
				t.Skipf("%s does not run: %v: %.200s", c.program, err, out)
			}
			if c.lock != nil {
				if out, err := run(folder, program, c.lock...); err != nil {
					t.Skipf("%s makes no lock file here: %v: %.500s", c.program, err, out)
				}
			}
			tree := disk(folder)
			was, err := manifest.Read(tree, c.file)
			if err != nil {
				t.Fatal(err)
			}
			changes, err := Set(tree, "", c.file, c.set)
			if err != nil {
				t.Fatal(err)
			}
			for _, change := range changes {
				if ext := path.Ext(change.Path); c.edit && ext != ".lock" {
					write(t, filepath.Join(folder, change.Path), string(change.New))
				}
			}
			if out, err := run(folder, program, c.arguments...); err != nil {
				if c.program == "mvn" {
					t.Logf("its plugin is not on this machine: %v", err)
					mavenTakes(t, program, folder, changes)
					return
				}
				t.Fatalf("%v: %s", err, out)
			}
			compare(t, folder, c.files, changes)
			t.Logf("%s from %s to %s: %d files", was.Name, was.Version.Text, c.set, len(changes))
		})
	}
}

// mavenTakes makes sure that Maven takes the modules with their new version. If one of them had the
// parent's old version, it would look for that elsewhere, and find none.
func mavenTakes(t *testing.T, program, folder string, changes []Change) {
	t.Helper()
	for _, change := range changes {
		write(t, filepath.Join(folder, change.Path), string(change.New))
	}
	if out, err := run(folder, program, "--batch-mode", "--offline", "validate"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// compare holds what was changed, and what was not, to the files of a folder.
func compare(t *testing.T, folder string, files map[string]string, changes []Change) {
	t.Helper()
	ours := map[string][]byte{}
	for file, text := range files {
		ours[file] = []byte(text)
	}
	for _, change := range changes {
		ours[change.Path] = change.New
	}
	for file, text := range ours {
		their, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil || !bytes.Equal(their, text) {
			t.Errorf("%s: got\n%s\nthe tool writes\n%s%v", file, text, their, err)
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func run(folder, program string, arguments ...string) ([]byte, error) {
	command := exec.Command(program, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), "npm_config_update_notifier=false", "CARGO_HOME="+filepath.Join(folder,
		".cargo"))
	out, err := command.CombinedOutput()
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		err = fmt.Errorf("%s %q: %w", path.Base(program), arguments, err)
	}
	return out, err
}
