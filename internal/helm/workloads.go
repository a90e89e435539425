package helm

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// container is one that an object of a chart makes, in whatever kind of object it is.
type container struct {
	of          Object
	name, image string
}

func (c container) String() string { return fmt.Sprintf("%s: container %s", c.of, c.name) }

// containers are those of all objects: of pods, of what makes pods, of custom resources that are
// built like them.
func containers(objects []Object) (all []container) {
	for _, o := range objects {
		walk(o.Body, func(parent map[string]any) {
			for _, list := range []string{"containers", "initContainers", "ephemeralContainers"} {
				items, _ := parent[list].([]any)
				for _, item := range items {
					fields, _ := item.(map[string]any)
					name, isNamed := fields["name"].(string)
					if image, has := fields["image"].(string); isNamed && has {
						all = append(all, container{o, name, image})
					}
				}
			}
		})
	}
	return all
}

// walk calls a function for each map in a value, in the order of their keys.
func walk(value any, do func(map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		do(value)
		for _, key := range slices.Sorted(maps.Keys(value)) {
			walk(value[key], do)
		}
	case []any:
		for _, one := range value {
			walk(one, do)
		}
	}
}

// CheckImages tells whether what a chart makes of images runs them by their digests, in each container
// that is of their repositories, and in one at least: a container without the digest would keep
// running what a tag happens to point at, or an older version. The remarks are about containers that
// run something else, and about images that none runs if another one is run.
func (all Slots) CheckImages(objects []Object, images Images) (remarks []string, err error) {
	var floating, others, missing []string
	runs := make([]bool, len(images))
	for _, c := range containers(objects) {
		r, valid := parseReference(c.image)
		at := images.of(r.repository)
		switch {
		case !valid && !builtIn(c.of.Group): // its controller may make something of it
		case !valid:
			return nil, fmt.Errorf("%s has the image %q, which is no image's reference; %s", c,
				shortDigest(c.image), all.advice(c.image, images))
		case at < 0:
			others = append(others, c.image)
			if r.digest == "" {
				floating = append(floating, c.name+" runs "+c.image)
			}
		case r.digest == images[at].Digest:
			runs[at] = true
		case r.digest == "" && r.tag == images[at].Tag && all[at].path(PartDigest) != "":
			return nil, fmt.Errorf("%s runs %s, so the chart does not use %s, where it gets the image's digest; %s",
				c, c.image, all[at].path(PartDigest), all[at].otherwise())
		default:
			return nil, fmt.Errorf("%s runs %s, and not the version that is released; %s", c, shortDigest(c.image),
				all[at:at+1].given(images[at:at+1]))
		}
	}
	for i, image := range images {
		if runs[i] {
			continue
		}
		named, is := naming(objects, image)
		if is {
			runs[i] = true
			remarks = append(remarks, "no container of the chart runs the image, but "+named+" names its digest")
		} else {
			missing = append(missing, all[i].Name)
		}
	}
	switch {
	case !slices.Contains(runs, true):
		return nil, all.none(others, images)
	case len(missing) > 0:
		remarks = append(remarks, "no container of the chart runs "+enumerate(missing))
	}
	if len(floating) > 0 {
		remarks = append(remarks, enumerate(floating)+", which may change")
	}
	return remarks, nil
}

// of is the index of the image in a repository, as nodes read it; -1 if there is none.
func (all Images) of(repository string) int {
	return slices.IndexFunc(all, func(image Image) bool {
		wanted, _ := parseReference(image.String())
		return wanted.repository == repository
	})
}

// path is that of the first key that gets a part, empty if none does.
func (s Slot) path(part Part) string {
	for _, keys := range s.Sets {
		if path := keys.path(part); path != "" {
			return path
		}
	}
	return ""
}

// otherwise is how a chart that does not use the digest's key can be given the digest.
func (s Slot) otherwise() string {
	repository, tag := s.path(PartRepository), s.path(PartTag)
	if s.Name != "" || repository == "" || tag == "" {
		return "use it in the template"
	}
	return fmt.Sprintf("use it in the template, or pass --keys %s,%s to get TAG@DIGEST as the tag", repository, tag)
}

// none is why no container runs any of the images.
func (all Slots) none(others []string, images Images) error {
	what := "it makes no containers"
	if len(others) > 0 {
		slices.Sort(others)
		what = "it runs " + enumerate(slices.Compact(others))
	}
	advice := all.given(images)
	for _, other := range others {
		if before, is := images.behind(other); is {
			advice = putsBefore(before)
		}
	}
	return fmt.Errorf("no container of the chart runs %s: %s; %s", shortDigest(images.String()), shortDigest(what),
		advice)
}

// advice says what to do about a reference that a chart made.
func (all Slots) advice(made string, images Images) string {
	if before, is := images.behind(made); is {
		return putsBefore(before)
	}
	return all.given(images)
}

// behind is what a reference has before one of the images, if it ends with one.
func (all Images) behind(reference string) (before string, is bool) {
	for _, image := range all {
		if before, is = strings.CutSuffix(reference, "/"+image.String()); is {
			return before, true
		}
	}
	return "", false
}

func putsBefore(before string) string {
	return fmt.Sprintf("the chart puts %s before the repository that it is given: set that to nothing in its "+
		"values, or name its key for the registry", before)
}

// given says what the keys give to the chart.
func (all Slots) given(images Images) string {
	var each []string
	for _, key := range all.keys() {
		each = append(each, key.Path+"="+key.text(images))
	}
	return shortDigest("it is given " + strings.Join(each, ", ") + "; with --keys, " + Forms)
}

// naming is a custom resource that names the image's digest outside its metadata: what its
// controller makes of that is not known here.
func naming(objects []Object, image Image) (named string, is bool) {
	for _, o := range objects {
		if builtIn(o.Group) {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(o.Body)) {
			if key != "metadata" && strings.Contains(fmt.Sprint(o.Body[key]), image.Digest) {
				return o.String(), true
			}
		}
	}
	return "", false
}

// builtIn tells whether a group of kinds is Kubernetes' own.
func builtIn(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
}

// enumerate is a list in words, which are not too many.
func enumerate(texts []string) string {
	const most = 3
	if more := len(texts) - most; more > 0 {
		texts = append(slices.Clone(texts[:most]), fmt.Sprintf("%d more", more))
	}
	if last := len(texts) - 1; last > 0 {
		return strings.Join(texts[:last], ", ") + " and " + texts[last]
	}
	return strings.Join(texts, "")
}

// RefusedBySchema recognizes that the chart's schema of values does not take what it was given.
func RefusedBySchema(cause string) bool { return schema.MatchString(cause) }

var schema = regexp.MustCompile(failed + `(?:[^\n"]*: )?values don't meet the specifications of the schema`)

// ExplainSchema says what to do about a chart whose schema refuses what its keys give it.
func (all Slots) ExplainSchema(cause string) error {
	var paths []string
	for _, key := range all.keys() {
		paths = append(paths, key.Path)
	}
	return errors.New("the chart's values.schema.json refuses its values, of which --keys gives it " +
		enumerate(paths) + ": " + cause + "\n" +
		"With --keys, " + Forms + ". If the schema takes none of these, let it: with a property for the digest, " +
		"of the type string, or without a pattern for the tag.")
}
