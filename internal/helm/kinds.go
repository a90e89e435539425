package helm

import (
	"encoding/json"
	"slices"
	"strings"
)

// KindsArgs asks the cluster which kinds it has in the API versions of some objects
// (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#api-discovery). Any account may ask.
func KindsArgs(objects []Object) []string {
	const script = `for api; do
	path=/apis/$api
	case $api in */*) ;; *) path=/api/$api ;; esac
	kubectl get --raw "$path" 2>/tmp/refused && echo && continue
	grep -qE 'NotFound|could not find the requested resource' /tmp/refused || { cat /tmp/refused >&2; exit 1; }
done`
	var versions []string
	for _, o := range objects {
		if version := text(o.Body, "apiVersion"); !slices.Contains(versions, version) {
			versions = append(versions, version)
		}
	}
	return append([]string{"sh", "-c", script, "sh"}, versions...)
}

// MissingKinds are those of the objects whose kind is not in the answer to KindsArgs, as Kind/name.
func MissingKinds(objects []Object, answer string) (missing []string) {
	has := map[string]bool{}
	for documents := json.NewDecoder(strings.NewReader(answer)); ; {
		var list struct {
			GroupVersion string
			Resources    []struct{ Kind string }
		}
		if documents.Decode(&list) != nil {
			break
		}
		for _, resource := range list.Resources {
			has[list.GroupVersion+" "+resource.Kind] = true
		}
	}
	for _, o := range objects {
		if version := text(o.Body, "apiVersion"); !has[version+" "+o.Kind] {
			missing = append(missing, o.Kind+"/"+o.Name+" ("+version+")")
		}
	}
	return missing
}
