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

// ParseObjects reads rendered manifests, YAML documents (https://yaml.org/spec/1.2.2/). An object
// that names no namespace is in the release's. The items of a List are objects of their own. If a
// key is there twice, the last one counts, as for Helm.
func ParseObjects(manifests, namespace string) (objects []Object, err error) {
	documents := yaml.NewDecoder(strings.NewReader(manifests))
	for {
		var document yaml.Node
		if err := documents.Decode(&document); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the chart's manifests: %w", err)
		}
		objects = append(objects, objectsOf(plain(&document, 0), namespace)...)
	}
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

// maxDepth bounds how deep a document may be nested, aliases followed.
const maxDepth = 100

// plain is a node as maps, lists and scalars. The decoder's own way refuses a key that is there
// twice.
func plain(node *yaml.Node, depth int) any {
	if depth > maxDepth {
		return nil
	}
	switch node.Kind {
	case yaml.DocumentNode:
		return plain(node.Content[0], depth+1)
	case yaml.AliasNode:
		return plain(node.Alias, depth+1)
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, item := range node.Content {
			list[i] = plain(item, depth+1)
		}
		return list
	case yaml.MappingNode:
		values := map[string]any{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			values[node.Content[i].Value] = plain(node.Content[i+1], depth+1)
		}
		return values
	default:
		var scalar any
		_ = node.Decode(&scalar)
		return scalar
	}
}
