package report

import (
	"strings"
	"unicode"

	"dagger/ship/internal/foreign"
)

// Dotenv is what later jobs of a pipeline need to know of a release, in the form of GitLab's dotenv
// reports (https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv): lines
// KEY=VALUE for VERSION, TAG, IMAGE and DIGEST, for a project with a key as API_VERSION and so on.
// The format has no quoting, and none of the four values needs it. It has no empty lines either, so
// no line end follows the last line. Image is HOST/PATH:TAG@DIGEST, or empty.
func Dotenv(key, version, tag, image string) string {
	prefix := strings.Map(func(c rune) rune {
		if c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c)) {
			return unicode.ToUpper(c)
		}
		return '_'
	}, key)
	if key != "" {
		prefix += "_"
	}
	_, digest, _ := strings.Cut(image, "@")
	var lines []string
	for _, of := range [][2]string{{"VERSION", version}, {"TAG", tag}, {"IMAGE", image}, {"DIGEST", digest}} {
		// a line end in a value would make another variable
		lines = append(lines, prefix+of[0]+"="+foreign.Joined(of[1]))
	}
	return strings.Join(lines, "\n")
}
