package manifest

import (
	"path"
	"slices"

	"dagger/ship/internal/version"
)

// Named returns the name that a manifest in the folder says, and the scheme of its versions, of a
// project whose version comes from elsewhere: the manifest may have none, or a placeholder. A file
// that is named is the only one that counts. Without a name, the project has no name of its own.
func Named(tree Tree, folder, file string) (name string, scheme version.Scheme, at string) {
	f := &files{tree: tree}
	entries := []string{file}
	if file == "" {
		var err error
		if entries, err = f.list(folder); err != nil {
			return "", "", ""
		}
	}
	for _, format := range formats {
		for _, entry := range entries {
			if is, _ := path.Match(format.pattern, path.Base(entry)); !is {
				continue
			}
			d, err := f.open(path.Join(folder, entry))
			if err != nil {
				continue
			}
			d.scheme = format.scheme
			err = format.read(d) // the name is read though the version may be no good
			if d.name != "" || err == nil {
				return d.name, d.scheme, path.Join(folder, entry)
			}
		}
	}
	return "", "", ""
}

// Any tells whether a folder has a manifest.
func Any(tree Tree, folder string) bool {
	entries, err := (&files{tree: tree}).list(folder)
	return err == nil && slices.ContainsFunc(entries, func(entry string) bool { return formatOf(entry) >= 0 })
}
