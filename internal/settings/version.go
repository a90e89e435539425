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
