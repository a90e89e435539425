package naming

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// gitEscape makes text fit into a git ref: what git forbids
// (https://git-scm.com/docs/git-check-ref-format), and '%' itself, becomes '%' and two hexadecimal
// digits. So 1!2.0 and 1.0.0+5 stay, "my app" is my%20app.
func gitEscape(text string) string {
	var ref strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		first := i == 0 || text[i-1] == '/'
		last := i+1 == len(text) || text[i+1] == '/'
		_, size := utf8.DecodeRuneInString(text[i:])
		forbidden := c <= ' ' || strings.IndexByte("~^:?*[\\%\x7f", c) >= 0 ||
			c == '.' && (first || last || text[i-1] == '.') ||
			c == '.' && (text[i:] == ".lock" || strings.HasPrefix(text[i:], ".lock/")) ||
			c == '/' && (first || i+1 == len(text)) ||
			c == '{' && (i == 0 || text[i-1] == '@') || // at the start, since a template may put an @ before it
			c == '@' && first && last || // go-git refuses that too
			c == '-' && i == 0
		switch {
		case forbidden || c >= utf8.RuneSelf && size == 1:
			fmt.Fprintf(&ref, "%%%02X", c)
		default:
			ref.WriteString(text[i : i+size])
			i += size - 1
		}
	}
	return ref.String()
}

// gitUnescape undoes gitEscape, and accepts nothing else.
func gitUnescape(ref string) (string, bool) {
	var text strings.Builder
	for i := 0; i < len(ref); i++ {
		c := ref[i]
		if c == '%' {
			code, ok := hexByte(ref[i+1:])
			if !ok {
				return "", false
			}
			c = code
			i += 2
		}
		text.WriteByte(c)
	}
	return text.String(), gitEscape(text.String()) == ref
}

// ImageTag returns the image tag for a version. A tag holds letters, digits, '.', '_' and '-', does
// not begin with '.' or '-', and has at most 128 characters
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests). As
// Helm does for charts, '+' becomes '_': 1.0.0_5. Any other character, and '_' itself, becomes "__"
// and two hexadecimal digits: 1!2.0 is 1__212.0. So two versions never share a tag, and VersionOf
// undoes it.
func ImageTag(version string) (string, error) {
	tag := imageEscape(version)
	switch {
	case tag == "":
		return "", fmt.Errorf("an empty version cannot be an image's tag")
	case tag == "latest":
		return "", fmt.Errorf("the version %q cannot be an image's tag: latest follows the newest version", version)
	case len(tag) > 128:
		return "", fmt.Errorf("the version %q cannot be an image's tag: %s is longer than 128 characters", version, tag)
	}
	return tag, nil
}

// VersionOf returns the version that ImageTag made the tag from, or false if ImageTag makes no such
// tag.
func VersionOf(tag string) (string, bool) {
	var version strings.Builder
	for i := 0; i < len(tag); i++ {
		switch code, ok := hexByte(strings.TrimPrefix(tag[i:], "__")); {
		case tag[i] != '_':
			version.WriteByte(tag[i])
		case !strings.HasPrefix(tag[i:], "__"):
			version.WriteByte('+')
		case !ok:
			return "", false
		default:
			version.WriteByte(code)
			i += 3
		}
	}
	again, err := ImageTag(version.String())
	return version.String(), err == nil && again == tag
}

func imageEscape(version string) string {
	plain := func(i int) bool {
		c := version[i]
		return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && (c == '.' || c == '-')
	}
	var tag strings.Builder
	for i := range len(version) {
		switch {
		case plain(i):
			tag.WriteByte(version[i])
		case version[i] == '+' && i+1 < len(version) && plain(i+1): // two '_' would be an escape
			tag.WriteByte('_')
		default:
			fmt.Fprintf(&tag, "__%02X", version[i])
		}
	}
	return tag.String()
}

// hexByte reads the two upper-case hexadecimal digits that text begins with.
func hexByte(text string) (byte, bool) {
	if len(text) < 2 || strings.ToUpper(text[:2]) != text[:2] {
		return 0, false
	}
	code, err := strconv.ParseUint(text[:2], 16, 8)
	return byte(code), err == nil
}
