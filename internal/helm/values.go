package helm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Image is what a chart is told to run.
type Image struct {
	Repository string
	Tag        string
	Digest     string // sha256:…
}

// String is the image's reference, as HOST/PATH:TAG@DIGEST.
func (i Image) String() string { return i.Repository + ":" + i.Tag + "@" + i.Digest }

// Keys are the paths in a chart's values under which it takes the image. Of three, they are for its
// repository, tag and digest. A chart that knows no digest has two, and gets TAG@DIGEST as the tag:
// together with the repository that is still a valid reference. One gets REPOSITORY:TAG@DIGEST.
type Keys []string

// DefaultKeys are those of `helm create`, and the digest beside them.
var DefaultKeys = Keys{"image.repository", "image.tag", "image.digest"}

// Forms says what a chart can be given.
const Forms = "three keys get the image's repository, tag and digest, two its repository and TAG@DIGEST, " +
	"one REPOSITORY:TAG@DIGEST"

// Check refuses keys that are not one to three different paths.
func (k Keys) Check() error {
	if len(k) < 1 || len(k) > 3 {
		return fmt.Errorf("give one, two or three paths in the chart's values: %s; got %q", Forms, []string(k))
	}
	return CheckPaths(k...)
}

// CheckPaths refuses keys that are no paths, the same, or one below the other.
func CheckPaths(keys ...string) error {
	var paths [][]step
	for i, key := range keys {
		path, err := parsePath(key)
		if err != nil {
			return err
		}
		for j, other := range paths {
			if n := min(len(path), len(other)); slices.Equal(path[:n], other[:n]) {
				return fmt.Errorf("%q and %q are the same, or one is below the other", keys[j], keys[i])
			}
		}
		paths = append(paths, path)
	}
	return nil
}

// path is a key's. Check has read it once already.
func path(key string) []step {
	steps, _ := parsePath(key)
	return steps
}

// Lists tells whether a key leads into a list. Helm replaces lists as a whole, so Values must be
// given the chart's own.
func (k Keys) Lists() bool {
	return slices.ContainsFunc(k, func(key string) bool { return len(list(path(key))) > 0 })
}

// Values returns the values that make a chart run the image, as JSON, which Helm reads as YAML. If
// keys lead into lists, those come from the chart's own files of values, the last of which counts
// most.
func (k Keys) Values(image Image, own ...string) (string, error) {
	var lists []any
	for _, text := range own {
		read, err := parseValues(text)
		if err != nil {
			return "", err
		}
		lists = append(lists, read)
	}
	var values any = map[string]any{}
	for i, text := range k.texts(image) {
		steps := path(k[i])
		if where := list(steps); len(where) > 0 && at(values, where) == nil {
			for _, from := range slices.Backward(lists) {
				if elements, is := at(from, where).([]any); is {
					values, _ = put(values, where, elements)
					break
				}
			}
			if at(values, where) == nil {
				return "", fmt.Errorf("--keys: there is no list for %s in the chart's values.yaml, nor in the "+
					"environment's file of values: Helm replaces lists as a whole, so write it there", k[i])
			}
		}
		var err error
		if values, err = put(values, steps, text); err != nil {
			return "", fmt.Errorf("--keys: %s: %w", k[i], err)
		}
	}
	encoded, err := json.MarshalIndent(values, "", "  ")
	return string(encoded), err
}

// texts are what each key gets.
func (k Keys) texts(image Image) []string {
	switch len(k) {
	case 1:
		return []string{image.String()}
	case 2:
		return []string{image.Repository, image.Tag + "@" + image.Digest}
	}
	return []string{image.Repository, image.Tag, image.Digest}
}

// Image reads back from a release's values what Values wrote. Of values that somebody else wrote,
// or Ship with other keys, it reads what is there.
func (k Keys) Image(values map[string]any) (image Image) {
	texts := make([]string, 3)
	for i, key := range k {
		texts[i], _ = at(values, path(key)).(string)
	}
	image = Image{Repository: texts[0], Tag: texts[1], Digest: texts[2]}
	if len(k) == 1 {
		name, digest, _ := strings.Cut(texts[0], "@")
		image.Digest = digest
		image.Repository, image.Tag = cutTag(name)
	}
	if tag, digest, joined := strings.Cut(image.Tag, "@"); joined {
		image.Tag, image.Digest = tag, digest
	}
	return image
}
