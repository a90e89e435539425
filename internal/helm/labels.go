package helm

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// labelValue is what a label may say
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set).
var (
	labelValue = regexp.MustCompile(`^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$`)
	labelKey   = regexp.MustCompile(`^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?` +
		`[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`)
)

// IsLabel tells whether a text may be a label's value.
func IsLabel(text string) bool { return labelValue.MatchString(text) }

// CheckLabels refuses objects whose labels or annotations the cluster would refuse: their own, and
// those of the pods that they make.
func CheckLabels(objects []Object) (err error) {
	for _, o := range objects {
		own := true
		walk(o.Body, func(part map[string]any) {
			metadata, _ := part["metadata"].(map[string]any)
			spec, _ := part["spec"].(map[string]any)
			_, makesPods := spec["containers"].([]any)
			if err == nil && (own || makesPods) {
				err = checkMetadata(o, metadata)
			}
			own = false
		})
		spec, _ := o.Body["spec"].(map[string]any)
		selector, _ := spec["selector"].(map[string]any)
		if err == nil && builtIn(o.Group) {
			if matched, is := selector["matchLabels"].(map[string]any); is {
				selector = matched
			} else if o.Kind != "Service" && o.Kind != "ReplicationController" {
				continue
			}
			err = checkLabels(o, "selector", selector)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkMetadata(o Object, metadata map[string]any) error {
	labels, _ := metadata["labels"].(map[string]any)
	if err := checkLabels(o, "label", labels); err != nil {
		return err
	}
	annotations, _ := metadata["annotations"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		if value := annotations[key]; !isText(value) {
			return fmt.Errorf("%s: the annotation %s is %v, which is no text: quote it in the template", o, key, value)
		}
	}
	return nil
}

func checkLabels(o Object, what string, labels map[string]any) error {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		value, _ := labels[key].(string)
		switch {
		case !isText(labels[key]):
			return fmt.Errorf("%s: the %s %s is %v, which is no text: quote it in the template", o, what, key,
				labels[key])
		case !labelKey.MatchString(key):
			return fmt.Errorf("%s: the %s %q cannot be called so: a label's name is letters, digits, dots, dashes and "+
				"underscores", o, what, key)
		case strings.Contains(value, "sha256:"):
			return fmt.Errorf("%s: the %s %s is %q, but a tag with a digest in it is no label: use .Chart.AppVersion "+
				"there, which is the version, or give the chart a key for the digest alone (--keys with three keys)",
				o, what, key, shortDigest(value))
		case !IsLabel(value):
			return fmt.Errorf("%s: the %s %s is %q, which cannot be a label's value: it takes at most 63 letters, "+
				"digits, dots, dashes and underscores, and begins and ends with a letter or digit", o, what, key, value)
		}
	}
	return nil
}

func isText(value any) bool {
	_, is := value.(string)
	return is || value == nil
}

// shortDigest is a text without the many digits of digests.
func shortDigest(text string) string { return digits.ReplaceAllString(text, "sha256:…") }

var digits = regexp.MustCompile(`sha256:[0-9a-f]{64}`)
