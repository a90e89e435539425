package manifest

import (
	"errors"
	"path"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"dagger/ship/internal/position"
)

// dynamic finds the version as the build tool itself does if that runs no code.
func (d *document) dynamic() error {
	line := d.lineOf("project", "dynamic")
	if _, exists := d.value("tool", "poetry", "version"); exists {
		if err := d.pluginOfPoetry(); err != nil {
			return err
		}
		return d.nameAndVersion("tool", "poetry")
	}
	backend, err := d.text("build-system", "build-backend")
	if err != nil {
		return err
	}
	if backend == "maturin" {
		return d.noProject("maturin takes the version from Cargo.toml")
	}
	if d.name == "" {
		return d.fault(d.lineOf("project"), "no name in [project]")
	}
	_, hatch := d.value("tool", "hatch", "version")
	_, pdm := d.value("tool", "pdm", "version")
	_, setuptools := d.value("tool", "setuptools", "dynamic", "version")
	switch {
	case hatch:
		return d.hatch()
	case pdm:
		return d.pdm()
	case setuptools:
		return d.setuptools()
	case strings.HasPrefix(backend, "flit_core"):
		return d.flit()
	}
	return d.onlyByRunning(line)
}

// onlyByRunning refuses a version that only running the build would tell.
func (d *document) onlyByRunning(line int) error {
	return d.fault(line, "the version is dynamic, so only running the build would tell it: "+
		"write version = \"…\" under [project] and take \"version\" out of dynamic")
}

// hatchPattern is hatchling's own, without the reference back to the opening quote, which Go's
// expressions do not have (https://hatch.pypa.io/latest/plugins/version-source/regex/).
const hatchPattern = `(?i)^(?:__version__|VERSION)(?: ?: ?str)? *= *(?:'v?(.+?)'|"v?(.+?)")`

// hatch reads [tool.hatch.version] (https://hatch.pypa.io/latest/version/), whose default source
// looks for a pattern in a file.
func (d *document) hatch() error {
	line := d.lineOf("tool", "hatch", "version")
	source, err := d.text("tool", "hatch", "version", "source")
	if err != nil {
		return err
	}
	file, err := d.text("tool", "hatch", "version", "path")
	if err != nil {
		return err
	}
	pattern := hatchPattern
	if custom, given := d.value("tool", "hatch", "version", "pattern"); given && custom != true {
		if pattern, err = d.text("tool", "hatch", "version", "pattern"); err != nil {
			return err
		}
	}
	if source != "" && source != "regex" || file == "" {
		return d.onlyByRunning(line)
	}
	if len(pattern) > maxText {
		return d.fault(d.lineOf("tool", "hatch", "version", "pattern"), "the pattern is longer than any for a version")
	}
	expression, err := regexp.Compile("(?m)" + pattern)
	if err != nil {
		return d.fault(d.lineOf("tool", "hatch", "version", "pattern"),
			"the pattern is one of Python's own, which is not read: write version = \"…\" under [project] and take "+
				"\"version\" out of dynamic")
	}
	return d.search(line, file, expression)
}

// pdm reads [tool.pdm.version] with source = "file"
// (https://backend.pdm-project.org/metadata/#read-from-a-static-file).
func (d *document) pdm() error {
	line := d.lineOf("tool", "pdm", "version")
	source, err := d.text("tool", "pdm", "version", "source")
	if err != nil {
		return err
	}
	file, err := d.text("tool", "pdm", "version", "path")
	if err != nil {
		return err
	}
	if source != "file" || file == "" {
		return d.onlyByRunning(line)
	}
	return d.search(line, file, pdmVersion)
}

var pdmVersion = regexp.MustCompile(`(?m)^__version__\s*=\s*["'](.+?)["']\s*(?:#.*)?$`)

// search reads the version that an expression finds in a file: its group of that name, or the first
// one that is not empty.
func (d *document) search(line int, file string, expression *regexp.Regexp) error {
	other, err := d.openNamed(line, file)
	if err != nil {
		return err
	}
	if steps(expression)*len(other.data) > maxSteps {
		return d.fault(line,
			"the pattern and %s are too long to look for the version there: write version = \"…\" under [project]",
			other.path)
	}
	at := expression.FindSubmatchIndex(other.data)
	named := expression.SubexpIndex("version")
	for group := 1; at != nil && group <= expression.NumSubexp(); group++ {
		if start, end := at[2*group], at[2*group+1]; start >= 0 && (named < 0 || named == group) {
			d.setVersion(string(other.data[start:end]), other, lineAt(other.data, int64(start)))
			return nil
		}
	}
	return d.fault(line, "the version should be in %s, but no line has it: write __version__ = \"…\" there",
		other.path)
}

