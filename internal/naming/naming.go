// Package naming turns a project's name and version into the names that other systems ask for, and refuses
// what they would refuse: git refs (https://git-scm.com/docs/git-check-ref-format), image tags
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests) and Helm releases,
// which are DNS labels of at most 53 characters (https://helm.sh/docs/topics/charts/).
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

// Tag returns the tag of a version of a project.
func (t Template) Tag(name, version string) (string, error) {
	if strings.Count(string(t), "{version}") != 1 {
		return "", fmt.Errorf("the tag's template %q must hold {version} once", t)
	}
	tag := strings.NewReplacer("{name}", name, "{version}", version).Replace(string(t))
	// go-git lets pass what git calls an option
	if err := plumbing.NewTagReferenceName(tag).Validate(); err != nil || strings.HasPrefix(tag, "-") {
		return "", fmt.Errorf("%q, from the template %q, cannot be a git tag: see git check-ref-format", tag, t)
	}
	return tag, nil
}

// Prefix is what all tags of a project begin with.
func (t Template) Prefix(name string) string {
	before, _, _ := strings.Cut(string(t), "{version}")
	return strings.ReplaceAll(before, "{name}", name)
}

// Version returns the version that a tag of a project is for, by its text alone.
func (t Template) Version(name, tag string) (string, bool) {
	_, after, _ := strings.Cut(string(t), "{version}")
	version, begins := strings.CutPrefix(tag, t.Prefix(name))
	if !begins {
		return "", false
	}
	return strings.CutSuffix(version, strings.ReplaceAll(after, "{name}", name))
}

var imageTag = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)

// CheckImageTag refuses a version that cannot be an image's tag.
func CheckImageTag(version string) error {
	if !imageTag.MatchString(version) {
		return fmt.Errorf("%q cannot be an image's tag: those hold letters, digits, '.', '_' and '-', at most 128", version)
	}
	return nil
}

var notLabel = regexp.MustCompile(`[^a-z0-9]+`)

// Release returns the name of a project's Helm release: its name in lower case, each run of other characters a dash.
func Release(name string) (string, error) {
	release := strings.Trim(notLabel.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if release == "" || len(release) > 53 {
		return "", fmt.Errorf("%q cannot name a Helm release: that takes 1 to 53 letters, digits and dashes", name)
	}
	return release, nil
}

// Image returns the last part of the image's address for a project: its name in lower case, without an npm scope's @.
func Image(name string) string {
	return strings.ToLower(strings.TrimPrefix(name, "@"))
}
