package manifest

import (
	"slices"
	"strings"
)

// pyproject reads PEP 621's [project]
// (https://packaging.python.org/en/latest/specifications/pyproject-toml/) first, as every current
// Python tool does, then Poetry's own table (https://python-poetry.org/docs/pyproject/). With
// Poetry 2, [project] may call the version dynamic and [tool.poetry] have it.
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
		if err := d.pluginOfPoetry(); err != nil {
			return err
		}
		return d.nameAndVersion("tool", "poetry")
	}
	dynamic, _ := d.value("project", "dynamic")
	if list, is := dynamic.([]any); is && slices.Contains(list, any("version")) {
		name, err := d.text("project", "name")
		if err != nil {
			return err
		}
		d.setName(name, d, d.lineOf("project", "name"))
		return d.dynamic()
	}
	return d.nameAndVersion("project")
}

// setupCfg reads [metadata]
// (https://setuptools.pypa.io/en/latest/userguide/declarative_config.html).
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
	if err := d.setupPyFromGit(max(version.line, name.line)); err != nil {
		return err
	}
	directive, file, _ := strings.Cut(version.text, ":")
	switch {
	case name.text == "":
		return d.fault(version.line, "no name in [metadata]")
	case version.text == "":
		return d.fault(name.line, "no version in [metadata]: write version = … there")
	}
	d.setName(name.text, d, name.line)
	switch directive {
	case "attr":
		root := ""
		for folder := range strings.Lines(entries["options.package_dir"].text) {
			if key, value, is := strings.Cut(folder, "="); is && strings.TrimSpace(key) == "" {
				root = strings.TrimSpace(value)
			}
		}
		if root == "" {
			root = strings.TrimSpace(entries["options.packages.find.where"].text)
		}
		return d.attribute(version.line, root, file)
	case "file":
		return d.fromFile(version.line, strings.TrimSpace(file))
	}
	d.setVersion(version.text, d, version.line)
	return nil
}

// setupPy refuses: only running it would tell, even if its arguments look like constants. Beside
// another manifest it is only part of the build.
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
