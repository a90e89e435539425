package version

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// gradleVersion is a version's parts: numbers and words.
type gradleVersion []string

var (
	gradleText = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_.+-]*$`)
	gradlePart = regexp.MustCompile(`[0-9]+|[A-Za-z]+`)

	gradleWords = []string{"dev", "", "rc", "snapshot", "final", "ga", "release", "sp"} // empty: any other

	// Gradle's order knows no pre-releases; these words are what people mean by that.
	prereleases = []string{"dev", "a", "alpha", "b", "beta", "m", "milestone", "pre", "preview", "ea", "rc", "cr", "c",
		"snapshot", "nightly", "canary"}
)

func parseGradle(text string) (order, error) {
	if !gradleText.MatchString(text) {
		return nil, errInvalid
	}
	if number := strings.TrimLeft(text, "vV"); len(number) == len(text)-1 && isNumber(number[:min(1, len(number))]) {
		text = number // people write v1.4.0 in a file VERSION
	}
	return gradleVersion(gradlePart.FindAllString(text, -1)), nil
}

func (v gradleVersion) compare(other order) int {
	o := other.(gradleVersion)
	for i := range min(len(v), len(o)) {
		if c := comparePart(v[i], o[i]); c != 0 {
			return c
		}
	}
	switch {
	case len(v) > len(o):
		return longer(v[len(o)])
	case len(v) < len(o):
		return -longer(o[len(v)])
	}
	return 0
}

// longer compares a version with one that ends before part: another number is higher, another word
// is lower.
func longer(part string) int {
	if isNumber(part) {
		return 1
	}
	return -1
}

func comparePart(a, b string) int {
	switch {
	case isNumber(a) && isNumber(b):
		return compareNumbers(a, b)
	case isNumber(a):
		return 1
	case isNumber(b):
		return -1
	}
	rank := func(word string) int {
		if at := slices.Index(gradleWords, strings.ToLower(word)); at >= 0 {
			return at
		}
		return slices.Index(gradleWords, "")
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
}

func (v gradleVersion) prerelease() bool {
	return slices.ContainsFunc(v, func(part string) bool { return slices.Contains(prereleases, strings.ToLower(part)) })
}
