package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus says for each manifest under testdata/corpus what is read from it: "name version", or a
// part of the error.
var corpus = map[string]string{
	"poetry1/pyproject.toml":          "shop 1.4.0",
	"poetry2/pyproject.toml":          "shop 2.0rc1",
	"poetry-tools/pyproject.toml":     "no project with a version: [tool.poetry] has package-mode = false",
	"pep621/pyproject.toml":           "Shop_API 1!2.0.post1+ubuntu.1",
	"pep621-odd/pyproject.toml":       "shop 1.4",
	"pep621-multiline/pyproject.toml": "shop 1.4.0",
	"pep621-twice/pyproject.toml":     "pyproject.toml:4:",
	"pep621-latin1/pyproject.toml":    "pyproject.toml:3:",
	"pep621-number/pyproject.toml":    "pyproject.toml:3: project.version is not a string: write it in quotes",
	"setuptools-file/pyproject.toml":  "shop 1.4.0",
	"setuptools-scm/pyproject.toml":   "pyproject.toml:6: the version is dynamic",
	"setup-cfg/setup.cfg":             "shop 1.4.0",
	"setup-cfg-file/setup.cfg":        "shop 1.4.0",
	"setup-cfg-attr/setup.cfg":        "shop 1.4.0",
	"setup-cfg-attr-none/setup.cfg":   "setup.cfg:3: the version is __version__ of a module that does not exist",

	"hatch/pyproject.toml":         "shop 1.4.0rc1",
	"hatch-pattern/pyproject.toml": "shop 1.4.0",
	"hatch-python/pyproject.toml": "pyproject.toml:11: the pattern is one of Python's own, which is not " +
		"read: write version = ",
	"hatch-vcs/pyproject.toml": "pyproject.toml:9: the version is dynamic, so only running the build " +
		"would tell it: write version = ",
	"pdm/pyproject.toml":     "shop 1.4.0",
	"pdm-scm/pyproject.toml": "pyproject.toml:9: the version is dynamic",
	"flit/pyproject.toml":    "shop-api 1.4.0",
	"flit-src/pyproject.toml": "src/shop_api/__init__.py:5: only running it would tell __version__: " +
		"assign a plain string to it",
	"setuptools-attr/pyproject.toml":      "shop 1.4.0",
	"setuptools-attr-dir/pyproject.toml":  "shop 1.4.0",
	"setuptools-attr-call/pyproject.toml": "shop/__init__.py:1: only running it would tell __version__",

	"npm/package.json":         "shop 1.4.0",
	"npm-scope/package.json":   "@acme/shop 1.4.0-rc.1+build.5",
	"npm-crlf/package.json":    "shop 1.4.0",
	"npm-twice/package.json":   "shop 1.4.0",
	"npm-escapes/package.json": "shop 1.4.0",
	"npm-private/package.json": "no project with a version",
	"npm-comment/package.json": "package.json:2:3: invalid character '/'",
	"npm-array/package.json":   "not a JSON object but a JSON array",
	"npm-latin1/package.json":  "package.json:2: not UTF-8: save the file as UTF-8",
	"deno/deno.json":           "@acme/shop 1.4.0",
	"deno-comments/deno.jsonc": "@acme/shop 1.4.0",
	"deno-tasks/deno.json":     "no project with a version",

	"cargo/Cargo.toml":        "shop 1.4.0",
	"cargo-crlf/Cargo.toml":   "shop 1.4.0-rc.1",
	"cargo-inline/Cargo.toml": "shop 1.4.0",
	"cargo-member/Cargo.toml": "a workspace without a package of its own: name a member's Cargo.toml " +
		"with --manifest",
	"cargo-member/crates/api/Cargo.toml": "api 3.0.0",
	"cargo-root/Cargo.toml":              "shop 3.1.0",
	"cargo-orphan/Cargo.toml":            "Cargo.toml:3: the version is the workspace's, but",
	"cargo-twice/Cargo.toml":             "Cargo.toml:3:",
	"cargo-short/Cargo.toml":             `Cargo.toml:3: "1.4" is not a valid SemVer version`,

	"helm/Chart.yaml":            "shop 1.4.0",
	"helm-flow/Chart.yaml":       "shop 1.4.0+5",
	"helm-crlf/Chart.yaml":       "shop 1.4.0-rc.1",
	"helm-alias/Chart.yaml":      "shop 1.4.0",
	"helm-number/Chart.yaml":     "shop 1.4",
	"helm-none/Chart.yaml":       "Chart.yaml: no version",
	"helm-tab/Chart.yaml":        "found a tab character that violates indentation",
	"pubspec/pubspec.yaml":       "shop 1.4.0+7",
	"pubspec-none/pubspec.yaml":  "no project with a version",
	"pubspec-twice/pubspec.yaml": "pubspec.yaml:3: version is there twice: in line 2 too",

	"maven/pom.xml":            "shop 1.4.0-SNAPSHOT",
	"maven-latin1/pom.xml":     "shop 1.4",
	"maven-parent/pom.xml":     "all 2.0-rc1",
	"maven-parent/api/pom.xml": "api 2.0-rc1",
	"maven-config/pom.xml":     "shop 1.4.0",
	"maven-unknown/pom.xml":    "pom.xml:5: ${sha1} is not known without running Maven: define it under <properties>",
	"maven-profile/pom.xml":    "pom.xml:9: only running Maven would tell ${revision}, which a profile sets",
	"maven-circle/pom.xml":     "refers to itself",
	"maven-twice/pom.xml":      "pom.xml:4: <version> is there twice",
	"maven-open/pom.xml":       "pom.xml:4:",

	"gradle/build.gradle":                  "shop 1.4.0",
	"gradle-kts/build.gradle.kts":          "shop 1.4.0-SNAPSHOT",
	"gradle-properties/build.gradle":       "shop 1.4.0",
	"gradle-properties/gradle.properties":  "build.gradle is read instead",
	"gradle-sub/gradle.properties":         "all 1.4.0",
	"gradle-sub/services/api/build.gradle": "api 1.4.0",
	"gradle-dynamic/build.gradle":          "build.gradle:2: only running Gradle would tell the version",
	"gradle-interpolated/build.gradle.kts": "build.gradle.kts:1: only running Gradle would tell the version",
	"gradle-nameless/build.gradle":         "build.gradle: no name: write rootProject.name = ",

	"dotnet/Shop.csproj":                 "Acme.Shop 1.4.0",
	"dotnet-props/Directory.Build.props": "it is shared by projects: name one of them",
	"dotnet-props/src/Shop/Shop.csproj":  "Acme.Shop 2.1.0.3-rc.1",
	"dotnet-condition/Shop.csproj": "Shop.csproj:4: only running MSBuild would tell <Version>, which has a " +
		"Condition",
	"dotnet-unknown/Shop.csproj": "Shop.csproj:3: only running MSBuild would tell $(BUILD)",
	"dotnet-fsharp/Shop.fsproj":  "Shop 1.4.0",
	"dotnet-import/Shop.vbproj": "Shop.vbproj:2: only running MSBuild would tell what the <Import> sets: " +
		"write <Version>",
	"dotnet-none/Shop.csproj": "no <Version>: write it in a <PropertyGroup>",

	"composer/composer.json":        "acme/shop v1.4.0-RC1",
	"composer-none/composer.json":   "no project with a version",
	"composer-branch/composer.json": `composer.json:3: "dev-main" is not a valid Composer version`,
	"mix/mix.exs":                   "shop 1.4.0",
	"mix-attribute/mix.exs":         "shop 1.4.0-rc.1",
	"mix-computed/mix.exs":          "mix.exs:3: only running mix would tell the version",
	"mix-umbrella/mix.exs":          "an umbrella: name an app's mix.exs with --manifest",
	"version/VERSION":               " 1.4.0",
	"version-two/VERSION":           "VERSION:1: more than the version: leave only that",
	"version-empty/VERSION":         "VERSION:1: empty: write the version in it",
	"version-letter/VERSION":        `VERSION:1: "release 5" is not a valid Gradle version`,
}

