package helm

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Object is one that a chart makes, as Helm rendered it.
type Object struct {
	Group, Kind     string // the group of its apiVersion is empty for Kubernetes' core
	Namespace, Name string
	Body            map[string]any
}

// hookAnnotation makes an object a hook, and says of which events
// (https://helm.sh/docs/topics/charts_hooks/).
const hookAnnotation = "helm.sh/hook"

// Events are what an object is a hook of, as post-install. Of an object that is no hook there are
// none.
func (o Object) Events() (events []string) {
	for event := range strings.SplitSeq(text(o.Body, "metadata", "annotations", hookAnnotation), ",") {
		if event = strings.TrimSpace(event); event != "" {
			events = append(events, event)
		}
	}
	return events
}

// String is how the object is named in messages.
func (o Object) String() string { return o.Kind + " " + o.Name }

// Objects are what the revision made, without hooks. Namespace is its release's.
func (r Revision) Objects(namespace string) ([]Object, error) {
	return ParseObjects(r.Manifest, namespace)
}

// Tests are the chart's tests, as the revision has them.
func (r Revision) Tests(namespace string) ([]Object, error) {
	hooks, err := ParseObjects(r.tests, namespace)
	return Tests(hooks), err
}

// ParseObjects reads rendered manifests, YAML documents (https://yaml.org/spec/1.2.2/). An object
// that names no namespace is in the release's. The items of a List are objects of their own. If a
// key is there twice, the last one counts, as for Helm.
func ParseObjects(manifests, namespace string) (objects []Object, err error) {
	documents := yaml.NewDecoder(strings.NewReader(manifests))
	nodes := budget(maxNodes)
	for {
		var document yaml.Node
		if err := documents.Decode(&document); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the chart's manifests: %w", err)
		}
		body, err := nodes.plain(&document, 0)
		if err != nil {
			return nil, fmt.Errorf("read the chart's manifests: %w", err)
		}
		objects = append(objects, objectsOf(body, namespace)...)
	}
}

// parseValues reads a file of values.
func parseValues(text string) (any, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return nil, fmt.Errorf("read the chart's values: %w", err)
	}
	if len(document.Content) == 0 {
		return nil, nil // an empty file
	}
	nodes := budget(maxNodes)
	values, err := nodes.plain(&document, 0)
	if err != nil {
		return nil, fmt.Errorf("read the chart's values: %w", err)
	}
	return values, nil
}

func objectsOf(document any, namespace string) (objects []Object) {
	body, _ := document.(map[string]any)
	if kind, _ := body["kind"].(string); kind == "" {
		return nil
	} else if items, is := body["items"].([]any); is && strings.HasSuffix(kind, "List") {
		for _, item := range items {
			objects = append(objects, objectsOf(item, namespace)...)
		}
		return objects
	}
	o := Object{Kind: text(body, "kind"), Name: text(body, "metadata", "name"), Namespace: namespace, Body: body}
	if group, _, grouped := strings.Cut(text(body, "apiVersion"), "/"); grouped {
		o.Group = group
	}
	if own := text(body, "metadata", "namespace"); own != "" {
		o.Namespace = own
	}
	return []Object{o}
}

// text is the text at a path in an object, empty if there is none.
func text(body map[string]any, path ...string) string {
	for _, key := range path[:len(path)-1] {
		body, _ = body[key].(map[string]any)
	}
	text, _ := body[path[len(path)-1]].(string)
	return text
}

// How deep a document may be nested, and how many values all of them may have, aliases followed: an
// alias is a few letters that stand for any number of values.
const (
	maxDepth = 100
	maxNodes = 2_000_000
)

var errTooMuch = fmt.Errorf("they have more than %d values, or are nested more than %d deep", maxNodes, maxDepth)

// budget is how many more values may be read.
type budget int

// plain is a node as maps, lists and scalars. The decoder's own way refuses a key that is there
// twice.
func (b *budget) plain(node *yaml.Node, depth int) (value any, err error) {
	if *b--; *b < 0 || depth > maxDepth {
		return nil, errTooMuch
	}
	switch node.Kind {
	case yaml.DocumentNode:
		return b.plain(node.Content[0], depth+1)
	case yaml.AliasNode:
		return b.plain(node.Alias, depth+1)
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, item := range node.Content {
			if list[i], err = b.plain(item, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.MappingNode:
		return b.mapping(node, depth)
	default:
		return scalar(node), nil
	}
}

// scalar is a node's text, number or whether it is true, as Helm reads it: by YAML 1.1, in which yes
// is true, and a date is text.
func scalar(node *yaml.Node) (value any) {
	if node.ShortTag() == "!!timestamp" {
		return node.Value
	}
	if node.Style == 0 && node.ShortTag() == "!!str" {
		switch strings.ToLower(node.Value) {
		case "y", "yes", "on":
			return true
		case "n", "no", "off":
			return false
		}
	}
	_ = node.Decode(&value)
	return value
}

// mapping is a node as a map. What it merges with << counts less than its own keys
// (https://yaml.org/type/merge.html).
func (b *budget) mapping(node *yaml.Node, depth int) (any, error) {
	values := map[string]any{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		value, err := b.plain(node.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		if key.ShortTag() == "!!merge" {
			merge(values, value)
		} else {
			values[key.Value] = value
		}
	}
	return values, nil
}

// merge adds the keys of a map, or of those in a list, that are not there yet. One that comes later
// in the node is set over it.
func merge(values map[string]any, from any) {
	switch from := from.(type) {
	case map[string]any:
		for key, value := range from {
			if _, exists := values[key]; !exists {
				values[key] = value
			}
		}
	case []any:
		for _, one := range from {
			merge(values, one)
		}
	}
}
