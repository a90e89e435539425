package manifest

import (
	"fmt"
	"path"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bombs are trees whose first-named file takes far more time or memory than its size, if it is read
// without care. Each file has about so many bytes.
func bombs(size int) map[string]folder {
	times := func(text string) string { return strings.Repeat(text, max(1, size/len(text))) }
	numbered := func(format string) string {
		var text strings.Builder
		for i := 0; text.Len() < size; i++ {
			fmt.Fprintf(&text, format, i)
		}
		return text.String()
	}
	few := func(count int, format string) string {
		var text strings.Builder
		for i := 0; i < count && text.Len() < size; i++ {
			fmt.Fprintf(&text, format, i)
		}
		return text.String()
	}
	double := func(element string) string { // properties that multiply
		var text strings.Builder
		for i := range 30 {
			text.WriteString(strings.NewReplacer("NEXT", fmt.Sprint("p", i+1), "THIS",
				fmt.Sprint("p", i)).Replace(element))
		}
		return text.String()
	}
	pom := func(inside string) string {
		return "<project><artifactId>shop</artifactId><version>${p30}</version>" + inside + "</project>"
	}
	sdk := func(inside string) string {
		return "<Project><PropertyGroup>" + inside + "<Version>$(p30)</Version></PropertyGroup></Project>"
	}
	table := "[project]\nname = \"shop\"\nversion = \"1.4\"\n"
	all := map[string]folder{
		"TOML, deep": {"pyproject.toml": table + "x = " + times("[")},
		"TOML, deep and whole": {
			"pyproject.toml": table + "x = " + strings.Repeat("[", size/2) + strings.Repeat("]", size/2),
		},
		"TOML, dotted":           {"pyproject.toml": table + times("a.") + "a = 1\n"},
		"TOML, many dotted":      {"pyproject.toml": table + numbered(strings.Repeat("a.", 100)+"b%d = 1\n")},
		"TOML, tables":           {"Cargo.toml": numbered("[t%d]\n")},
		"TOML, deep tables":      {"Cargo.toml": numbered("[" + strings.Repeat("t.", 100) + "t%d]\n")},
		"TOML, tables in arrays": {"Cargo.toml": times("[[t]]\n")},
		"TOML, 9900 keys":        {"Cargo.toml": few(9900, "k%d=1\n")},
		"TOML, 1999 tables":      {"Cargo.toml": few(1999, "[t%d]\nx=1\n")},
		"TOML, 9900 inline":      {"Cargo.toml": "x = {" + few(9900, "k%d=1,") + "z=1}"},
		"TOML, dotted tables":    {"Cargo.toml": numbered("k%d.b=1\n")},
		"TOML, inline dotted":    {"Cargo.toml": "x = {" + numbered("k%d.b=1,") + "z=1}"},
		"TOML, inline keys":      {"Cargo.toml": "x = {" + numbered("k%d=1,") + "z=1}"},
		"TOML, inline":           {"Cargo.toml": "x = [" + times("{},") + "]"},
		"TOML, wide":             {"Cargo.toml": "x = [" + times("[],") + "]"},
		"TOML, keys":             {"Cargo.toml": numbered("k%d=1\n")},
		"INI, one value":         {"setup.cfg": "[metadata]\nname =\n" + times(" x\n")},
		"INI, keys":              {"setup.cfg": "[metadata]\n" + numbered("k%d=\n")},
		"INI, blank":             {"setup.cfg": "[metadata]\nname = shop\n" + times("\n") + "version = 1.4"},
		"JSON, deep":             {"package.json": `{"x": ` + times("[")},
		"JSON, wide":             {"package.json": `{"x": [` + times("{},") + "1]}"},
		"JSON, keys":             {"package.json": "{" + numbered(`"k%d":1,`) + `"name": "shop", "version": "1.4.0"}`},
		"JSON, one key":          {"package.json": "{" + times(`"name":"a",`) + `"version": "1.4.0"}`},
		"JSON, a long name":      {"package.json": `{"version": "1.4.0", "name": "` + times("x") + `"}`},
		"JSON, a long version":   {"package.json": `{"name": "shop", "version": "` + times("1.") + `"}`},
		"JSON, comments":         {"deno.jsonc": times("/*")},
		"JSON, commas":           {"deno.jsonc": times(", ")},
		"XML, deep":              {"pom.xml": times("<a>")},
		"XML, wide":              {"pom.xml": pom(times("<a/>"))},
		"XML, text in pieces":    {"pom.xml": "<project>" + times("x<!---->") + "</project>"},
		"XML, attributes":        {"pom.xml": "<project " + numbered(`a%d="" `) + "/>"},
		"XML, namespaces":        {"pom.xml": "<project " + numbered(`xmlns:a%d="b" `) + "/>"},
		"XML, a doctype":         {"pom.xml": "<!DOCTYPE a [" + times(`<!ENTITY a "&a;&a;">`) + "]><project/>"},
		"Maven, doubling": {
			"pom.xml": pom("<properties><p0>" + strings.Repeat("x", 900) + "</p0>" +
				double("<NEXT>${THIS}${THIS}</NEXT>") + "</properties>"),
		},
		"Maven, references": {
			"pom.xml": pom("<properties><p30>" + times("${p0}") + "</p30><p0>" + strings.Repeat("x", 900) +
				"</p0></properties>"),
		},
		"Maven, profiles": {"pom.xml": pom("<profiles>" + times("<profile/>") + "</profiles>")},
		"Maven, its own parent": {
			"pom.xml": pom("<parent><artifactId>shop</artifactId><relativePath>pom.xml</relativePath></parent>" +
				times("<!-- -->")),
		},
		"Maven, another parent": {
			"pom.xml": pom(
				"<parent><artifactId>b</artifactId><relativePath>b/pom.xml</relativePath></parent><properties><p30>" +
					strings.Repeat("${artifactId}", 50) + "</p30></properties>",
			),
			"b/pom.xml": "<project>" + times("<a>b</a>") + "</project>",
		},
		"Maven, its config": {
			"pom.xml":           pom("<properties><p30>" + strings.Repeat("${x}", 50) + "</p30></properties>"),
			".mvn/maven.config": times("-Dx=1 "),
		},
		"Maven, a long path": {"pom.xml": pom("<parent><relativePath>" + times("a/") + "</relativePath></parent>")},
		"MSBuild, doubling":  {"Shop.csproj": sdk("<p0>xxxxxxxxxx</p0>" + double("<NEXT>$(THIS)$(THIS)</NEXT>"))},
		"MSBuild, references": {
			"Shop.csproj": sdk("<p0>" + strings.Repeat("x", 1000) + "</p0><p30>" + times("$(p0)") + "</p30>"),
		},
		"MSBuild, wide": {
			"Shop.csproj": sdk("<p0>" + strings.Repeat("x", 1000) + "</p0>" + times("<a>$(p0)</a>")),
		},
		"MSBuild, unknown":       {"Shop.csproj": sdk(times("<a>$(b)</a>"))},
		"Gradle, blocks":         {"x/build.gradle": times("{")},
		"Gradle, blanks":         {"x/build.gradle": strings.Repeat(" ", size/2) + strings.Repeat("{", size/2)},
		"Gradle, a version":      {"x/build.gradle": "version = " + times("x ")},
		"Gradle, comments":       {"x/build.gradle": times("/*/")},
		"properties, one line":   {"gradle.properties": "version=" + times("1\\\n")},
		"properties, slashes":    {"gradle.properties": "version=" + times("\\")},
		"properties, both":       {"gradle.properties": "version=" + times("\\\\\\\n")},
		"properties, keys":       {"gradle.properties": numbered("k%d\n")},
		"YAML, deep":             {"Chart.yaml": "x: " + times("[")},
		"YAML, deep and whole":   {"Chart.yaml": "x: " + strings.Repeat("[", size/2) + strings.Repeat("]", size/2)},
		"YAML, maps":             {"Chart.yaml": "x: " + times("{a: ")},
		"YAML, steps":            {"Chart.yaml": "x:" + times(" -")},
		"YAML, wide":             {"Chart.yaml": "x: [" + times("a,") + "]"},
		"YAML, keys":             {"pubspec.yaml": numbered("k%d: 1\n")},
		"YAML, aliases":          {"pubspec.yaml": "a: &a [x]\nb: [" + times("*a,") + "]"},
		"YAML, anchors":          {"pubspec.yaml": "b: [" + numbered("&a%d x,") + "]"},
		"YAML, documents":        {"pubspec.yaml": times("---\n")},
		"YAML, a text":           {"pubspec.yaml": "x: |\n" + times(" x\n")},
		"YAML, a folded text":    {"pubspec.yaml": "x: \"" + times("x\n\n ") + "\""},
		"YAML, comments":         {"pubspec.yaml": times("# x\n")},
		"YAML, comments between": {"pubspec.yaml": numbered("k%d: 1 # x\n# y\n\n")},
		"mix, texts":             {"mix.exs": "def project do\n" + times(`"""`)},
		"mix, attributes":        {"mix.exs": times("@v 1\n") + "def project do\n[app: :shop, version: @v]"},
		"mix, a long attribute":  {"mix.exs": "def project do\n[app: :shop, version: @" + times("v") + "]"},
		"VERSION":                {"VERSION": "1.4.0" + times("\n") + "x"},
		"VERSION, long":          {"VERSION": times("1.")},
		"Python, brackets": {
			"setup.cfg": "[metadata]\nname = shop\nversion = attr: shop.v",
			"shop.py":   times("(\n"),
		},
		"Python, texts": {
			"setup.cfg": "[metadata]\nname = shop\nversion = attr: shop.v",
			"shop.py":   times("'''"),
		},
		"Python, assignments": {
			"setup.cfg": "[metadata]\nname = shop\nversion = attr: shop.v",
			"shop.py":   times("a = "),
		},
		"Python, lines": {
			"setup.cfg": "[metadata]\nname = shop\nversion = attr: shop.v",
			"shop.py":   times("a = b = 1\n"),
		},
		"Python, a long path": {"setup.cfg": "[metadata]\nname = shop\nversion = attr: " + times("a.") + "v"},
		"hatch, an expression": {
			"pyproject.toml": "[project]\nname = \"shop\"\ndynamic = [\"version\"]\n[tool.hatch.version]\npath = " +
				"\"v.py\"\npattern = '(?:a?){90}b(?P<version>x)'\n",
			"v.py": times("a"),
		},
		"hatch, a long expression": {
			"pyproject.toml": "[project]\nname = \"shop\"\ndynamic = [\"version\"]\n[tool.hatch.version]\npath = " +
				"\"v.py\"\npattern = '" + times("(a|b)") + "'\n",
			"v.py": times("a"),
		},
		"Cargo, a long path": {
			"Cargo.toml": "[package]\nname = \"shop\"\nworkspace = \"" + times("a/") + "\"\nversion.workspace = true\n",
		},
	}
	return all
}

// used is the processor time of the test so far: others may use the machine too.
func used(t *testing.T) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// TestBombs holds that the largest manifests are read within a second, with some tens of megabytes.
func TestBombs(t *testing.T) {
	const memory = 80 << 20 // allocated in all, much of it not at the same time
	all := bombs(maxFile - 10000)
	for name, tree := range bombs(maxYAML - 10000) {
		if strings.HasPrefix(name, "YAML") {
			all[name] = tree
		}
	}
	for name, tree := range all {
		for file := range tree {
			if path.Base(file) == "v.py" || path.Base(file) == "shop.py" || file == ".mvn/maven.config" ||
				file == "b/pom.xml" {
				continue
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := used(t)
			project, err := Read(tree.tree(), file)
			took := used(t) - start
			runtime.ReadMemStats(&after)
			allocated := after.TotalAlloc - before.TotalAlloc
			if took > 5*time.Second || allocated > memory {
				t.Errorf("%s: %s, %d MB", name, took, allocated>>20)
			} else {
				t.Logf("%s: %s, %d MB: %s %v", name, took, allocated>>20, project.Name, err)
			}
			if err != nil && len(err.Error()) > 2000 {
				t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
			}
		}
	}
	if _, err := Read(folder{"VERSION": "1.4.0\n" + strings.Repeat(" ", maxFile)}.tree(), "VERSION"); err == nil ||
		err.Error() != "VERSION: larger than 1 MiB: no manifest is" {
		t.Error(err)
	}
}
