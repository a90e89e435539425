package manifest

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"
)

// dotnet reads an SDK-style project
// (https://learn.microsoft.com/en-us/dotnet/core/project-sdk/msbuild-props#package-properties)
// after the nearest Directory.Build.props upwards, which MSBuild imports before it
// (https://learn.microsoft.com/en-us/visualstudio/msbuild/customize-by-directory). The version is
// Version, or else VersionPrefix and VersionSuffix; the name is PackageId, or else AssemblyName, or
// else the file's.
func dotnet(d *document) error {
	properties := properties{
		"MSBuildProjectName": {text: strings.TrimSuffix(path.Base(d.path), path.Ext(d.path)), document: d},
	}
	for folder := path.Dir(d.path); ; folder = path.Dir(folder) {
		file := path.Join(folder, "Directory.Build.props")
		exists, err := d.has(file)
		if err != nil {
			return err
		}
		if exists {
			shared, err := d.open(file)
			if err == nil {
				err = properties.evaluate(shared)
			}
			if err == nil {
				err = shared.versioningPackage()
			}
			if err != nil {
				return err
			}
			break
		}
		if folder == "." {
			break
		}
	}
	if err := properties.evaluate(d); err != nil {
		return err
	}
	if err := d.versioningPackage(); err != nil {
		return err
	}
	name, err := properties.first("PackageId", "AssemblyName", "MSBuildProjectName")
	if err != nil {
		return err
	}
	version, err := properties.first("Version", "VersionPrefix")
	if err != nil {
		return err
	}
	if imported := properties["Import"]; version.document == nil && imported.document != nil {
		return imported.document.fault(imported.line,
			"only running MSBuild would tell what the <Import> sets: write <Version> in a <PropertyGroup> of %s",
			d.path)
	}
	if version.document == nil {
		return d.noProject("no <Version>: write it in a <PropertyGroup> here or in Directory.Build.props")
	}
	if version.name == "VersionPrefix" {
		suffix, err := properties.first("VersionSuffix")
		if err != nil {
			return err
		}
		if suffix.text != "" {
			version.text += "-" + suffix.text
			version.parts = slices.Concat(version.parts, suffix.parts)
		}
	}
	d.setName(name.text, name.document, name.line)
	d.setVersion(version.text, version.document, version.line)
	d.parts = version.parts
	return nil
}

// buildProps holds properties for the projects of its folders, and is no project itself.
func buildProps(d *document) error {
	return d.noProject("it is shared by projects: name one of them, as a .csproj, with --manifest")
}

// msbuildProperty is a property's value; an error in it matters only if the property is used.
type msbuildProperty struct {
	name, text string
	parts      []Place // that the text is made of
	document   *document
	line       int
	err        error
}

type properties map[string]msbuildProperty

// first returns the first of the properties that is set and not empty.
func (p properties) first(names ...string) (msbuildProperty, error) {
	for _, name := range names {
		if property := p[name]; property.text != "" || property.err != nil {
			property.name = name
			return property, property.err
		}
	}
	return msbuildProperty{}, nil
}

var msbuildReference = regexp.MustCompile(`\$\(([^()]*)\)`)

// maxPlaces is how many places a version may be made of.
const maxPlaces = 20

// literals are the places of what an element's text says itself, between its references.
func literals(d *document, element *element, text string) (parts []Place) {
	for _, literal := range msbuildReference.Split(text, maxPlaces) {
		if literal != "" {
			parts = append(parts, Place{Path: d.path, Line: element.line, Text: literal})
		}
	}
	return parts
}

// evaluate goes through a file's property groups in order; each value sees those before it.
func (p properties) evaluate(d *document) error {
	root, err := d.decodeXML()
	if err != nil {
		return err
	}
	if root.name != "Project" {
		return d.fault(root.line, "<%s> is not an MSBuild <Project>", root.name)
	}
	for _, group := range root.children {
		if group.name == "Import" {
			p["Import"] = msbuildProperty{document: d, line: group.line}
		}
		if group.name != "PropertyGroup" {
			continue
		}
		for _, element := range group.children {
			value := msbuildProperty{document: d, line: element.line}
			if group.conditions || element.conditions {
				value.err = d.fault(element.line,
					"only running MSBuild would tell <%s>, which has a Condition: set it without one", element.name)
			}
			value.parts = literals(d, element, element.text)
			long := 0 // bytes that references are replaced by: properties may double each other
			value.text = msbuildReference.ReplaceAllStringFunc(element.text, func(reference string) string {
				used, known := p[reference[2:len(reference)-1]]
				if !known && value.err == nil {
					value.err = d.fault(element.line, "only running MSBuild would tell %s: write the text itself "+
						"into <%s>, or set the property before", reference, element.name)
				} else if value.err == nil {
					value.err = used.err
				}
				value.parts = append(value.parts, used.parts[:min(len(used.parts), maxPlaces-len(value.parts))]...)
				if long += len(used.text); long > maxText {
					value.err = cmp.Or(value.err, d.fault(element.line, "<%s> is longer than any version or name",
						element.name))
					return ""
				}
				return used.text
			})
			p[element.name] = value
		}
	}
	return nil
}
