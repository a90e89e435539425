package manifest

import (
	"path"
	"slices"
)

// maxPoms bounds how many poms of a repo are read to find those that repeat a version.
const maxPoms = 300

// placeOf is where an element of the pom stands, and whether it is the version of the parent.
func (p *pom) placeOf(e *element) Place {
	place := Place{Path: p.document.path, Line: e.line, Text: e.text}
	if e == p.root.child("parent").child("version") {
		place.parentOf = p
	}
	return place
}

// locateMaven follows a version that is the parent's to the parent's pom, and finds the poms that
// repeat it. At is the pom that states it.
func (d *document) locateMaven(at *pom) error {
	for range maxParents {
		inherited := slices.IndexFunc(d.parts, func(part Place) bool { return part.parentOf != nil })
		if inherited < 0 {
			break
		}
		part := d.parts[inherited]
		parent, err := part.parentOf.readParent()
		if err != nil {
			return err
		}
		if parent == nil {
			return part.parentOf.document.fault(part.Line, "%v", errNotHere)
		}
		stated, states, err := parent.stated()
		if err != nil {
			return err
		}
		if stated == nil {
			return part.parentOf.document.fault(part.Line, "%v", errNotHere)
		}
		parent.parts = nil
		text, err := parent.expand(stated, states.placeOf(stated))
		if err != nil {
			return err
		}
		if text != d.version {
			return part.parentOf.document.fault(part.Line, "the <parent> has the version %s here, but %s says %s: "+
				"write the same in both", d.version, states.document.path, text)
		}
		d.parts, at = parent.parts, states
	}
	d.holder = at.document.path
	return d.findCopies(at)
}

// findCopies finds what repeats the version of a pom in the repo: the <parent> of modules, and
// dependencies on the pom and on modules that inherit the version.
func (d *document) findCopies(holder *pom) error {
	poms, err := d.poms(holder)
	if err != nil {
		return err
	}
	changed := map[string]bool{holder.document.path: true}
	names := map[[2]string]bool{holder.coordinates(): true}
	d.copies = nil
	isPart := func(e *element, at *pom) bool {
		return slices.ContainsFunc(d.parts, func(part Place) bool {
			return part.Path == at.document.path && part.Line == e.line && part.Text == e.text
		})
	}
	for again := true; again; {
		again = false
		for _, p := range poms {
			parent, err := p.readParent()
			if err != nil {
				return err
			}
			if changed[p.document.path] || parent == nil || !changed[parent.document.path] {
				continue
			}
			states := p.root.child("parent").child("version")
			if states != nil && states.text != d.version && p.literal(states) {
				continue // of another version of the parent, which is not the one in the repo
			}
			if states != nil && states.text == d.version {
				d.copies = append(d.copies, Place{Path: p.document.path, Line: states.line, Text: states.text})
			}
			changed[p.document.path] = true
			if p.root.child("version") == nil {
				names[p.coordinates()] = true
			}
			again = true
		}
	}
	for _, p := range poms {
		p.root.each(func(e *element) {
			version := e.child("version")
			if (e.name == "dependency" || e.name == "plugin") && version != nil && version.text == d.version &&
				names[[2]string{e.textOf("groupId"), e.textOf("artifactId")}] && !isPart(version, p) {
				d.copies = append(d.copies, Place{Path: p.document.path, Line: version.line, Text: version.text})
			}
		})
	}
	return nil
}

func (p *pom) literal(e *element) bool { return !property.MatchString(e.text) }

// coordinates are a pom's group and artifact.
func (p *pom) coordinates() [2]string {
	group := p.root.textOf("groupId")
	if group == "" {
		group = p.root.child("parent").textOf("groupId")
	}
	return [2]string{group, p.root.textOf("artifactId")}
}

// each calls do for an element and all that are in it.
func (e *element) each(do func(*element)) {
	do(e)
	for _, child := range e.children {
		child.each(do)
	}
}

// poms are those of the builds that a pom belongs to: its own modules, and the modules of the poms
// in the folders above.
func (d *document) poms(holder *pom) (poms []*pom, err error) {
	queue := []string{holder.document.path}
	for folder := path.Dir(holder.document.path); folder != "."; {
		folder = path.Dir(folder)
		queue = append(queue, path.Join(folder, "pom.xml"))
	}
	seen := map[string]bool{}
	for ; len(queue) > 0; queue = queue[1:] {
		file := queue[0]
		if path.Ext(file) != ".xml" {
			file = path.Join(file, "pom.xml")
		}
		if seen[file] {
			continue
		}
		seen[file] = true
		if exists, err := d.has(file); err != nil {
			return nil, err
		} else if !exists {
			continue
		}
		if len(poms) == maxPoms {
			return nil, d.fault(0, "the repo has more than %d poms around it: they are too many to look for its "+
				"version",
				maxPoms)
		}
		p, err := (&files{tree: d.tree, listed: d.listed}).openPom(file)
		if err != nil {
			return nil, err
		}
		poms = append(poms, p)
		p.root.each(func(e *element) {
			if e.name == "module" || e.name == "subproject" {
				queue = append(queue, p.document.beside(e.text))
			}
		})
	}
	return poms, nil
}

func (f *files) openPom(file string) (*pom, error) {
	d, err := f.open(file)
	if err != nil {
		return nil, err
	}
	return d.pom()
}
