package manifest

import (
	"path"
	"slices"
	"strings"
)

// How far below a folder without a manifest one is looked for, to name it as an example.
const (
	maxLists  = 40 // folders, since each costs a round trip
	maxLevels = 2
)

// advice says what to do about a folder without a project that has a version: it names the first
// manifest below it that has one.
func advice(f *files, folder string, entries []string) string {
	text := "name a manifest that has one with --manifest"
	if example := f.below(folder, entries); example != "" {
		text += ", as --manifest=" + example
	}
	text += "; list the projects of a repo of several in ship.toml"
	if slices.Contains(entries, "go.mod") {
		return "go.mod has no version: write it in a file VERSION beside it; " + text
	}
	return text + "; or write the version in a file VERSION"
}

// below finds a manifest with a version in the folders below, level by level; a chart only if there
// is nothing else.
func (f *files) below(folder string, entries []string) (found string) {
	type level struct {
		folder  string
		entries []string
		depth   int
	}
	chart := ""
	left := maxLists
	for queue := []level{{folder, entries, 0}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at.depth > 0 {
			for _, format := range formats {
				for _, entry := range at.entries {
					file := path.Join(at.folder, entry)
					if is, _ := path.Match(format.pattern, entry); !is {
						continue
					}
					switch _, err := read(f, file); {
					case err == nil && entry == "Chart.yaml":
						if chart == "" {
							chart = file
						}
					case err == nil:
						return file
					}
				}
			}
		}
		for _, entry := range at.entries {
			// an entry with a dot is a file, or hidden
			if at.depth == maxLevels || left == 0 || strings.Contains(entry, ".") ||
				slices.Contains([]string{"node_modules", "vendor", "testdata", "target"}, entry) {
				continue
			}
			left--
			if below, err := f.list(path.Join(at.folder, entry)); err == nil && len(below) > 0 {
				queue = append(queue, level{path.Join(at.folder, entry), below, at.depth + 1})
			}
		}
	}
	return chart
}
