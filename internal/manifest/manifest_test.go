package manifest

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		file, data string
		want       string // "name version", or the error's text
	}{
		"poetry 1": {"pyproject.toml", "[tool.poetry]\nname = \"shop\"\nversion = \"1.4.0\"\n", "shop 1.4.0"},
		"poetry 2": {
			"pyproject.toml",
			"[project]\nname = \"shop\"\ndynamic = [\"version\"]\n[tool.poetry]\nversion = \"2.0rc1\"\n",
			"shop 2.0rc1",
		},
		"PEP 621": {"pyproject.toml", "[project]\nname = \"shop\"\nversion = \"1.4\"\n", "shop 1.4"},
		"PEP 621 first": {
			"pyproject.toml",
			"[project]\nname = \"a\"\nversion = \"1\"\n[tool.poetry]\nname = \"b\"\nversion = \"2\"\n",
			"a 1",
		},
		"inline table": {"pyproject.toml", "project = { name = \"shop\", version = \"1.4\" }\n", "shop 1.4"},
		"dotted keys":  {"pyproject.toml", "project.name = \"shop\"\nproject.version = \"1.4\"\n", "shop 1.4"},
		"BOM and CRLF": {"pyproject.toml", "\ufeff[project]\r\nname = \"shop\"\r\nversion = \"1.4\"\r\n", "shop 1.4"},
		"npm":          {"package.json", `{"name": "@acme/shop", "version": "1.4.0-rc.1"}`, "@acme/shop 1.4.0-rc.1"},
		"cargo":        {"Cargo.toml", "[package]\nname = \"shop\"\nversion = \"1.4.0\"\n", "shop 1.4.0"},
		"cargo workspace": {
			"Cargo.toml",
			"[workspace.package]\nversion = \"3.0.0\"\n[package]\nname = \"shop\"\nversion.workspace = true\n",
			"shop 3.0.0",
		},
		"cargo inline": {
			"Cargo.toml",
			"[workspace.package]\nversion = \"3.0.0\"\n[package]\nname = \"shop\"\nversion = { workspace = true }\n",
			"shop 3.0.0",
		},
		"dynamic": {
			"pyproject.toml",
			"[project]\nname = \"shop\"\ndynamic = [\"version\"]\n",
			"pyproject.toml:3: the version is dynamic",
		},
		"no version": {
			"pyproject.toml",
			"\n[tool.poetry]\nname = \"shop\"\n",
			"pyproject.toml:2: no version in [tool.poetry]",
		},
		"no name": {"Cargo.toml", "[package]\nversion = \"1.0.0\"\n", "Cargo.toml:1: no name in [package]"},
		"bad PEP 440": {
			"pyproject.toml",
			"[project]\nname = \"shop\"\n\nversion = \"one\"\n",
			`pyproject.toml:4: "one" is not a valid PEP 440 version`,
		},
		"bad SemVer": {
			"package.json",
			"{\n  \"name\": \"shop\",\n  \"version\": \"1.4\"\n}",
			`package.json:3: "1.4" is not a valid SemVer version`,
		},
		"number for version": {
			"package.json",
			"{\"name\": \"shop\",\n\"version\": 1}",
			"package.json:2: version is not a string",
		},
		"broken TOML":       {"pyproject.toml", "[project]\nname = shop\n", "pyproject.toml:2:8: toml:"},
		"broken JSON":       {"package.json", "{\n  \"name\": }", "package.json:2:11: invalid character"},
		"only tools":        {"pyproject.toml", "[tool.ruff]\nline-length = 100\n", "no project with a version"},
		"private":           {"package.json", `{"private": true}`, "no project with a version"},
		"virtual workspace": {"Cargo.toml", "[workspace]\nmembers = []\n", "no project with a version"},
		"a long name": {
			"package.json",
			"{\n\"name\": \"" + strings.Repeat("x", 201) + "\", \"version\": \"1.4.0\"}",
			"package.json:2: the name has 201 letters: write one of 200 at most",
		},
		"a forged name": {
			"Cargo.toml",
			"[package]\nversion = \"1.4.0\"\nname = \"shop\\n`- + deploy production\"\n",
			"Cargo.toml:3: the name \"shop\\n`- + deploy production\" has letters that cannot be seen",
		},
		"a hidden letter": {
			"setup.cfg",
			"[metadata]\nversion = 1.4\nname = sh\u202eop\n",
			`setup.cfg:3: the name "sh\u202eop" has letters that cannot be seen`,
		},
		"a name of lines": {
			"setup.cfg",
			"[metadata]\nversion = 1.4\nname = shop\n  production runs\n",
			"setup.cfg:3: the name \"shop\\nproduction runs\" has",
		},
		"an escaping name": {
			"Shop.csproj",
			"<Project><PropertyGroup><Version>1.4.0</Version>\n" +
				"<PackageId>sh&#x2028;op</PackageId></PropertyGroup></Project>",
			"Shop.csproj:2: the name",
		},
		"a file's name": {
			"a\nb.csproj",
			"<Project><PropertyGroup><Version>1.4.0</Version></PropertyGroup></Project>",
			"a b.csproj: the name",
		},
		"a long version": {
			"package.json",
			"{\"name\": \"shop\",\n\"version\": \"1.4.0-" + strings.Repeat("x", 200) + "\"}",
			"package.json:2: the version has 206 letters",
		},
		"a blank behind": {
			"pyproject.toml",
			"[project]\nname = \"shop\"\nversion = \"1.4 \"\n",
			`pyproject.toml:3: "1.4 " is not a valid PEP 440 version`,
		},
		"an error's escapes": {
			"package.json",
			"{\"name\": \"shop\", \"version\": \"\\u001b[0Ksection_start:1:x\"}",
			`"\x1b[0Ksection_start:1:x" is not a valid SemVer version`,
		},
		"PowerShell":        {"VERSION", "\xff\xfe1\x00.\x002\x00.\x003\x00\r\x00\n\x00", " 1.2.3"},
		"UTF-16, the other": {"VERSION", "\xfe\xff\x001\x00.\x002\x00.\x003\x00\n", " 1.2.3"},
		"UTF-16, as text":   {"VERSION", "\ufffd\ufffd1\x00.\x002\x00.\x003\x00\r\x00\n\x00", " 1.2.3"},
		"UTF-16, letters": {
			"package.json", "\ufffd\ufffd{\x00\ufffd\x04}\x00", "package.json: not UTF-8, but UTF-16: save the file",
		},
		"JSON in UTF-16": {"package.json", "\xff\xfe{\x00}\x00", "no project with a version"},
		"unknown file":   {"setup.sh", "", "setup.sh is not a manifest that Ship reads"},
	} {
		t.Run(name, func(t *testing.T) {
			project, err := Read(folder{c.file: c.data}.tree(), c.file)
			check(t, project.Name+" "+project.Version.Text, err, c.want)
		})
	}
}

