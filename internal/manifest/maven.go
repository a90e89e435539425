package manifest

import (
	"cmp"
	"path"
	"regexp"
	"strings"
)

// pom is a Maven project with its parents, the nearest first.
type pom struct {
	document *document
	root     *element
	parent   *pom // nil: not read yet, or the repo does not have it
	read     bool // the parent was looked for
	lookups  int  // properties looked up so far

	config map[string]Place // the properties of .mvn/maven.config
	parts  []Place          // of what was expanded last
}

// Bounds for what may be endless, or grow with each level: the chain of parents, and the properties
// looked up.
const (
	maxParents = 20
	maxLookups = 100
)

// maven reads pom.xml (https://maven.apache.org/pom.html). The project's name is its artifactId, as
// in the tags of Maven's own release plugin. The version may be the parent's, and hold properties
// of the pom, its parents and .mvn/maven.config
// (https://maven.apache.org/guides/mini/guide-maven-ci-friendly.html). Only running Maven would
// tell which profiles are active.
func maven(d *document) error {
	p, err := d.pom()
	if err != nil {
		return err
	}
	if p.root.name != "project" {
		return d.fault(p.root.line, "<%s> is not a Maven <project>", p.root.name)
	}
	for _, name := range []string{"artifactId", "version", "parent", "properties"} {
		seen := 0
		for _, child := range p.root.children {
			if child.name == name {
				if seen++; seen > 1 {
					return d.fault(child.line, "<%s> is there twice", name)
				}
			}
		}
	}
	artifact := p.root.child("artifactId")
	if artifact == nil || artifact.text == "" {
		return d.fault(p.root.line, "no <artifactId> in <project>")
	}
	stated, at, err := p.stated()
	if err != nil {
		return err
	}
	if stated == nil || stated.text == "" {
		return d.fault(p.root.line, "no <version>, neither in <project> nor in its <parent>")
	}
	name, err := p.expand(artifact, Place{Path: d.path, Line: artifact.line, Text: artifact.text})
	if err != nil {
		return err
	}
	d.setName(name, d, artifact.line)
	p.parts = nil
	text, err := p.expand(stated, at.placeOf(stated))
	if err != nil {
		return err
	}
	d.setVersion(text, at.document, stated.line)
	d.parts = p.parts
	d.locate = func() error { return d.locateMaven(at) }
	return d.mavenExtension(at.document, stated.line)
}

// stated finds the element with the version. From model 4.1.0 on, a child need not repeat the
// version of a parent that is in the repo
// (https://maven.apache.org/ref/4-LATEST/maven-model-builder/).
func (p *pom) stated() (*element, *pom, error) {
	for at, depth := p, 0; ; depth++ {
		parent := at.root.child("parent")
		switch own, parents := at.root.child("version"), parent.child("version"); {
		case own != nil:
			return own, at, nil
		case parents != nil:
			return parents, at, nil
		case parent == nil || at.model() == "4.0.0" || depth == maxParents:
			return nil, at, nil
		}
		next, err := at.readParent()
		if err != nil || next == nil {
			return nil, at, err
		}
		at = next
	}
}

// model is the version of the language that the pom is in.
func (p *pom) model() string {
	return cmp.Or(p.root.textOf("modelVersion"), strings.TrimPrefix(p.root.space, "http://maven.apache.org/POM/"),
		"4.0.0")
}

func (d *document) pom() (*pom, error) {
	root, err := d.decodeXML()
	return &pom{document: d, root: root}, err
}

var property = regexp.MustCompile(`\$\{([^{}]*)\}`)

