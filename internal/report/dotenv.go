package report

import (
	"strings"
	"unicode"

	"dagger/ship/internal/foreign"
)

// Dotenv is what later jobs of a pipeline need to know of a release, in the form of GitLab's dotenv
// reports (https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv): lines
// KEY=VALUE for VERSION, TAG, IMAGE and DIGEST, for a project with a key as API_VERSION and so on.
// Of several images, the names of the last two end with the image's: IMAGE_WEB. The format has no
// quoting, and none of the values needs it. It has no empty lines either, so no line end follows the
// last line.
func Dotenv(key, version, tag string, images ...Image) string {
	prefix := ""
	if key != "" {
		prefix = variable(key) + "_"
	}
	pairs := [][2]string{{"VERSION", version}, {"TAG", tag}}
	for _, image := range images {
		suffix := ""
		if image.Name != "" {
			suffix = "_" + variable(image.Name)
		}
		_, digest, _ := strings.Cut(image.Reference, "@")
		pairs = append(pairs, [2]string{"IMAGE" + suffix, image.Reference}, [2]string{"DIGEST" + suffix, digest})
	}
	var lines []string
	for _, of := range pairs {
		// a line end in a value would make another variable
		lines = append(lines, prefix+of[0]+"="+foreign.Joined(of[1]))
	}
	return strings.Join(lines, "\n")
}

// Image is one of those that were released.
type Image struct {
	Name      string // among several; empty: it is the only one
	Reference string // HOST/PATH:TAG@DIGEST, or empty
}

// variable is a name as variables are called.
func variable(name string) string {
	return strings.Map(func(c rune) rune {
		if c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c)) {
			return unicode.ToUpper(c)
		}
		return '_'
	}, name)
}