// disk is the tree of a folder.
func disk(root string) Tree {
	return Tree{
		List: func(folder string) (names []string, err error) {
			entries, err := os.ReadDir(filepath.Join(root, folder))
			for _, entry := range entries {
				names = append(names, entry.Name())
			}
			return names, err
		},
		Contents: func(file string) ([]byte, error) { return os.ReadFile(filepath.Join(root, file)) },
	}
}

func TestCorpus(t *testing.T) {
	for file, want := range corpus {
		project, err := readCase(file)
		got := project.Name + " " + project.Version.Text
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%s: got %q, want %q", file, got, want)
		}
	}
}

// readCase reads one manifest of the corpus, whose first folder is the root of a tree of its own.
func readCase(file string) (Project, error) {
	root, rest, _ := strings.Cut(file, "/")
	return Read(disk("testdata/corpus/"+root), rest)
}

func TestEveryManifestOfTheCorpusIsInTheTable(t *testing.T) {
	files, _ := filepath.Glob("testdata/corpus/*/*")
	for _, file := range files {
		if _, known := corpus[strings.TrimPrefix(file, "testdata/corpus/")]; known {
			continue
		}
		for _, format := range formats {
			if is, _ := filepath.Match(format.pattern, filepath.Base(file)); is &&
				!strings.HasSuffix(file, "setup-cfg-file/VERSION") {
				t.Errorf("%s is in no row", file)
			}
		}
	}
}
