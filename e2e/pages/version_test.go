package pages

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOneVersion: all pages, examples and the component name Ship at one version. The component loads Ship at it, since
// GitLab tells it of its own version only from 18.7 on.
func TestOneVersion(t *testing.T) {
	t.Parallel()
	_, input, _ := strings.Cut(read(t, "templates/release.yml"), "\n    version:\n")
	own := regexp.MustCompile(`default: (v\d\S*)`).FindStringSubmatch(input)
	if own == nil {
		t.Fatal("the component has no version")
	}
	named := regexp.MustCompile(`(?:ship\.git|/ship/(?:release|deploy))@(v\d[^\s"'` + "`" + `]*)`)
	files := markdown(t)
	for _, pattern := range []string{"examples/*/dagger.json", "examples/*/.gitlab-ci.yml"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			files = append(files, strings.TrimPrefix(file, root+string(os.PathSeparator)))
		}
	}
	seen := 0
	for _, file := range files {
		for _, version := range named.FindAllStringSubmatch(read(t, file), -1) {
			if seen++; version[1] != own[1] {
				t.Errorf("%s names %s, the component %s", file, version[1], own[1])
			}
		}
	}
	if seen < 6 {
		t.Errorf("only %d places name a version", seen)
	}
}
