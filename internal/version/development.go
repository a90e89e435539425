package version

import "regexp"

// development is how people end a version that they still work on, which stays the same from commit
// to commit: 1.4.0-SNAPSHOT (Maven, Gradle), 1.4.0-dev (npm, Cargo, Mix), 1.4.0.dev0 (Python). One
// with a number above zero, as 1.4.0.dev3, is a pre-release that is raised for the next.
var development = regexp.MustCompile(
	`^(?:([^+]*?)[._-]|([^+]*[0-9]))(?i:(?:build-)?snapshot|dev[._-]?0*)(\+.*)?$`,
)

// Development tells whether v is one that people still work on, and which one they work on.
func (v Version) Development() (final string, is bool) {
	found := development.FindStringSubmatch(v.Text)
	if found == nil {
		return "", false
	}
	return found[1] + found[2] + found[3], true
}
