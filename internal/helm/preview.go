package helm

import "encoding/json"

// previewOf is the label of a preview's namespace that says of which project's Helm release it is.
const previewOf = "ship-release"

// PreviewNamespace is the namespace that is made for a preview, as Kubernetes is given it.
func (r Release) PreviewNamespace() string {
	text, _ := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": map[string]any{"name": r.Namespace, "labels": map[string]string{
			PreviewLabel: r.Preview, previewOf: r.Name,
		}},
	})
	return string(text)
}

// MakePreviewArgs makes the namespace that the file holds, if there is none of its name. One that is
// there is left as it is.
func (r Release) MakePreviewArgs(file string) []string {
	const script = `kubectl get namespace "$1" --output=name >/dev/null 2>&1 && exit
said=$(kubectl create --filename "$2" 2>&1) && exit
case $said in
*AlreadyExists*) ;; # by another release, since
*) printf '%s\n' "$said" >&2; exit 1 ;;
esac`
	return []string{"sh", "-c", script, "sh", r.Namespace, file}
}

// RemovePreviewArgs removes the namespace, if it was made for this preview, and waits until it is gone. It
// prints the namespace's name if there was such.
func (r Release) RemovePreviewArgs() []string {
	const script = `name=metadata.name=$1
found=$(kubectl get namespaces --selector "$2" --field-selector "$name" --output=name) || exit
[ -z "$found" ] || kubectl delete namespace "$1" --ignore-not-found >/dev/null || exit
printf '%s' "$found"`
	selector := PreviewLabel + "=" + r.Preview + "," + previewOf + "=" + r.Name
	return Bounded(r.Timeout, "sh", "-c", script, "sh", r.Namespace, selector)
}
