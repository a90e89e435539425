package manifest

import (
	"slices"
	"strings"
)

// pyproject reads PEP 621's [project] (https://packaging.python.org/en/latest/specifications/pyproject-toml/) first, as every
// current Python tool does, then Poetry's own table (https://python-poetry.org/docs/pyproject/).
// Poetry 2 may hold the version itself while [project] calls it dynamic.
func pyproject(d *document) error {
	if err := d.decodeTOML(); err != nil {
		return err
	}
	if _, exists := d.value("project"); !exists {
		if _, exists := d.value("tool", "poetry"); !exists {
			return d.noProject("neither [project] nor [tool.poetry]")
		}
		if mode, _ := d.value("tool", "poetry", "package-mode"); mode == false {
			if _, exists := d.value("tool", "poetry", "version"); !exists {
				return d.noProject("[tool.poetry] has package-mode = false and no version")
			}
		}
		return d.take("tool", "poetry")
	}
	dynamic, _ := d.value("project", "dynamic")
	if list, is := dynamic.([]any); is && slices.Contains(list, any("version")) {
		name, err := d.text("project", "name")
		if err != nil {
			return err
		}
		d.name = name
		return d.dynamic()
	}
	return d.take("project")
}

// dynamic finds the version where the build tool reads it without running code.
func (d *document) dynamic() error {
	line := d.lineOf("project", "dynamic")
	if _, exists := d.value("tool", "poetry", "version"); exists {
		return d.take("tool", "poetry")
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
	// https://setuptools.pypa.io/en/latest/userguide/pyproject_config.html#dynamic-metadata
	switch file, _ := d.value("tool", "setuptools", "dynamic", "version", "file"); file := file.(type) {
	case string:
		return d.fromFile(d.lineOf("tool", "setuptools", "dynamic"), file)
	case []any:
		if len(file) == 1 {
			if name, is := file[0].(string); is {
				return d.fromFile(d.lineOf("tool", "setuptools", "dynamic"), name)
			}
		}
	}
	return d.fault(line, "the version is dynamic, so only running the build would tell it: "+
		"write version = \"…\" under [project] and take \"version\" out of dynamic")
}

// fromFile takes the whole of a file as the version, as setuptools does with `file:`.
func (d *document) fromFile(line int, file string) error {
	exists, err := d.has(d.beside(file))
	if err != nil {
		return err
	}
	if !exists {
		return d.fault(line, "the version is said to be in %s, which is not there", d.beside(file))
	}
	other, err := d.open(d.beside(file))
	if err != nil {
		return err
	}
	d.says(strings.TrimSpace(string(other.data)), other, 1)
	return nil
}

// setupCfg reads [metadata] (https://setuptools.pypa.io/en/latest/userguide/declarative_config.html).
func setupCfg(d *document) error {
	if err := d.checkUTF8(); err != nil {
		return err
	}
	entries, err := d.decodeINI()
	if err != nil {
		return err
	}
	name, version := entries["metadata.name"], entries["metadata.version"]
	if name.text == "" && version.text == "" {
		return d.noProject("neither name nor version in [metadata]")
	}
	directive, file, _ := strings.Cut(version.text, ":")
	switch {
	case name.text == "":
		return d.fault(version.line, "no name in [metadata]")
	case version.text == "":
		return d.fault(name.line, "no version in [metadata]: write version = … there")
	case directive == "attr":
		return d.fault(version.line, "the version is an attribute of Python code: write version = … itself, or version = file: VERSION")
	case directive == "file":
		d.name = name.text
		return d.fromFile(version.line, strings.TrimSpace(file))
	}
	d.name = name.text
	d.says(version.text, d, version.line)
	return nil
}

// setupPy refuses: only running it would tell, even where its arguments look like constants. Beside another manifest it is
// what the build needs, no more.
func setupPy(d *document) error {
	entries, err := d.list(".")
	if err != nil {
		return err
	}
	for _, other := range []string{"pyproject.toml", "setup.cfg", "VERSION"} {
		if slices.Contains(entries, other) {
			return d.noProject("%s is read instead", other)
		}
	}
	return d.fault(0, "only running it would tell name and version: write them under [project] in a pyproject.toml")
}
