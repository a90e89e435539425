package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"dagger/ship/internal/foreign"
)

// CheckContext tells whether a kubeconfig says which cluster to use: by the context that is wanted,
// or if none is, by its current one. That of GitLab's agent has none that is current, and kubectl and
// Helm would then ask localhost:8080.
func CheckContext(kubeconfig, wanted string) error {
	var file struct {
		Current  string `yaml:"current-context"`
		Contexts []struct {
			Name string `yaml:"name"`
		} `yaml:"contexts"`
	}
	data := []byte(kubeconfig)
	if compact := new(bytes.Buffer); json.Compact(compact, data) == nil {
		data = compact.Bytes() // JSON may be indented with tabs, YAML may not
	}
	if yaml.Unmarshal(data, &file) != nil {
		return nil // kubectl says what is wrong with it
	}
	var names []string
	for _, context := range file.Contexts {
		names = append(names, context.Name)
	}
	switch {
	case len(names) == 0:
		return errors.New("--kubeconfig: it has no contexts, so it does not say which cluster to use")
	case slices.Contains(names, wanted), wanted == "" && slices.Contains(names, file.Current):
		return nil
	case wanted != "":
		return fmt.Errorf("--context: the kubeconfig has no context %q, only %s", foreign.Line(wanted), quoted(names))
	case file.Current != "":
		return fmt.Errorf(
			"--kubeconfig: its current context %q is none of its contexts: choose one with --context, of %s",
			foreign.Line(file.Current),
			quoted(names),
		)
	}
	return fmt.Errorf("--kubeconfig: it has no current context: choose one with --context, of %s", quoted(names))
}

func quoted(names []string) string {
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf("%q", name))
	}
	return foreign.Line(strings.Join(all, ", "))
}

// contextFile is a kubeconfig that says the current context and nothing else. Of several kubeconfigs
// the first that says something counts, for kubectl and for Helm:
// https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
func contextFile(name string) string {
	text, _ := json.Marshal(map[string]string{"apiVersion": "v1", "kind": "Config", "current-context": name})
	return string(text)
}
