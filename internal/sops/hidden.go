package sops

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"sigs.k8s.io/yaml"
)

// Hidden are the texts and numbers that a plain file shows and the encrypted one does not: SOPS may leave
// some values as they are, and whoever reads the repo knows those.
func Hidden(plain, encrypted string) []string {
	known, found := map[string]bool{}, map[string]bool{}
	leaves(encrypted, known)
	leaves(plain, found)
	maps.DeleteFunc(found, func(text string, _ bool) bool { return known[text] })
	return slices.Sorted(maps.Keys(found))
}

// leaves gathers the texts and numbers in YAML, as it writes them. What is no YAML has none.
func leaves(text string, found map[string]bool) {
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var values any
	if decoder.Decode(&values) != nil {
		return
	}
	var gather func(value any)
	gather = func(value any) {
		switch value := value.(type) {
		case string:
			found[value] = true
		case json.Number:
			found[value.String()] = true
		case []any:
			for _, one := range value {
				gather(one)
			}
		case map[string]any:
			for _, one := range value {
				gather(one)
			}
		}
	}
	gather(values)
}
