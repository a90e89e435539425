// Package version compares versions by the rules of the ecosystem that they come from: a scheme and
// a text in, an order out.
package version

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
	pep440 "github.com/aquasecurity/go-pep440-version"
)

// Scheme names the rules that a version follows.
type Scheme string

// The schemes that Ship knows.
const (
	SemVer   Scheme = "SemVer"   // https://semver.org
	Pub      Scheme = "Pub"      // https://pub.dev/documentation/pub_semver/latest/: SemVer, but build numbers count
	Helm     Scheme = "Helm"     // SemVer, also with a leading v and with fewer than three numbers, as Helm packages it
	PEP440   Scheme = "PEP 440"  // https://packaging.python.org/en/latest/specifications/version-specifiers/
	Maven    Scheme = "Maven"    // https://maven.apache.org/pom.html#version-order-specification
	NuGet    Scheme = "NuGet"    // https://learn.microsoft.com/en-us/nuget/concepts/package-versioning
	Composer Scheme = "Composer" // https://getcomposer.org/doc/04-schema.md#version
	// https://docs.gradle.org/current/userguide/dependency_versions.html#sec:version-ordering
	Gradle Scheme = "Gradle"
)

// Version is a valid version. Text is what the manifest says, letter for letter.
type Version struct {
	Text   string
	Scheme Scheme

	order order
}

// order is a version by its scheme's rules. compare only gets one of the same scheme.
type order interface {
	compare(other order) int
	prerelease() bool
}

var parsers = map[Scheme]func(string) (order, error){
	SemVer:   parseSemVer,
	Pub:      parsePub,
	Helm:     parseHelm,
	PEP440:   parsePEP440,
	Maven:    parseMaven,
	Gradle:   parseGradle,
	NuGet:    parseNuGet,
	Composer: parseComposer,
}

// Parse reads text by the scheme's rules. SemVer is strict: three numbers, no leading "v".
func Parse(scheme Scheme, text string) (Version, error) {
	parse, known := parsers[scheme]
	if !known {
		return Version{}, fmt.Errorf("unknown version scheme %q", scheme)
	}
	order, err := parse(text)
	if strings.TrimSpace(text) != text { // PEP 440 accepts it as another text of the same version
		err = errInvalid
	}
	if err != nil {
		return Version{}, fmt.Errorf("%q is not a valid %s version", text, scheme)
	}
	return Version{text, scheme, order}, nil
}

// Compare returns -1, 0 or 1 as v is lower than, equal to or higher than other.
// Both must be of one scheme.
func (v Version) Compare(other Version) int { return v.order.compare(other.order) }

// Prerelease reports whether v comes before a final release: 1.4.0-rc.1, 1.4.0rc1, 1.4.0.dev3,
// 1.4-SNAPSHOT.
func (v Version) Prerelease() bool { return v.order.prerelease() }

type semVer struct{ *semver.Version }

func parseSemVer(text string) (order, error) {
	v, err := semver.StrictNewVersion(text)
	return semVer{v}, err
}

func (v semVer) compare(other order) int { return v.Compare(other.(semVer).Version) }
func (v semVer) prerelease() bool        { return v.Prerelease() != "" }

func parseHelm(text string) (order, error) {
	v, err := semver.NewVersion(text)
	return semVer{v}, err
}

// pubVersion orders build numbers too: 1.4.2, 1.4.2+45, 1.4.2+46.
type pubVersion struct {
	semVer
	build *semver.Version // 0.0.0 with the build number as a pre-release label, which has the same order; nil: none
}

func parsePub(text string) (order, error) {
	v, err := semver.StrictNewVersion(text)
	if err != nil || v.Metadata() == "" {
		return pubVersion{semVer{v}, nil}, err
	}
	build := make([]string, 0, 4) // a label's numbers have no leading zeros
	for part := range strings.SplitSeq(v.Metadata(), ".") {
		if isNumber(part) {
			part = cmp.Or(strings.TrimLeft(part, "0"), "0")
		}
		build = append(build, part)
	}
	label, err := semver.StrictNewVersion("0.0.0-" + strings.Join(build, "."))
	return pubVersion{semVer{v}, label}, err
}

func (v pubVersion) compare(other order) int {
	o := other.(pubVersion)
	switch c := v.Version.Compare(o.Version); {
	case c != 0 || v.build == nil && o.build == nil:
		return c
	case v.build == nil:
		return -1
	case o.build == nil:
		return 1
	}
	return v.build.Compare(o.build)
}

type pythonVersion struct{ pep440.Version }

func parsePEP440(text string) (order, error) {
	// the library ignores white space at the ends, and reads ſ as s: one version would have several
	// texts and tags
	if strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return nil, errInvalid
	}
	v, err := pep440.Parse(text)
	return pythonVersion{v}, err
}

func (v pythonVersion) compare(other order) int { return v.Compare(other.(pythonVersion).Version) }
func (v pythonVersion) prerelease() bool        { return v.IsPreRelease() }

// Normal is the version as tools of its ecosystem write it down: 1.4.0rc1 for 1.4.0-RC.1 of PEP 440.
func (v Version) Normal() string {
	if python, is := v.order.(pythonVersion); is {
		return python.String()
	}
	return v.Text
}