func TestFind(t *testing.T) {
	poetry := "[tool.poetry]\nname = \"shop\"\nversion = \"1.4.0\"\n"
	tools := `{"private": true, "name": "tools"}`
	for name, c := range map[string]struct {
		files folder
		want  string // "path name version", or a part of the error's text
	}{
		"alone":              {folder{"pyproject.toml": poetry}, "pyproject.toml shop 1.4.0"},
		"beside private npm": {folder{"pyproject.toml": poetry, "package.json": tools}, "pyproject.toml shop 1.4.0"},
		"two that agree": {
			folder{"pyproject.toml": poetry, "package.json": `{"name": "ui", "version": "1.4.0"}`},
			"pyproject.toml shop 1.4.0",
		},
		"two that disagree": {folder{"pyproject.toml": poetry, "package.json": `{"name": "ui", "version": "2.0.0"}`},
			"pyproject.toml says shop 1.4.0, package.json says ui 2.0.0: name the one to follow with --manifest"},
		"a chart below": {
			folder{"pyproject.toml": poetry, "chart/Chart.yaml": "name: c\nversion: 9.0.0\n"},
			"pyproject.toml shop 1.4.0",
		},
		"maturin": {
			folder{
				"pyproject.toml": "[project]\nname = \"shop\"\ndynamic = " +
					"[\"version\"]\n[build-system]\nbuild-backend = \"maturin\"\n",
				"Cargo.toml": "[package]\nname = \"shop\"\nversion = \"1.4.0\"\n",
			},
			"Cargo.toml shop 1.4.0",
		},
		"VERSION agrees": {folder{"pyproject.toml": poetry, "VERSION": "1.4.0\n"}, "pyproject.toml shop 1.4.0"},
		"VERSION differs": {
			folder{"pyproject.toml": poetry, "VERSION": "1.5.0\n"},
			"pyproject.toml says shop 1.4.0, VERSION says 1.5.0",
		},
		"only VERSION": {folder{"VERSION": "1.5.0\n", "package.json": tools}, "VERSION  1.5.0"},
		"setup.cfg, tools": {
			folder{
				"pyproject.toml": "[build-system]\nrequires = []\n",
				"setup.cfg":      "[metadata]\nname = shop\nversion = 1.4\n",
			},
			"setup.cfg shop 1.4",
		},
		"two projects": {
			folder{
				"A.csproj": "<Project><PropertyGroup><Version>1.0.0</Version></PropertyGroup></Project>",
				"B.csproj": "<Project><PropertyGroup><Version>2.0.0</Version></PropertyGroup></Project>",
			},
			"A.csproj says A 1.0.0, B.csproj says B 2.0.0",
		},
		"setup.py alone": {
			folder{"setup.py": "setup(version='1')"},
			"setup.py: only running it would tell name and version",
		},
		"setup.py too":   {folder{"setup.py": "setup()", "pyproject.toml": poetry}, "pyproject.toml shop 1.4.0"},
		"none":           {folder{}, "looked for pyproject.toml, setup.cfg, package.json"},
		"only a private": {folder{"package.json": tools}, "no project with a version"},
		"a helper's": {
			folder{"pyproject.toml": poetry, "package.json": `{"name": "tooling", "devDependencies": {}}`},
			"pyproject.toml shop 1.4.0",
		},
		"a faulty first": {
			folder{"pyproject.toml": "[project]\nname = 1\n", "package.json": `{"name": "ui", "version": "2.0.0"}`},
			"pyproject.toml:2: project.name is not a string",
		},
		"setup.py and npm": {
			folder{"setup.py": "setup()", "package.json": `{"name": "ui", "version": "2.0.0"}`},
			"setup.py: only running it would tell",
		},
		"Cargo, VERSION": {
			folder{"Cargo.toml": "[package]\nname = \"shop\"\npublish = false\n", "VERSION": "1.4.0"},
			"VERSION  1.4.0",
		},
		"a monorepo": {folder{"package.json": `{"private": true, "workspaces": ["packages/*"]}`,
			"packages/api/package.json": `{"name": "api", "version": "1.4.0"}`},
			"it has no version\nname a manifest that has one with --manifest, as " +
				"--manifest=packages/api/package.json; list the projects of a repo of several in ship.toml; or write"},
		"an umbrella": {
			folder{
				"mix.exs":          "def project do\n[apps_path: \"apps\", version: \"1.4.0\"]",
				"apps/web/mix.exs": "def project do\n[app: :web, version: \"1.4.0\"]",
			},
			"--manifest=apps/web/mix.exs",
		},
		"Go": {
			folder{"go.mod": "module shop", "main.go": ""},
			"; go.mod has no version: write it in a file VERSION beside it; name a manifest that has one with " +
				"--manifest; list the projects of a repo of several in ship.toml",
		},
		"only a chart": {
			folder{"Dockerfile": "", "chart/Chart.yaml": "name: c\nversion: 9.0.0\n"},
			"with --manifest, as --manifest=chart/Chart.yaml;",
		},
		"below a chart": {
			folder{
				"chart/Chart.yaml":   "name: c\nversion: 9.0.0\n",
				"src/app/Cargo.toml": "[package]\nname = \"s\"\nversion = \"1.0.0\"\n",
				"x/y/z/VERSION":      "1",
			},
			"--manifest=src/app/Cargo.toml",
		},
	} {
		t.Run(name, func(t *testing.T) {
			project, err := Find(c.files.tree(), ".")
			check(t, project.Path+" "+project.Name+" "+project.Version.Text, err, c.want)
		})
	}
}

