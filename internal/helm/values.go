package helm

import (
	"encoding/json"
	"errors"
	"fmt"
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

// Keys are the dotted paths under which a chart takes the image's repository, tag and digest. A
// chart that knows no digest has two, and gets TAG@DIGEST as the tag: together with the repository
// that is still a valid reference.
type Keys []string

// DefaultKeys are those of `helm create`, and the digest beside them.
var DefaultKeys = Keys{"image.repository", "image.tag", "image.digest"}

// Check refuses keys that are not two or three different paths.
func (k Keys) Check() error {
	if len(k) != 2 && len(k) != 3 {
		return fmt.Errorf("give the paths of the image's repository, tag and digest in the chart's values, "+
			"or the first two where the chart has no digest; got %q", []string(k))
	}
	values := map[string]any{}
	for _, key := range k {
		if err := set(values, key, key); err != nil {
			return err
		}
	}
	return nil
}

// Values returns the values that make a chart run the image, as JSON, which Helm reads as YAML.
func (k Keys) Values(image Image) string {
	texts := []string{image.Repository, image.Tag, image.Digest}
	if len(k) == 2 {
		texts[1] += "@" + image.Digest
	}
	values := map[string]any{}
	for i, key := range k {
		_ = set(values, key, texts[i]) // Check has tried this already
	}
	encoded, _ := json.MarshalIndent(values, "", "  ")
	return string(encoded)
}

// Image reads back from a release's values what Values wrote, as far as they are there.
func (k Keys) Image(values map[string]any) (image Image) {
	texts := make([]string, 3)
	for i, key := range k {
		texts[i] = get(values, key)
	}
	image = Image{Repository: texts[0], Tag: texts[1], Digest: texts[2]}
	if tag, digest, joined := strings.Cut(image.Tag, "@"); joined {
		image.Tag, image.Digest = tag, digest
	}
	return image
}

func set(values map[string]any, key, text string) error {
	parents := strings.Split(key, ".")
	last := parents[len(parents)-1]
	for _, parent := range parents[:len(parents)-1] {
		if _, exists := values[parent]; !exists {
			values[parent] = map[string]any{}
		}
		child, is := values[parent].(map[string]any)
		if !is {
			return fmt.Errorf("%q is below another key", key)
		}
		values = child
	}
	if _, exists := values[last]; exists || last == "" {
		return fmt.Errorf("%q is empty, given twice or above another key", key)
	}
	values[last] = text
	return nil
}

func get(values map[string]any, key string) string {
	parent, rest, nested := strings.Cut(key, ".")
	if !nested {
		text, _ := values[key].(string)
		return text
	}
	child, _ := values[parent].(map[string]any)
	return get(child, rest)
}

// CheckRendered tells whether a chart rendered with an image uses its digest: a chart that does not
// would keep running what a tag happens to point at.
func (k Keys) CheckRendered(manifests string, image Image) error {
	if strings.Contains(manifests, image.Digest) {
		return nil
	}
	if len(k) == 2 {
		return fmt.Errorf("the chart does not use %s, where it gets the image's tag and digest; see --keys", k[1])
	}
	return errors.New("the chart does not use " + k[2] +
		", where it gets the image's digest; use it in the template, or pass --keys " + k[0] + "," + k[1] +
		" to get TAG@DIGEST as the tag")
}
