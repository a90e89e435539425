package report

import (
	"strings"
	"unicode"

	"dagger/ship/internal/foreign"
)

// Dotenv is what later jobs of a pipeline need to know of a release, as GitLab's dotenv reports
// have it (https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv): lines
// KEY=VALUE for VERSION, TAG, IMAGE and DIGEST, for a project with a key as API_VERSION and so on.
// There is no quoting in that format, and none of the four can hold what would need it; there are
// no empty lines either, hence none ends the last one. Image is HOST/PATH:TAG@DIGEST, or empty.
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
		lines = append(lines, prefix+of[0]+"="+foreign.Joined(of[1])) // a line end in one would be a variable more
	}
	return strings.Join(lines, "\n")
}