func check(t *testing.T, got string, err error, want string) {
	t.Helper()
	if err != nil {
		got = err.Error()
	}
	if got != want && (err == nil || !strings.Contains(got, want)) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// folder is a tree in memory: texts by path.
type folder map[string]string

func (f folder) tree() Tree { return Tree{f.list, f.contents} }

func (f folder) list(at string) ([]string, error) {
	names := map[string]bool{}
	for file := range f {
		if at != "." {
			var below bool
			if file, below = strings.CutPrefix(file, at+"/"); !below {
				continue
			}
		}
		name, _, more := strings.Cut(file, "/")
		if more {
			name += "/"
		}
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names)), nil
}

func (f folder) contents(file string) ([]byte, error) {
	text, exists := f[file]
	if !exists {
		return nil, fs.ErrNotExist
	}
	return []byte(text), nil
}

func TestASingleManifestCostsAListAndAFile(t *testing.T) {
	for file, text := range map[string]string{
		"pyproject.toml": "[project]\nname = \"shop\"\nversion = \"1.4\"\n",
		"package.json":   `{"name": "shop", "version": "1.4.0"}`,
		"pom.xml":        "<project><artifactId>shop</artifactId><version>1.4</version></project>",
		"Shop.csproj":    "<Project><PropertyGroup><Version>1.4.0</Version></PropertyGroup></Project>",
	} {
		files, calls := folder{file: text, "src/a": "", "chart/Chart.yaml": ""}, 0
		tree := Tree{
			List:     func(at string) ([]string, error) { calls++; return files.list(at) },
			Contents: func(at string) ([]byte, error) { calls++; return files.contents(at) },
		}
		if _, err := Find(tree, "."); err != nil || calls != 2 {
			t.Errorf("%s: %d calls, %v", file, calls, err)
		}
		calls = 0
		if _, err := Read(tree, file); err != nil || calls > 2 {
			t.Errorf("%s by name: %d calls, %v", file, calls, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for file := range corpus { // seeds for each reader
		data, err := os.ReadFile("testdata/corpus/" + file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(path.Base(file), data, []byte("version=1.0\nrootProject.name = 'a'\n"))
	}
	for _, bomb := range bombs(2000) { // the fuzzer works from small ones
		for file, text := range bomb {
			f.Add(file, []byte(text), []byte(bomb["gradle.properties"]))
		}
	}
	f.Fuzz(func(t *testing.T, file string, data, neighbour []byte) {
		tree := folder{file: string(data)}
		for _, other := range []string{"gradle.properties", "settings.gradle", "Directory.Build.props",
			".mvn/maven.config", "VERSION"} {
			if other != file {
				tree[other] = string(neighbour)
			}
		}
		project, err := Read(tree.tree(), file)
		if err == nil && (project.Name == "" && file != "VERSION" || project.Version.Text == "") {
			t.Errorf("%s: no error and no project: %+v", file, project)
		}
		if err != nil &&
			(strings.ContainsFunc(err.Error(), func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) ||
				len(err.Error()) > 10000) {
			t.Errorf("%s: the error has control characters, or is long: %q", file, err)
		}
		if strings.ContainsFunc(project.Name+project.Version.Text, unicode.IsControl) ||
			len(project.Name) > 4*maxName ||
			len(project.Version.Text) > maxName {
			t.Errorf("%s: %q %q", file, project.Name, project.Version.Text)
		}
	})
}
