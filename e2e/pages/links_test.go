package pages

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// fences are blocks of code, and code within a line: neither holds links or headings.
	fences  = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	links   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	marks   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks follows each link of each page that leads to a file of this repository, and to a heading in one.
func TestLinks(t *testing.T) {
	t.Parallel()
	pages := markdown(t)
	if len(pages) < 10 {
		t.Fatalf("there are %d pages only", len(pages))
	}
	for _, page := range pages {
		for _, link := range links.FindAllStringSubmatch(fences.ReplaceAllString(read(t, page), ""), -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			file := page
			if target != "" {
				file = path.Join(path.Dir(page), target)
			}
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s: the link %s leads to no file", page, link[1])
			} else if anchor != "" && !slices.Contains(anchors(read(t, file)), anchor) {
				t.Errorf("%s: the link %s leads to no heading", page, link[1])
			}
		}
	}
}

// markdown returns the pages of this repository.
func markdown(t *testing.T) (pages []string) {
	t.Helper()
	house := os.DirFS(root)
	err := fs.WalkDir(house, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() &&
			slices.Contains([]string{".git", ".cache", "node_modules", "testdata"}, entry.Name()) {
			return fs.SkipDir
		}
		if path.Ext(name) == ".md" {
			pages = append(pages, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// anchors are the names of a page's headings, made as GitLab makes them: in lower case, without marks, dashes between
// words.
func anchors(page string) (names []string) {
	for _, title := range heading.FindAllStringSubmatch(regexp.MustCompile("(?s)```.*?```").ReplaceAllString(page, ""),
		-1) {
		plain := marks.ReplaceAllString(strings.ToLower(strings.TrimSpace(title[1])), "")
		names = append(names, strings.ReplaceAll(plain, " ", "-"))
	}
	return names
}

func TestAnchors(t *testing.T) {
	t.Parallel()
	page := "# A page: `code`, and more\n```\n# no heading\n```\n## 2. Two rights\n"
	if got, want := strings.Join(anchors(page), " "), "a-page-code-and-more 2-two-rights"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
