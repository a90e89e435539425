package manifest

import (
	"slices"

	"dagger/ship/internal/version"
)

// pyproject reads PEP 621's [project] first, as every current Python tool does, then Poetry's own table.
// Poetry 2 may hold the version itself while [project] calls it dynamic.
func pyproject(d *document) error {
	d.scheme = version.PEP440
	_, hasProject := d.value("project")
	_, hasPoetry := d.value("tool", "poetry", "version")
	if !hasProject {
		if _, exists := d.value("tool", "poetry"); !exists {
			return d.noProject("neither [project] nor [tool.poetry]")
		}
		return d.take("tool", "poetry")
	}
	dynamic, _ := d.value("project", "dynamic")
	if list, is := dynamic.([]any); is && slices.Contains(list, any("version")) {
		if !hasPoetry {
			return d.fault(d.lineOf("project", "dynamic"), "the version is dynamic, so only running the build would tell it: "+
				"write version = \"…\" under [project] and take \"version\" out of dynamic")
		}
		name, err := d.text("project", "name")
		if err != nil {
			return err
		}
		d.name = name
		return d.take("tool", "poetry")
	}
	return d.take("project")
}

// packageJSON passes over a manifest without a version that is marked private: npm asks for none there.
func packageJSON(d *document) error {
	d.scheme = version.SemVer
	_, hasVersion := d.value("version")
	if private, _ := d.value("private"); private == true && !hasVersion {
		return d.noProject("it is private and has no version")
	}
	return d.take()
}

// cargo follows `version.workspace = true` to [workspace.package] of the same file.
func cargo(d *document) error {
	d.scheme = version.SemVer
	if _, exists := d.value("package"); !exists {
		return d.noProject("no [package]")
	}
	if inherited, _ := d.value("package", "version", "workspace"); inherited != true {
		return d.take("package")
	}
	name, err := d.text("package", "name")
	if err != nil {
		return err
	}
	d.name = name
	return d.take("workspace", "package")
}
