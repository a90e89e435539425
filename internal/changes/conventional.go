package changes

import (
	"regexp"
	"strings"

	"dagger/ship/internal/version"
)

// header is the first line of a Conventional Commit
// (https://www.conventionalcommits.org/en/v1.0.0/#specification).
var header = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_-]*)(?:\([^()]+\))?(!)?: +\S`)

// breaking is how a footer says that a change breaks what others rely on.
var breaking = regexp.MustCompile(`(?m)^BREAKING[ -]CHANGE: *\S`)

// raises is what the types of commits raise. All others raise nothing, unless they break something.
var raises = map[string]version.Level{"feat": version.Minor, "fix": version.Patch, "perf": version.Patch}

// Conventional tells how much a commit raises the version by its message, and whether that is a
// Conventional Commit.
func Conventional(message string) (level version.Level, is bool) {
	message = strings.ReplaceAll(strings.TrimSpace(message), "\r\n", "\n")
	first, rest, _ := strings.Cut(message, "\n")
	found := header.FindStringSubmatch(first)
	if found == nil {
		return version.NoLevel, false
	}
	if found[2] != "" || breaking.MatchString(rest) {
		return version.Major, true
	}
	return raises[strings.ToLower(found[1])], true
}
