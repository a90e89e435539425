package bump

import (
	"path"
	"regexp"
	"strings"

	"dagger/ship/internal/manifest"
	"dagger/ship/internal/version"
)

var separators = regexp.MustCompile(`[-_.]+`)

// setUV sets the version of the project in uv.lock (https://docs.astral.sh/uv/concepts/projects/layout/),
// which is in its folder, or in that of the workspace above. Versions and names are normal forms there
// (https://packaging.python.org/en/latest/specifications/name-normalization/). A project whose version
// is dynamic has none there. Poetry's and PDM's lock files do not have the project's own version.
func (e *editor) setUV(was manifest.Project, text string) error {
	v, err := version.Parse(version.PEP440, text)
	if err != nil {
		return err
	}
	name := strings.ToLower(separators.ReplaceAllString(was.Name, "-"))
	return e.above(path.Dir(was.Path), "uv.lock", func(file, relative string) (bool, error) {
		return true, e.setLocked(file, v.Normal(), func(p locked) bool {
			if p.values["name"] != name {
				return false
			}
			for _, kind := range []string{"editable", "virtual", "directory"} {
				if folder, is := p.values["source."+kind]; is && path.Clean(folder) == relative {
					return true
				}
			}
			return false
		})
	})
}