// expand replaces ${…} by values. The command line, to which .mvn/maven.config adds, comes before
// the pom, and a pom's own properties come before its parents'.
func (p *pom) expand(at *element, from Place) (string, error) {
	text := from.Text
	tooLong := p.document.fault(at.line, "<%s> is longer than any version or name", at.name)
	if len(text) > maxText {
		return "", tooLong
	}
	for _, literal := range property.Split(text, maxPlaces) {
		if literal != "" && len(p.parts) < maxPlaces {
			p.parts = append(p.parts, Place{from.Path, from.Line, literal, from.parentOf})
		}
	}
	if !strings.Contains(text, "${") {
		return text, nil
	}
	var failed error
	expanded := property.ReplaceAllStringFunc(text, func(reference string) string {
		if p.lookups++; p.lookups > maxLookups {
			failed = p.document.fault(at.line, "%s refers to itself, or to more than %d properties", at.text,
				maxLookups)
		}
		if failed != nil {
			return ""
		}
		name := reference[2 : len(reference)-1]
		value, err := p.property(name)
		if err == nil && value == nil {
			err = p.document.fault(at.line, "${%s} is not known without running Maven: define it under <properties> "+
				"of the pom or a parent in the repo, or as -D%s=… in .mvn/maven.config", name, name)
		}
		if err == nil {
			var text string
			if text, err = p.expand(at, *value); err == nil {
				return text
			}
		}
		failed = err
		return ""
	})
	if failed == nil && len(expanded) > maxText {
		failed = tooLong
	}
	return expanded, failed
}

func (p *pom) property(name string) (*Place, error) {
	if value, err := p.commandLine(name); err != nil || value != nil {
		return value, err
	}
	for at, depth := p, 0; at != nil && depth < maxParents; depth++ {
		if profiles := at.root.child("profiles"); profiles != nil {
			for _, profile := range profiles.children {
				if set := profile.child("properties").child(name); set != nil {
					return nil, at.document.fault(set.line,
						"only running Maven would tell ${%s}, which a profile sets: set it under <properties> "+
							"alone, or as -D%s=… in .mvn/maven.config", name, name)
				}
			}
		}
		if value := at.root.child("properties").child(name); value != nil {
			return &Place{Path: at.document.path, Line: value.line, Text: value.text}, nil
		}
		if field, is := strings.CutPrefix(name, "project."); is && at == p {
			element := at.root
			if parent, is := strings.CutPrefix(field, "parent."); is {
				element, field = element.child("parent"), parent
			}
			if value := element.child(field); value != nil && field != "parent" && len(value.children) == 0 {
				place := at.placeOf(value)
				return &place, nil
			}
		}
		next, err := at.readParent()
		if err != nil {
			return nil, err
		}
		at = next
	}
	return nil, nil
}

// readParent reads the parent's pom, nil if the repo does not have it.
func (p *pom) readParent() (*pom, error) {
	parent := p.root.child("parent")
	if p.read || parent == nil {
		return p.parent, nil
	}
	p.read = true
	relative := "../pom.xml"
	if stated := parent.child("relativePath"); stated != nil {
		relative = stated.text
	}
	if relative == "" { // an empty path means: ask the repositories for the parent
		return nil, nil
	}
	file := p.document.beside(relative)
	if path.Ext(file) != ".xml" {
		file = path.Join(file, "pom.xml")
	}
	if exists, err := p.document.has(file); err != nil || !exists {
		return nil, err
	}
	document, err := p.document.open(file)
	if err != nil {
		return nil, err
	}
	read, err := document.pom()
	inferred := parent.child("artifactId") == nil && p.model() != "4.0.0"
	if err != nil || !inferred && read.root.textOf("artifactId") != parent.textOf("artifactId") {
		return nil, err // it is another project's: Maven looks for the parent in the repositories then
	}
	p.parent = read
	return read, nil
}

// commandLine returns a property of .mvn/maven.config, nil if there is none.
func (p *pom) commandLine(name string) (*Place, error) {
	if p.config == nil {
		p.config = map[string]Place{}
		const file = ".mvn/maven.config"
		if exists, err := p.document.has(file); err != nil {
			return nil, err
		} else if exists {
			config, err := p.document.open(file)
			if err != nil {
				return nil, err
			}
			line := 0
			for text := range strings.Lines(string(config.data)) {
				line++
				for argument := range strings.FieldsSeq(text) {
					if key, value, is := strings.Cut(strings.TrimPrefix(argument, "-D"), "="); is &&
						strings.HasPrefix(argument, "-D") {
						p.config[key] = Place{Path: file, Line: line, Text: value}
					}
				}
			}
		}
	}
	if value, known := p.config[name]; known {
		return &value, nil
	}
	return nil, nil
}
