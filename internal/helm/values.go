package helm

import (
	"encoding/json"
	"errors"
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

// Images are those that a chart is told to run, in the order of its Slots.
type Images []Image

// String is their references.
func (all Images) String() string {
	var references []string
	for _, image := range all {
		references = append(references, image.String())
	}
	return strings.Join(references, ", ")
}

// Digests are theirs, empty ones too.
func (all Images) Digests() (digests []string) {
	for _, image := range all {
		digests = append(digests, image.Digest)
	}
	return digests
}

// Tag is the one that they have in common, or else the first one's that has any.
func (all Images) Tag() string {
	for _, image := range all {
		if image.Tag != "" {
			return image.Tag
		}
	}
	return ""
}

// Part is what of an image a key gets.
type Part string

// The parts. A repository is without its host if another key gets that, and a tag is TAG@DIGEST if no
// other key gets the digest: together with the repository that is still a valid reference.
const (
	PartReference  Part = "image" // REPOSITORY:TAG@DIGEST
	PartRegistry   Part = "registry"
	PartRepository Part = "repository"
	PartTag        Part = "tag"
	PartDigest     Part = "digest"
)

// Parts are all of them.
var Parts = []Part{PartReference, PartRegistry, PartRepository, PartTag, PartDigest}

// Key is a path in a chart's values, and what it gets.
type Key struct {
	Part Part
	Path string
}

// Keys are the paths in a chart's values under which it takes an image.
type Keys []Key

// DefaultKeys are those of `helm create`, and the digest beside them.
var DefaultKeys = Keys{
	{PartRepository, "image.repository"}, {PartTag, "image.tag"}, {PartDigest, "image.digest"},
}

// Forms says what a chart can be given.
const Forms = "three keys get the image's repository, tag and digest, two its repository and TAG@DIGEST, " +
	"one REPOSITORY:TAG@DIGEST"

// ParseKeys reads keys as a list of one to three paths.
func ParseKeys(paths []string) (keys Keys, err error) {
	if len(paths) < 1 || len(paths) > 3 {
		return nil, fmt.Errorf("give one, two or three paths in the chart's values: %s; got %q", Forms, paths)
	}
	parts := []Part{PartRepository, PartTag, PartDigest}
	if len(paths) == 1 {
		parts = []Part{PartReference}
	}
	for i, path := range paths {
		keys = append(keys, Key{parts[i], path})
	}
	return keys, keys.Check()
}

// Check refuses keys that are no paths, or that tell nobody which image is meant.
func (k Keys) Check() error {
	if err := CheckPaths(k.paths()...); err != nil {
		return err
	}
	has := func(part Part) bool { return k.path(part) != "" }
	switch {
	case has(PartReference) && len(k) > 1:
		return fmt.Errorf("%s gets the whole image, so nothing is left for other keys: write several sets of keys as "+
			"a list of lists", k.path(PartReference))
	case has(PartRegistry) && !has(PartRepository):
		return fmt.Errorf("%s gets the registry: name a key for the repository, too", k.path(PartRegistry))
	case !has(PartReference) && !has(PartTag) && !has(PartDigest):
		return fmt.Errorf(
			"of %s, none gets the image's digest: name a key for that, or for the tag",
			enumerate(k.paths()),
		)
	}
	return nil
}

func (k Keys) paths() (paths []string) {
	for _, key := range k {
		paths = append(paths, key.Path)
	}
	return paths
}

// path is that of the key that gets a part, empty if none does.
func (k Keys) path(part Part) string {
	for _, key := range k {
		if key.Part == part {
			return key.Path
		}
	}
	return ""
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

// text is what a key gets of an image.
func (k Keys) text(part Part, image Image) string {
	host, rest, _ := strings.Cut(image.Repository, "/")
	switch part {
	case PartReference:
		return image.String()
	case PartRegistry:
		return host
	case PartDigest:
		return image.Digest
	case PartTag:
		if k.path(PartDigest) == "" {
			return image.Tag + "@" + image.Digest
		}
		return image.Tag
	}
	if k.path(PartRegistry) != "" {
		return rest
	}
	return image.Repository
}

// image reads back from values what the keys got. Of values that somebody else wrote, or Ship with
// other keys, it reads what is there.
func (k Keys) image(values map[string]any) (image Image) {
	said := func(part Part) (text string) {
		if at := k.path(part); at != "" {
			text, _ = valueAt(values, path(at)).(string)
		}
		return text
	}
	image = Image{Repository: said(PartRepository), Tag: said(PartTag), Digest: said(PartDigest)}
	if host := said(PartRegistry); host != "" {
		image.Repository = host + "/" + image.Repository
	}
	if k.path(PartReference) != "" {
		name, digest, _ := strings.Cut(said(PartReference), "@")
		image.Digest = digest
		image.Repository, image.Tag = cutTag(name)
	}
	if tag, digest, joined := strings.Cut(image.Tag, "@"); joined {
		image.Tag, image.Digest = tag, digest
	}
	return image
}

// Slot is where a chart takes one of a project's images.
type Slot struct {
	Name string // the image's; empty: it is the only one
	Sets []Keys
}

// image reads back from values what the sets of keys got: the digest only if they all say the same.
func (s Slot) image(values map[string]any) (image Image) {
	for i, keys := range s.Sets {
		found := keys.image(values)
		if i == 0 {
			image = found
			continue
		}
		if image.Tag == "" {
			image.Tag = found.Tag
		}
		if image.Repository == "" {
			image.Repository = found.Repository
		}
		if found.Digest != image.Digest {
			image.Digest = ""
		}
	}
	return image
}

// Slots are where a chart takes a project's images, in order.
type Slots []Slot

// DefaultSlots are those of a project of one image.
var DefaultSlots = Slots{{Sets: []Keys{DefaultKeys}}}

// slotKey is one of the keys, with the set that it is in and its slot.
type slotKey struct {
	Key
	set  Keys
	slot int
}

// text is what the key gets.
func (k slotKey) text(images Images) string { return k.set.text(k.Part, images[k.slot]) }

// keys are those of all slots, in order.
func (all Slots) keys() (keys []slotKey) {
	for i, slot := range all {
		for _, set := range slot.Sets {
			for _, key := range set {
				keys = append(keys, slotKey{key, set, i})
			}
		}
	}
	return keys
}

// Check refuses keys that two images would write to differently. A tag or a registry that all images
// have in common may have one key.
func (all Slots) Check() error {
	shared := map[string]string{}
	var paths []string
	tagged := false
	for _, key := range all.keys() {
		common := ""
		if key.Part == PartRegistry || key.Part == PartTag && key.set.path(PartDigest) != "" {
			common = string(key.Part)
		}
		tagged = tagged || key.Part == PartTag || key.Part == PartReference
		if same, is := shared[key.Path]; is && same == common && common != "" {
			continue
		}
		shared[key.Path], paths = common, append(paths, key.Path)
	}
	if err := CheckPaths(paths...); err != nil {
		return err
	}
	if !tagged {
		return errors.New("no key gets the tag, which says the version: name one, at least for one of the images")
	}
	return nil
}

// Lists tells whether a key leads into a list. Helm replaces lists as a whole, so Values must be
// given the chart's own.
func (all Slots) Lists() bool {
	return slices.ContainsFunc(all.keys(), func(key slotKey) bool { return len(list(path(key.Path))) > 0 })
}

// Values returns the values that make a chart run the images, as JSON, which Helm reads as YAML. If
// keys lead into lists, those come from the chart's own files of values, the last of which counts
// most.
func (all Slots) Values(images Images, own ...string) (string, error) {
	var lists []any
	for _, text := range own {
		read, err := parseValues(text)
		if err != nil {
			return "", err
		}
		lists = append(lists, read)
	}
	var values any = map[string]any{}
	for _, key := range all.keys() {
		steps := path(key.Path)
		if where := list(steps); len(where) > 0 && valueAt(values, where) == nil {
			for _, from := range slices.Backward(lists) {
				if elements, is := valueAt(from, where).([]any); is {
					values, _ = put(values, where, elements)
					break
				}
			}
			if valueAt(values, where) == nil {
				return "", fmt.Errorf("--keys: there is no list for %s in the chart's values.yaml, nor in the "+
					"environment's file of values: Helm replaces lists as a whole, so write it there", key.Path)
			}
		}
		var err error
		if values, err = put(values, steps, key.text(images)); err != nil {
			return "", fmt.Errorf("--keys: %s: %w", key.Path, err)
		}
	}
	encoded, err := json.MarshalIndent(values, "", "  ")
	return string(encoded), err
}

// Images reads back from a release's values what Values wrote.
func (all Slots) Images(values map[string]any) (images Images) {
	for _, slot := range all {
		images = append(images, slot.image(values))
	}
	return images
}

// wrote tells whether a release's values are what Values writes for the images.
func (all Slots) wrote(values map[string]any, images Images) bool {
	return !slices.ContainsFunc(all.keys(), func(key slotKey) bool {
		found, _ := valueAt(values, path(key.Path)).(string)
		return found != key.text(images)
	})
}
