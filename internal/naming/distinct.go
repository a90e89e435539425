package naming

import "fmt"

// Places are the names that a project of a repo writes to.
type Places struct {
	Key      string // what the project is called in messages
	Name     string // what its manifest calls it
	Template Template
	Tag      string
	Images   []string
	Releases []string // of Helm, each with its namespace

	IsVersion func(string) bool // whether a text is a version by the rules of the project's ecosystem
}

// Distinct refuses projects of one repo that share a place: images and Helm releases allow fewer
// characters than names, and one project's tag may look like another's (a-1 with 2.0, and a with
// 1-2.0).
func Distinct(projects []Places) error {
	taken := map[string]string{}
	for _, p := range projects {
		var places []string
		for _, image := range p.Images {
			places = append(places, "image "+image)
		}
		places = append(places, "git tag "+p.Tag)
		for _, release := range p.Releases {
			places = append(places, "Helm release "+release)
		}
		for _, place := range places {
			if other, twice := taken[place]; twice {
				return fmt.Errorf("the projects %s and %s would share the %s: call them differently, or give one an "+
					"image, environments or a template of its own", other, p.Key, place)
			}
			taken[place] = p.Key
		}
	}
	for _, p := range projects {
		for _, other := range projects {
			version, is := p.Template.Version(p.Name, other.Tag)
			if p.Key != other.Key && is && p.IsVersion(version) {
				return fmt.Errorf("the tag %s of the project %s reads as version %s of the project %s: give both a "+
					"template that tells them apart, as {name}@{version}", other.Tag, other.Key, version, p.Key)
			}
		}
	}
	return nil
}
