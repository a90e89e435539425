package bump

import (
	"strings"

	"github.com/Masterminds/semver/v3"

	"dagger/ship/internal/manifest"
	"dagger/ship/internal/position"
)

// setRequirements sets what a package requires of those that change, if they would not have it any more:
// Cargo refuses a workspace in which a package requires a version that its folder does not have.
func (e *editor) setRequirements(c crate, changed map[string]string, old, text string) error {
	for _, d := range c.dependencies() {
		if _, changes := changed[d.folder]; !changes || d.requires == "" {
			continue
		}
		data, err := e.contents(c.file)
		if err != nil {
			return err
		}
		line, _ := position.Of(data, append(d.keys, "version")...)
		said := requirement.FindStringSubmatch(d.requires)
		if said == nil {
			return fault(c.file, line, "it requires %q of a package whose version changes: write one version "+
				"there, as %q",
				d.requires, text)
		}
		if satisfies(said[1], said[2], text) {
			continue
		}
		with := said[1] + shortened(text, said[2])
		reads := func() bool {
			now, err := e.crate(c.file)
			return err == nil && at(now.values, append(d.keys, "version")...) == with
		}
		place := manifest.Place{Path: c.file, Line: line, Text: d.requires}
		if found, err := e.try(place, with, reads); err != nil {
			return err
		} else if !found {
			return fault(c.file, line, "it requires %q of a package that becomes %s: set that yourself", d.requires,
				text)
		}
	}
	return nil
}

// satisfies tells whether a version is what a requirement of Cargo's asks for
// (https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html).
func satisfies(operator, required, text string) bool {
	if operator = strings.TrimSpace(operator); operator == "" {
		operator = "^"
	}
	constraint, err := semver.NewConstraint(operator + required)
	if err != nil {
		return false
	}
	v, err := semver.StrictNewVersion(text)
	return err == nil && constraint.Check(v)
}

// shortened writes a version with as many numbers as another text has.
func shortened(text, like string) string {
	if strings.ContainsAny(like, "-+") || strings.ContainsAny(text, "-") {
		return text
	}
	text, _, _ = strings.Cut(text, "+")
	return strings.Join(strings.SplitN(text, ".", 4)[:strings.Count(like, ".")+1], ".")
}
