package settings

import "fmt"

// Source says where a project's versions come from.
type Source string

// The sources.
const (
	FromAny      Source = ""         // the version that was given counts, or else the manifest's
	FromManifest Source = "manifest" // the manifest's only
	FromTag      Source = "tag"      // a tag that somebody pushed; the version that is given names it
	FromGiven    Source = "given"    // the version that was given only
)

// sourceOf is the source of a name, for a version that was given or not.
func sourceOf(name, version string) (Source, error) {
	switch source := Source(name); source {
	case FromAny, FromTag, FromGiven:
		return source, nil
	case FromManifest:
		if version != "" {
			return "", fmt.Errorf("%q was given, but ship.toml says that versions come from the manifest", version)
		}
		return source, nil
	}
	return "", fmt.Errorf("%q is no source of versions: write %s, %s or %s", name, FromManifest, FromTag, FromGiven)
}

// Changes says what tells how much a project's next version is raised.
type Changes string

// What may tell it.
const (
	ByCommits Changes = "commits" // their subjects, as Conventional Commits
	ByFiles   Changes = "files"   // change files
)

func changesOf(name string) (Changes, error) {
	switch by := Changes(name); by {
	case "":
		return ByCommits, nil
	case ByCommits, ByFiles:
		return by, nil
	case "label":
		return "", fmt.Errorf("labels of merge requests are not read yet: write %s or %s", ByCommits, ByFiles)
	}
	return "", fmt.Errorf("%q does not say what raises versions: write %s or %s", name, ByCommits, ByFiles)
}
