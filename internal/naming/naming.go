// Package naming turns a project's name and version into the names that other systems need, and
// refuses what they would refuse: git refs (https://git-scm.com/docs/git-check-ref-format), image
// tags (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests)
// and Helm releases, which are DNS labels of at most 53 characters
// (https://helm.sh/docs/topics/charts/).
package naming

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Template says how a project's tags are named: {name} and {version} stand for the project's.
type Template string

// DefaultTemplate gives shop-1.4.0.
const DefaultTemplate Template = "{name}-{version}"

// Tag returns the tag of a version of a project; what git forbids in name and version is escaped,
// see gitEscape. One project's versions never share a tag. Two projects' versions might (a-1 with
// 2.0 and a with 1-2.0): Version tells.
func (t Template) Tag(name, version string) (string, error) {
	if strings.Count(string(t), "{version}") != 1 {
		return "", fmt.Errorf("the tag's template %q must hold {version} once", t)
	}
	tag := strings.NewReplacer("{name}", gitEscape(name), "{version}", gitEscape(version)).Replace(string(t))
	// go-git accepts what git reads as an option
	if err := plumbing.NewTagReferenceName(tag).Validate(); err != nil || strings.HasPrefix(tag, "-") {
		return "", fmt.Errorf("%q, from the template %q, cannot be a git tag: see git check-ref-format", tag, t)
	}
	return tag, nil
}

// Prefix is what all tags of a project begin with.
func (t Template) Prefix(name string) string {
	before, _, _ := strings.Cut(string(t), "{version}")
	return strings.ReplaceAll(before, "{name}", gitEscape(name))
}

// Version returns the version that a tag of a project is for, by its text alone. The caller checks
// whether that is a valid version of the project's scheme.
func (t Template) Version(name, tag string) (string, bool) {
	_, after, _ := strings.Cut(string(t), "{version}")
	escaped, begins := strings.CutPrefix(tag, t.Prefix(name))
	if !begins {
		return "", false
	}
	escaped, ends := strings.CutSuffix(escaped, strings.ReplaceAll(after, "{name}", gitEscape(name)))
	if !ends {
		return "", false
	}
	return gitUnescape(escaped)
}

var notLabel = regexp.MustCompile(`[^a-z0-9]+`)

// Release returns the name of a project's Helm release: its name in lower case, each run of other
// characters a dash.
func Release(name string) (string, error) {
	release := strings.Trim(notLabel.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if release == "" || len(release) > 53 {
		return "", fmt.Errorf("%q cannot name a Helm release: that takes 1 to 53 letters, digits and dashes", name)
	}
	return release, nil
}

var (
	notImage = regexp.MustCompile(`[^a-z0-9._-]+`)
	// separator is any but single characters, "__" and dashes, which are valid
	separator = regexp.MustCompile(`[._-]*[.-][._-]*|_{3,}`)
	valid     = regexp.MustCompile(`^(?:[.]|-+)$`)
)

// Image returns the last part of the image's address for a project
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests): its
// name in lower case, without an npm scope's @, and with a dash for each run of characters that an
// image's path cannot have. It is empty if nothing is left.
func Image(name string) string {
	var parts []string
	for _, part := range strings.Split(strings.ToLower(strings.TrimPrefix(name, "@")), "/") {
		part = separator.ReplaceAllStringFunc(notImage.ReplaceAllString(part, "-"), func(run string) string {
			if valid.MatchString(run) {
				return run
			}
			return "-"
		})
		if part = strings.Trim(part, "._-"); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/")
}
