package projects

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPage holds the pages of environments and images to the keys that the file may have.
func TestPage(t *testing.T) {
	t.Parallel()
	var page []byte
	for _, name := range []string{"environments", "images"} {
		text, err := os.ReadFile("../../docs/" + name + ".md")
		if err != nil {
			t.Fatal(err)
		}
		page = append(page, text...)
	}
	for heading, keys := range map[string][]string{
		"## Keys of an environment":            keysOf[Environment](),
		"## Keys at the top, and of a project": keysOf[Settings](),
		"## Keys of an image":                  keysOf[Image](),
	} {
		_, section, found := strings.Cut(string(page), heading+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		var said []string
		for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(section, -1) {
			for _, key := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(row[1], -1) {
				said = append(said, key[1])
			}
		}
		slices.Sort(said)
		slices.Sort(keys)
		if !found || !slices.Equal(said, keys) {
			t.Errorf("%s has %q, the file may have %q", heading, said, keys)
		}
	}
}
