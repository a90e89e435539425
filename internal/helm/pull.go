package helm

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// PullSecret is a secret in a release's namespace that its pods pull images with. A chart names it under
// imagePullSecrets.
type PullSecret struct {
	Name   string // empty: there is to be none
	Config string // the login, as Docker keeps it: see PullConfig
}

// pullSecretType is the type of such a secret, and the key that it keeps the login under:
// https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets
const (
	pullSecretType = "kubernetes.io/dockerconfigjson" //nolint:gosec // a type, not a secret
	pullSecretKey  = ".dockerconfigjson"
)

// PullConfig is a login at a registry as Docker keeps it.
func PullConfig(host, user, password string) string {
	auth := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	text, _ := json.Marshal(map[string]any{"auths": map[string]any{host: map[string]string{"auth": auth}}})
	return string(text)
}

// Manifest is the secret as Kubernetes is given it.
func (p PullSecret) Manifest() string {
	text, _ := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": pullSecretType,
		"metadata":   map[string]string{"name": p.Name},
		"stringData": map[string]string{pullSecretKey: p.Config},
	})
	return string(text)
}

// PullSecretArgs makes the secret that the file holds, or brings it up to date, and makes the namespace
// first if it is missing.
func PullSecretArgs(namespace, file string) []string {
	const script = `namespace=$1 file=$2
apply() {
	kubectl apply --server-side --force-conflicts --field-manager=ship --namespace "$namespace" --filename "$file"
}
said=$(apply 2>&1) && exit
case $said in
*"namespaces \"$namespace\" not found"*) kubectl create namespace "$namespace" >/dev/null && apply ;;
*) printf '%s\n' "$said" >&2; exit 1 ;;
esac`
	return []string{"sh", "-c", script, "sh", namespace, file}
}

// PullSecretKeptArgs asks for what the secret holds.
func (p PullSecret) PullSecretKeptArgs(namespace string) []string {
	return []string{"kubectl", "get", "secret", p.Name, "--namespace", namespace, "--ignore-not-found",
		"--output", `jsonpath={.data.\.dockerconfigjson}`}
}

// Kept tells by the answer to PullSecretKeptArgs whether the secret is as wanted.
func (p PullSecret) Kept(answer string) bool {
	kept, err := base64.StdEncoding.DecodeString(strings.TrimSpace(answer))
	return err == nil && string(kept) == p.Config
}
