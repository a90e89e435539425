package manifest

import "testing"

// TestPlaceholders has projects whose version a tool reads from git, and what looks alike but is a
// version.
func TestPlaceholders(t *testing.T) {
	poetry := "[tool.poetry]\nname = \"ledger\"\nversion = \"0.0.0\"\n"
	poetry2 := "[project]\nname = \"ledger\"\ndynamic = [\"version\"]\n" + poetry
	dynamic := "[tool.poetry-dynamic-versioning]\nenable = true\n"
	pom := "<project><artifactId>ledger</artifactId><version>0</version></project>"
	sdk := func(inside string) string {
		return "<Project><PropertyGroup><Version>1.0.0</Version></PropertyGroup><ItemGroup>" + inside +
			"</ItemGroup></Project>"
	}
	settings := "rootProject.name = 'shop'"
	for name, c := range map[string]struct {
		file  string
		files folder
		want  string
	}{
		"Poetry 1": {
			"pyproject.toml",
			folder{"pyproject.toml": poetry + dynamic},
			"pyproject.toml:3: the version is not in the manifest: poetry-dynamic-versioning takes it from git",
		},
		"Poetry 2": {
			"pyproject.toml",
			folder{"pyproject.toml": poetry2 + dynamic},
			"pyproject.toml:6: the version is not in the manifest: poetry-dynamic-versioning",
		},
		"Poetry, switched off": {
			"pyproject.toml",
			folder{"pyproject.toml": poetry + "[tool.poetry-dynamic-versioning]\nenable = false\n"},
			"ledger 0.0.0",
		},
		"Poetry, of a module": {
			"pyproject.toml",
			folder{"pyproject.toml": poetry + "[tool.poetry-version-plugin]\nsource = \"init\"\n"},
			"poetry-version-plugin takes it from git",
		},
		"npm": {
			"package.json",
			folder{"package.json": "{\"name\": \"ledger\",\n\"version\": \"0.0.0-development\"}"},
			"package.json:2: the version is not in the manifest: semantic-release",
		},
		"npm, 0.0.0": {
			"package.json",
			folder{
				"package.json": `{"name": "ledger", "version": "0.0.0", ` +
					`"devDependencies": {"semantic-release": "^24.0.0"}}`,
			},
			"semantic-release takes it from git",
		},
		"npm, a version": {
			"package.json",
			folder{
				"package.json": `{"name": "ledger", "version": "1.4.0", ` +
					`"devDependencies": {"@semantic-release/git": "^10.0.0"}}`,
			},
			"ledger 1.4.0",
		},
		"npm, 0.0.0 alone": {
			"package.json",
			folder{"package.json": `{"name": "ledger", "version": "0.0.0", "keywords": ["semantic-release"]}`},
			"ledger 0.0.0",
		},
		"pbr": {
			"setup.cfg",
			folder{"setup.cfg": "[metadata]\nname = shop\n", "setup.py": "setup(setup_requires=['pbr'], pbr=True)"},
			"setup.cfg:2: the version is not in the manifest: pbr takes it from git",
		},
		"setuptools-scm": {
			"setup.cfg",
			folder{"setup.cfg": "[metadata]\nname = shop\nversion = 0\n", "setup.py": "setup(use_scm_version=True)"},
			"setup.cfg:3: the version is not in the manifest: use_scm_version",
		},
		"setuptools alone": {
			"setup.cfg",
			folder{"setup.cfg": "[metadata]\nname = shop\nversion = 1.4\n", "setup.py": "setup()"},
			"shop 1.4",
		},
		"jgitver": {
			"pom.xml",
			folder{
				"pom.xml": pom,
				".mvn/extensions.xml": "<extensions><extension>" +
					"<artifactId>jgitver-maven-plugin</artifactId></extension></extensions>",
			},
			"pom.xml:1: the version is not in the manifest: jgitver-maven-plugin",
		},
		"jgitver, of a module": {
			"api/pom.xml",
			folder{
				"api/pom.xml":         pom,
				".mvn/extensions.xml": "<artifactId> maven-git-versioning-extension </artifactId>",
			},
			"maven-git-versioning-extension takes it from git",
		},
		"another extension": {
			"pom.xml",
			folder{
				"pom.xml": pom,
				".mvn/extensions.xml": "<artifactId>takari</artifactId><!-- " +
					"<artifactId>jgitver-maven-plugin</artifactId> -->",
			},
			"ledger 0",
		},
		"MinVer": {
			"Shop.csproj",
			folder{"Shop.csproj": sdk(`<PackageReference PrivateAssets="all" Include="MinVer" Version="6.0.0" />`)},
			"Shop.csproj: the version is not in the manifest: MinVer",
		},
		"nbgv, shared": {
			"a/Shop.csproj",
			folder{
				"a/Shop.csproj":         sdk(""),
				"Directory.Build.props": sdk("<PackageReference Include='Nerdbank.GitVersioning'/>"),
			},
			"Directory.Build.props: the version is not in the manifest: Nerdbank.GitVersioning",
		},
		"another package": {
			"Shop.csproj",
			folder{
				"Shop.csproj": sdk(`<PackageReference Include="MinVerTools" />` +
					`<!-- <PackageReference Include="MinVer"/> -->`),
			},
			"Shop 1.0.0",
		},
		"axion": {
			"build.gradle",
			folder{"build.gradle": "version = scmVersion.version\n", "settings.gradle": settings},
			"build.gradle:1: only running Gradle would tell",
		},
		"a condition": {
			"build.gradle.kts",
			folder{
				"build.gradle.kts": "version = \"2.1.0\"\n\nif (!project.hasProperty(\"release\")) {\n    version = " +
					"\"${version}-SNAPSHOT\"\n}\n",
				"settings.gradle": settings,
			},
			"build.gradle.kts:4: only running Gradle would tell the version, which is set under a condition",
		},
		"a condition, a line": {
			"build.gradle",
			folder{"build.gradle": "version = '2.1.0'\nif (ci) version += '-SNAPSHOT'\n", "settings.gradle": settings},
			"build.gradle:2: only running Gradle would tell",
		},
		"a condition, else": {
			"build.gradle",
			folder{
				"build.gradle":    "version = '2.1.0'\nif (a) {\n  x()\n} else {\n  project.version = '1'\n}\n",
				"settings.gradle": settings,
			},
			"build.gradle:5: only running Gradle would tell",
		},
		"others' versions": {
			"build.gradle",
			folder{
				"build.gradle": "version = '2.1.0'\npublishing {\n  x { version = 'y' }\n}\nif (a) {\n  docker {\n  " +
					"  version = 'z'\n  }\n  if (version == '1') { }\n}\n",
				"settings.gradle": settings,
			},
			"shop 2.1.0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			project, err := Read(c.files.tree(), c.file)
			check(t, project.Name+" "+project.Version.Text, err, c.want)
		})
	}
}

