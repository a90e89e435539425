// Package dockerfile reads what an error needs to know of a Dockerfile, and no more: the engine
// reads it for the build.
package dockerfile

import (
	"regexp"
	"slices"
	"strings"
)

var (
	from     = regexp.MustCompile(`(?i)^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?`)
	copyFrom = regexp.MustCompile(`(?i)^\s*(?:COPY|ADD)\s(?:.*\s)?--from=(\S+)`)
	number   = regexp.MustCompile(`^\d+$`)
)

// Bases are the images that a Dockerfile builds on or copies from, as they are written there, each
// once. The file's own stages and the empty image scratch do not count.
func Bases(text string) (images []string) {
	own := []string{"scratch"}
	for line := range strings.Lines(text) {
		image, stage := "", ""
		if found := from.FindStringSubmatch(line); found != nil {
			image, stage = found[1], found[2]
		} else if found := copyFrom.FindStringSubmatch(line); found != nil && !number.MatchString(found[1]) {
			image = found[1]
		}
		if image != "" && !slices.Contains(own, strings.ToLower(image)) && !slices.Contains(images, image) {
			images = append(images, image)
		}
		if stage != "" {
			own = append(own, strings.ToLower(stage))
		}
	}
	return images
}
