package version

import (
	"fmt"
	"regexp"
	"strings"
)

// startsWithNumber is what a version begins with whose ecosystem is not known.
var startsWithNumber = regexp.MustCompile(`^v?[0-9]`)

// Given reads a version that was given, for a project whose manifest has the scheme; without one, for
// any project: then it is one of SemVer, or anything that begins with a number, in the order of
// Maven, which is made for that (2026-11-25, 1.4, v7).
func Given(scheme Scheme, text string) (Version, error) {
	if scheme != "" {
		return Parse(scheme, text)
	}
	if v, err := Parse(SemVer, text); err == nil {
		return v, nil
	}
	if v, err := Parse(Maven, text); err == nil && startsWithNumber.MatchString(text) {
		return v, nil
	}
	return Version{}, fmt.Errorf("%q is no version: write it as 1.4.0 or 2026-11-25", strings.TrimSpace(text))
}