// TestToolsOwnWays has what the ecosystems' tools read as a version.
func TestToolsOwnWays(t *testing.T) {
	attr := "[project]\nname = \"shop\"\ndynamic = [\"version\"]\n[tool.setuptools.packages.find]\nwhere = " +
		"[\"lib\"]\n[tool.setuptools.dynamic]\nversion = {attr = \"shop.__version__\"}\n"
	house := "<project xmlns=\"http://maven.apache.org/POM/4.1.0\"><groupId>g</groupId>" +
		"<artifactId>house</artifactId>\n<version>2.3.0</version></project>"
	child := "<artifactId>ledger-api</artifactId></project>"
	parent := "<parent><groupId>g</groupId><artifactId>house</artifactId></parent>"
	for name, c := range map[string]struct {
		file  string
		files folder
		want  string
	}{
		"setuptools' where": {
			"pyproject.toml",
			folder{"pyproject.toml": attr, "lib/shop/__init__.py": "__version__ = \"1.4.0\"\n"},
			"shop 1.4.0",
		},
		"setup.cfg's where": {
			"setup.cfg",
			folder{
				"setup.cfg": "[metadata]\nname = shop\nversion = attr: shop.v\n[options.packages.find]\nwhere = " +
					"lib\n",
				"lib/shop.py": "v = '1.4'",
			},
			"shop 1.4",
		},
		"a chart with a v": {"Chart.yaml", folder{"Chart.yaml": "name: shop\nversion: v1.16.2\n"}, "shop v1.16.2"},
		"a chart's number": {"Chart.yaml", folder{"Chart.yaml": "name: shop\nversion: 1.2\n"}, "shop 1.2"},
		"no chart's": {
			"Chart.yaml",
			folder{"Chart.yaml": "name: shop\nversion: one\n"},
			`"one" is not a valid Helm version`,
		},
		"VERSION with a v": {"VERSION", folder{"VERSION": "v1.4.0\n"}, " v1.4.0"},
		"Maven 4's parent": {
			"api/pom.xml",
			folder{
				"pom.xml":     house,
				"api/pom.xml": "<project xmlns=\"http://maven.apache.org/POM/4.1.0\">" + parent + child,
			},
			"ledger-api 2.3.0",
		},
		"Maven 4's, unnamed": {
			"api/pom.xml",
			folder{
				"pom.xml":     house,
				"api/pom.xml": "<project xmlns=\"http://maven.apache.org/POM/4.1.0\"><parent/>" + child,
			},
			"ledger-api 2.3.0",
		},
		"Maven 4's, two above": {
			"api/x/pom.xml",
			folder{
				"pom.xml":     house,
				"api/pom.xml": "<project><modelVersion>4.1.0</modelVersion>" + parent + child,
				"api/x/pom.xml": "<project><modelVersion>4.1.0</modelVersion>" +
					"<parent><artifactId>ledger-api</artifactId></parent><artifactId>x</artifactId></project>",
			},
			"x 2.3.0",
		},
		"Maven 3's parent": {
			"api/pom.xml",
			folder{"pom.xml": house, "api/pom.xml": "<project>" + parent + child},
			"api/pom.xml:1: no <version>, neither",
		},
	} {
		t.Run(name, func(t *testing.T) {
			project, err := Read(c.files.tree(), c.file)
			check(t, project.Name+" "+project.Version.Text, err, c.want)
		})
	}
}
