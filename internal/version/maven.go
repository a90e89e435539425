package version

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// mavenVersion is a list of tokens, as the order's specification splits and trims them.
type mavenVersion []token

// token is a number, a qualifier, or empty if a shorter version is filled up; separator is '.' or
// '-'.
type token struct {
	separator byte
	text      string
}

var (
	mavenText       = regexp.MustCompile(`^[0-9A-Za-z_+]+(?:[.-][0-9A-Za-z_+]+)*$`)
	mavenToken      = regexp.MustCompile(`[0-9]+|[^0-9.-]+|[.-]`)
	mavenQualifiers = []string{"alpha", "beta", "milestone", "rc", "snapshot", "", "sp"}
	mavenAliases    = map[string]string{"ga": "", "final": "", "release": "", "cr": "rc"}
	// only if a number follows at once
	mavenShort = map[string]string{"a": "alpha", "b": "beta", "m": "milestone"}
)

func parseMaven(text string) (order, error) {
	if !mavenText.MatchString(text) {
		return nil, errInvalid
	}
	var tokens mavenVersion
	separator := byte(0) // 0: from digits to letters or back, which is a hyphen
	for _, part := range mavenToken.FindAllString(strings.ToLower(text), -1) {
		if part == "." || part == "-" {
			separator = part[0]
			continue
		}
		if last := len(tokens) - 1; separator == 0 && last >= 0 && mavenShort[tokens[last].text] != "" {
			tokens[last].text = mavenShort[tokens[last].text]
		}
		if alias, known := mavenAliases[part]; known {
			part = alias
		}
		tokens = append(tokens, token{cmp.Or(separator, '-'), part})
		separator = 0
	}
	return tokens.trim(), nil
}

// trim removes null values (0, and qualifiers that mean a release) at the end and before each
// hyphen.
func (v mavenVersion) trim() mavenVersion {
	for i := len(v) - 1; i > 0; i-- {
		atEnd := i == len(v)-1 || v[i+1].separator == '-'
		if atEnd && (v[i].text == "" || isNumber(v[i].text) && compareNumbers(v[i].text, "0") == 0) {
			v = slices.Delete(v, i, i+1)
		}
	}
	return v
}

func (v mavenVersion) compare(other order) int {
	o := other.(mavenVersion)
	for i := range max(len(v), len(o)) {
		x, y := v.at(i, o), o.at(i, v)
		if c := cmp.Or(cmp.Compare(x.class(), y.class()), x.within(y)); c != 0 {
			return c
		}
	}
	return 0
}

// at returns a token. If there is none, it returns a null value to compare with the other version's
// token.
func (v mavenVersion) at(i int, other mavenVersion) token {
	switch {
	case i < len(v):
		return v[i]
	case isNumber(other[i].text):
		return token{other[i].separator, "0"}
	}
	return token{other[i].separator, ""}
}

// class is the order of tokens of different kinds: .qualifier = -qualifier < -number < .number.
func (t token) class() int {
	switch {
	case !isNumber(t.text):
		return 0
	case t.separator == '-':
		return 1
	}
	return 2
}

func (t token) within(other token) int {
	if isNumber(t.text) {
		return compareNumbers(t.text, other.text)
	}
	x, y := slices.Index(mavenQualifiers, t.text), slices.Index(mavenQualifiers, other.text)
	switch {
	case x < 0 && y < 0:
		return strings.Compare(t.text, other.text)
	case x < 0:
		return 1
	case y < 0:
		return -1
	}
	return cmp.Compare(x, y)
}

func (v mavenVersion) prerelease() bool {
	return slices.ContainsFunc(v, func(t token) bool {
		at := slices.Index(mavenQualifiers, t.text)
		return !isNumber(t.text) && at >= 0 && at < slices.Index(mavenQualifiers, "")
	})
}

func isNumber(text string) bool { return text != "" && text[0] >= '0' && text[0] <= '9' }
