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

// CheckImage tells whether what a chart makes of an image runs it by its digest, in each container
// that is of its repository, and in one at least: a container without the digest would keep running
// what a tag happens to point at, or an older version. The remarks are about containers that run
// something else.
func (k Keys) CheckImage(objects []Object, image Image) (remarks []string, err error) {
	wanted, _ := parseReference(image.String())
	var floating, all []string
	runs := false
	for _, c := range containers(objects) {
		r, valid := parseReference(c.image)
		switch {
		case !valid && !builtIn(c.of.Group): // its controller may make something of it
		case !valid:
			return nil, fmt.Errorf("%s has the image %q, which is no image's reference; %s", c,
				shortDigest(c.image), k.advice(c.image, image))
		case r.repository != wanted.repository:
			all = append(all, c.image)
			if r.digest == "" {
				floating = append(floating, c.name+" runs "+c.image)
			}
		case r.digest == wanted.digest:
			runs = true
		case r.digest == "" && r.tag == wanted.tag && len(k) == 3:
			return nil, fmt.Errorf("%s runs %s, so the chart does not use %s, where it gets the image's digest; use "+
				"it in the template, or pass --keys %s,%s to get TAG@DIGEST as the tag", c, c.image, k[2], k[0], k[1])
		default:
			return nil, fmt.Errorf("%s runs %s, and not the version that is released; %s", c, shortDigest(c.image),
				k.given(image))
		}
	}
	if !runs {
		named, is := naming(objects, image)
		if !is {
			return nil, k.none(all, image)
		}
		remarks = append(remarks, "no container of the chart runs the image, but "+named+" names its digest")
	}
	if len(floating) > 0 {
		remarks = append(remarks, enumerate(floating)+", which may change")
	}
	return remarks, nil
}

// none is why no container runs the image.
func (k Keys) none(all []string, image Image) error {
	what := "it makes no containers"
	if len(all) > 0 {
		slices.Sort(all)
		what = "it runs " + enumerate(slices.Compact(all))
	}
	advice := k.given(image)
	for _, other := range all {
		if strings.HasSuffix(other, "/"+image.String()) {
			advice = k.advice(other, image)
		}
	}
	return fmt.Errorf("no container of the chart runs %s: %s; %s", shortDigest(image.String()), shortDigest(what),
		advice)
}

// advice says what to do about a reference that a chart made.
func (k Keys) advice(made string, image Image) string {
	if before, is := strings.CutSuffix(made, "/"+image.String()); is {
		return fmt.Sprintf("the chart puts %s before the repository that it is given: set that to nothing in its "+
			"values", before)
	}
	return k.given(image)
}

// given says what the keys give to the chart.
func (k Keys) given(image Image) string {
	var each []string
	for i, text := range k.texts(image) {
		each = append(each, k[i]+"="+text)
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
func (k Keys) ExplainSchema(cause string) error {
	return errors.New("the chart's values.schema.json refuses its values, of which --keys gives it " +
		enumerate(k) + ": " + cause + "\n" +
		"With --keys, " + Forms + ". If the schema takes none of these, let it: with a property for the digest, " +
		"of the type string, or without a pattern for the tag.")
}
