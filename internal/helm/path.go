package helm

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// step is one of a path through a chart's values: into a map by its key, or into a list.
type step struct {
	key string

	element     bool // of a list: the one at the index, or if a name is given, the first with that field
	index       int
	name, value string // of the field
}

var (
	segment = regexp.MustCompile(`^([^.\[\]]+)((?:\[[^\[\]]+\])*)(?:\.|$)`)
	element = regexp.MustCompile(`\[(?:(\d{1,4})|([^\[\]=]+)=([^\[\]]+))\]`)
)

// parsePath reads a path as image.tag, containers[0].image or extra[name=worker].tag.
func parsePath(path string) (steps []step, err error) {
	for rest := path; ; {
		found := segment.FindStringSubmatch(rest)
		if found == nil {
			return nil, fmt.Errorf("%q is no path: write it as image.tag, containers[0].image or "+
				"containers[name=web].image", path)
		}
		steps = append(steps, step{key: found[1]})
		if element.ReplaceAllString(found[2], "") != "" {
			return nil, fmt.Errorf("%q names no element of a list: write [0] for the first, or [name=web]", path)
		}
		for _, e := range element.FindAllStringSubmatch(found[2], -1) {
			index, _ := strconv.Atoi(e[1])
			steps = append(steps, step{element: true, index: index, name: e[2], value: e[3]})
		}
		if rest = rest[len(found[0]):]; rest == "" {
			if strings.HasSuffix(found[0], ".") {
				return nil, fmt.Errorf("%q ends with a dot", path)
			}
			return steps, nil
		}
	}
}

// list is the part of a path that leads to the first list in it, nil if it leads through none.
func list(steps []step) []step {
	at := slices.IndexFunc(steps, func(s step) bool { return s.element })
	return steps[:max(at, 0)]
}

// find is what is in a list's place for a step, and its index; -1 if nothing is.
func (s step) find(list []any) int {
	if s.name == "" {
		if s.index < len(list) {
			return s.index
		}
		return -1
	}
	return slices.IndexFunc(list, func(one any) bool {
		fields, _ := one.(map[string]any)
		return fields[s.name] == s.value
	})
}

// valueAt is the value at a path, nil if there is none.
func valueAt(values any, steps []step) any {
	for _, s := range steps {
		switch parent := values.(type) {
		case map[string]any:
			if s.element {
				return nil
			}
			values = parent[s.key]
		case []any:
			i := -1
			if s.element {
				i = s.find(parent)
			}
			if i < 0 {
				return nil
			}
			values = parent[i]
		default:
			return nil
		}
	}
	return values
}

// put is values with one more at a path. Maps are made as they are missing, elements of lists are
// not.
func put(values any, steps []step, value any) (any, error) {
	if len(steps) == 0 {
		return value, nil
	}
	s := steps[0]
	if s.element {
		list, _ := values.([]any)
		i := s.find(list)
		if i < 0 {
			return nil, fmt.Errorf("the chart's values have no such element in a list of %d", len(list))
		}
		changed, err := put(list[i], steps[1:], value)
		if err == nil {
			list = slices.Clone(list)
			list[i] = changed
		}
		return list, err
	}
	parent, is := values.(map[string]any)
	if !is && values != nil {
		return nil, fmt.Errorf("the chart's values have no map there that %s could be in", s.key)
	}
	changed, err := put(parent[s.key], steps[1:], value)
	if err != nil {
		return nil, err
	}
	all := map[string]any{s.key: changed}
	for key, other := range parent {
		if key != s.key {
			all[key] = other
		}
	}
	return all, nil
}
