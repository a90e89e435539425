package helm

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Layer is a file of values, a later one over an earlier one.
type Layer struct {
	Name   string // for messages
	Text   string // YAML, or JSON, which is YAML too
	Secret bool   // it shows nowhere
}

// Pair is a value by its key.
type Pair struct {
	Key   string
	Value any
}

// SetLayer is a layer of single values.
func SetLayer(name string, pairs []Pair, secret bool) (Layer, error) {
	var values any = map[string]any{}
	for _, pair := range pairs {
		steps := path(pair.Key)
		if len(list(steps)) > 0 {
			return Layer{}, fmt.Errorf(
				"%s: %s leads into a list, which Helm replaces as a whole: write the list into a file "+
					"of values",
				name,
				pair.Key,
			)
		}
		var err error
		if values, err = put(values, steps, pair.Value); err != nil {
			return Layer{}, fmt.Errorf("%s: %s: %w", name, pair.Key, err)
		}
	}
	text, err := json.MarshalIndent(values, "", "  ")
	return Layer{name, string(text), secret}, err
}

// Check refuses a layer that Helm could not read. A secret one is not cited.
func (l Layer) Check() error {
	_, err := l.values()
	switch {
	case err != nil && l.Secret:
		return fmt.Errorf("%s is no YAML, or no map of values", l.Name)
	case err != nil:
		return fmt.Errorf("%s: %w", l.Name, err)
	}
	return nil
}

func (l Layer) values() (values map[string]any, err error) {
	err = yaml.Unmarshal([]byte(l.Text), &values) // as Helm reads it
	return values, err
}

// Differs names the values that a revision was not made with as the layers say, each by its key, in
// order. Values themselves may be secret, and are not named.
func (r Revision) Differs(layers []Layer) ([]string, error) {
	wanted := map[string]any{}
	for _, l := range layers {
		values, err := l.values()
		if err != nil {
			return nil, l.Check()
		}
		wanted = Merged(wanted, values)
	}
	var keys []string
	differing(nil, r.values, wanted, &keys)
	slices.Sort(keys)
	return keys, nil
}

// Merged are values with others over them, as Helm merges files of values: maps one key at a time,
// all else as a whole.
func Merged(values, over map[string]any) map[string]any {
	all := maps.Clone(values)
	if all == nil {
		all = map[string]any{}
	}
	for key, value := range over {
		below, isMap := value.(map[string]any)
		if old, was := all[key].(map[string]any); isMap && was {
			all[key] = Merged(old, below)
		} else {
			all[key] = value
		}
	}
	return all
}

// differing collects the keys under which two values differ. Empty maps count for nothing.
func differing(at []string, kept, wanted any, keys *[]string) {
	mine, isMap := kept.(map[string]any)
	theirs, isMapToo := wanted.(map[string]any)
	if kept == nil && isMapToo {
		mine, isMap = nil, true
	}
	if wanted == nil && isMap {
		theirs, isMapToo = nil, true
	}
	if !isMap || !isMapToo {
		if !same(kept, wanted) {
			*keys = append(*keys, strings.Join(at, "."))
		}
		return
	}
	both := maps.Clone(mine)
	if both == nil {
		both = map[string]any{}
	}
	maps.Copy(both, theirs)
	for key := range both {
		differing(append(slices.Clone(at), key), mine[key], theirs[key], keys)
	}
}

// same compares values that came from YAML with values that came from JSON.
func same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	left, err := json.Marshal(a)
	right, otherErr := json.Marshal(b)
	return err == nil && otherErr == nil && string(left) == string(right)
}
