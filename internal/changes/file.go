package changes

import (
	"path"
	"strings"

	"dagger/ship/internal/foreign"
	"dagger/ship/internal/position"
	"dagger/ship/internal/version"
)

// Folder is where change files are, in a project's folder.
const Folder = ".changes"

// IsFile tells whether a name in that folder is a change file's.
func IsFile(name string) bool {
	return path.Ext(name) == ".md" && !strings.HasPrefix(name, ".") && !strings.EqualFold(name, "README.md")
}

// FromFile reads a change file, which says in its first line how much it raises the version, and what
// changed: "minor: pay by invoice". What is below is for people. Its error is a *position.Fault.
func FromFile(file string, data []byte) (Change, error) {
	line := 0
	for text := range strings.Lines(foreign.WithoutBOM(string(data))) {
		line++
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		name, words, _ := strings.Cut(text, ":")
		level, known := version.LevelOf(strings.ToLower(strings.TrimSpace(name)))
		if words = strings.TrimSpace(words); !known || words == "" {
			break
		}
		return Change{Level: level, Text: words, From: path.Base(file)}, nil
	}
	return Change{}, &position.Fault{
		Path: file,
		Line: max(line, 1),
		Text: "it does not begin with what it raises and what changed: write major, minor or patch, a colon and a " +
			"few words, as minor: pay by invoice",
	}
}
