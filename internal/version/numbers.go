package version

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

var errInvalid = errors.New("not valid")

// compareNumbers compares decimal numbers of any length; leading zeros do not count.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

func compareParts(a, b []string) int {
	for i := range max(len(a), len(b)) {
		x, y := "0", "0"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if c := compareNumbers(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// nuGet is one to four numbers and what SemVer has behind them; letters compare without regard to
// case.
type nuGet struct {
	numbers []string
	label   *semver.Version // 0.0.0 with the pre-release label
}

var nuGetVersion = regexp.MustCompile(`^(\d{1,10}(?:\.\d{1,10}){0,3})((?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$`)

func parseNuGet(text string) (order, error) {
	match := nuGetVersion.FindStringSubmatch(text)
	if match == nil {
		return nil, errInvalid
	}
	label, err := semver.StrictNewVersion("0.0.0" + strings.ToLower(match[2]))
	return nuGet{strings.Split(match[1], "."), label}, err
}

func (v nuGet) compare(other order) int {
	o := other.(nuGet)
	return cmp.Or(compareParts(v.numbers, o.numbers), v.label.Compare(o.label))
}

func (v nuGet) prerelease() bool { return v.label.Prerelease() != "" }

// composerVersion is one to four numbers with a stability and its number behind them.
type composerVersion struct {
	numbers   []string
	stability int // in composerStabilities
	suffix    string
}

var (
	composerText = regexp.MustCompile(
		`(?i)^v?(\d+(?:\.\d+){0,3})(?:[._-]?(dev|alpha|a|beta|b|RC|patch|pl|p)(?:[.-]?(\d+))?)?(?:\+[0-9A-Za-z.-]+)?$`,
	)
	composerStabilities = []string{"dev", "alpha", "beta", "rc", "", "patch"}
	composerShort       = map[string]string{"a": "alpha", "b": "beta", "p": "patch", "pl": "patch"}
)

func parseComposer(text string) (order, error) {
	match := composerText.FindStringSubmatch(text)
	if match == nil {
		return nil, errInvalid
	}
	word := strings.ToLower(match[2])
	stability := slices.Index(composerStabilities, cmp.Or(composerShort[word], word))
	return composerVersion{strings.Split(match[1], "."), stability, match[3]}, nil
}

func (v composerVersion) compare(other order) int {
	o := other.(composerVersion)
	return cmp.Or(compareParts(v.numbers, o.numbers), cmp.Compare(v.stability, o.stability),
		compareNumbers(v.suffix, o.suffix))
}

func (v composerVersion) prerelease() bool {
	return v.stability < slices.Index(composerStabilities, "")
}