// maxSteps bounds how long a search takes: each step of the expression's program is tried at each
// letter of the file.
const maxSteps = 20e6

func steps(expression *regexp.Regexp) int {
	parsed, err := syntax.Parse(expression.String(), syntax.Perl)
	if err != nil {
		return 0 // it compiled before
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0
	}
	return len(program.Inst)
}

// setuptools reads tool.setuptools.dynamic.version
// (https://setuptools.pypa.io/en/latest/userguide/pyproject_config.html#dynamic-metadata): from a
// file, or an attribute.
func (d *document) setuptools() error {
	line := d.lineOf("tool", "setuptools", "dynamic")
	if attribute, _ := d.value("tool", "setuptools", "dynamic", "version", "attr"); attribute != nil {
		name, is := attribute.(string)
		if !is {
			return d.onlyByRunning(line)
		}
		root := ""
		if folder, given := d.value("tool", "setuptools", "package-dir", ""); given {
			root, _ = folder.(string)
		} else if where, _ := d.value("tool", "setuptools", "packages", "find", "where"); where != nil {
			if list, _ := where.([]any); len(list) > 0 { // the first is where setuptools looks for modules
				root, _ = list[0].(string)
			}
		}
		return d.attribute(line, root, name)
	}
	switch file, _ := d.value("tool", "setuptools", "dynamic", "version", "file"); file := file.(type) {
	case string:
		return d.fromFile(line, file)
	case []any:
		if len(file) == 1 {
			if name, is := file[0].(string); is {
				return d.fromFile(line, name)
			}
		}
	}
	return d.onlyByRunning(line)
}

// attribute reads MODULE.NAME, which setuptools reads from the source if it is a plain string, and
// otherwise by running it. Root is the folder of the packages; without it, src if there is one.
func (d *document) attribute(line int, root, dotted string) error {
	parts := strings.Split(strings.TrimSpace(dotted), ".")
	module, name := path.Join(parts[:len(parts)-1]...), parts[len(parts)-1]
	roots := []string{"src", "."}
	if root != "" {
		roots = []string{root}
	}
	var files []string
	for _, root := range roots {
		files = append(files, path.Join(root, module+".py"), path.Join(root, module, "__init__.py"))
	}
	return d.constant(line, name, files)
}

// flit reads __version__ of the module, as flit does
// (https://flit.pypa.io/en/stable/pyproject_toml.html#metadata-section).
func (d *document) flit() error {
	module, err := d.text("tool", "flit", "module", "name")
	if err != nil {
		return err
	}
	if module == "" {
		module = strings.ReplaceAll(d.name, "-", "_")
	}
	module = strings.ReplaceAll(module, ".", "/")
	return d.constant(d.lineOf("project", "dynamic"), "__version__",
		[]string{module + "/__init__.py", module + ".py", "src/" + module + "/__init__.py", "src/" + module + ".py"})
}

// constant reads the string that is assigned to a name in the first of the files that exists.
func (d *document) constant(line int, name string, files []string) error {
	at := slices.IndexFunc(files, func(file string) bool {
		exists, err := d.has(d.beside(file))
		return exists || err != nil
	})
	if at < 0 {
		return d.fault(line, "the version is %s of a module that does not exist: looked for %s", name,
			strings.Join(files, ", "))
	}
	other, err := d.open(d.beside(files[at]))
	if err != nil {
		return err
	}
	text, where, err := assigned(other.data, name)
	switch {
	case errors.Is(err, errNotPlain):
		return &position.Fault{
			Path: other.path,
			Line: where,
			Text: "only running it would tell " + name + ": assign a plain string to it",
		}
	case err != nil:
		return d.fault(line, "the version is %s of %s, which assigns nothing to it: write %s = \"…\" there", name,
			other.path, name)
	}
	d.setVersion(text, other, where)
	return nil
}

// openNamed opens a file that should have the version.
func (d *document) openNamed(line int, file string) (*document, error) {
	exists, err := d.has(d.beside(file))
	if err != nil {
		return nil, err
	}
	if !exists {
		return nil, d.fault(line, "the version should be in %s, which does not exist", d.beside(file))
	}
	return d.open(d.beside(file))
}

// fromFile uses the whole of a file as the version, as setuptools does with `file:`.
func (d *document) fromFile(line int, file string) error {
	other, err := d.openNamed(line, file)
	if err != nil {
		return err
	}
	d.setVersion(strings.TrimSpace(string(other.data)), other, firstLine(other.data))
	return nil
}
