// Package version compares versions by the rules of the ecosystem that they come from:
// SemVer 2.0.0 (https://semver.org) for npm and Cargo, PEP 440 (https://peps.python.org/pep-0440/) for Python.
package version

import (
	"fmt"

	"github.com/Masterminds/semver/v3"
	pep440 "github.com/aquasecurity/go-pep440-version"
)

// Scheme names the rules that a version follows.
type Scheme string

// The schemes that Ship knows.
const (
	SemVer Scheme = "SemVer"
	PEP440 Scheme = "PEP 440"
)

// Version is a valid version. Text is what the manifest says, letter for letter.
type Version struct {
	Text   string
	Scheme Scheme

	semver *semver.Version
	pep440 pep440.Version
}

// Parse reads text by the scheme's rules. SemVer is strict: three numbers, no leading "v".
func Parse(scheme Scheme, text string) (Version, error) {
	v := Version{Text: text, Scheme: scheme}
	var err error
	switch scheme {
	case SemVer:
		v.semver, err = semver.StrictNewVersion(text)
	case PEP440:
		v.pep440, err = pep440.Parse(text)
	default:
		err = fmt.Errorf("unknown version scheme %q", scheme)
	}
	if err != nil {
		return Version{}, fmt.Errorf("%q is not a valid %s version", text, scheme)
	}
	return v, nil
}

// Compare returns -1, 0 or 1 as v is lower than, equal to or higher than other.
// Both must be of one scheme.
func (v Version) Compare(other Version) int {
	if v.Scheme == PEP440 {
		return v.pep440.Compare(other.pep440)
	}
	return v.semver.Compare(other.semver)
}

// Prerelease reports whether v comes before a final release: 1.4.0-rc.1, 1.4.0rc1, 1.4.0.dev3.
func (v Version) Prerelease() bool {
	if v.Scheme == PEP440 {
		return v.pep440.IsPreRelease()
	}
	return v.semver.Prerelease() != ""
}
