package manifest

import (
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// maxYAML bounds a file, in bytes: the decoder needs a hundred times as much memory.
const maxYAML = 512 << 10

var yamlFault = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// yamlNumber is a number as it is written.
type yamlNumber string

// decodeYAML reads the scalars of the outermost mapping (https://yaml.org/spec/1.2.2/). What is not
// a string by YAML's rules, such as 1.10, is not one here, as for pub. Helm reads it as text.
func (d *document) decodeYAML() error {
	if err := d.checkUTF8(); err != nil {
		return err
	}
	if len(d.data) > maxYAML {
		return d.fault(0, "larger than %d KiB: no chart or pubspec is", maxYAML>>10)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(d.data, &root); err != nil {
		line := 0
		if at := yamlFault.FindStringSubmatch(err.Error()); at != nil {
			line, _ = strconv.Atoi(at[1])
		}
		return d.fault(line, "%s", yamlFault.ReplaceAllString(err.Error(), ""))
	}
	d.values = map[string]any{}
	lines := map[string]int{}
	d.lineOf = func(keys ...string) int {
		if len(keys) != 1 {
			return 0
		}
		return lines[keys[0]]
	}
	if len(root.Content) == 0 {
		return nil
	}
	mapping := root.Content[0]
	if mapping.Kind != yaml.MappingNode {
		return d.fault(mapping.Line, "not a YAML mapping")
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		if line, twice := lines[key.Value]; twice {
			return d.fault(key.Line, "%s is there twice: in line %d too", key.Value, line)
		}
		lines[key.Value] = key.Line
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		if key.Value == "version" {
			d.valueLine = value.Line
		}
		switch {
		case value.Kind == yaml.ScalarNode && value.ShortTag() == "!!str":
			d.values[key.Value] = value.Value
		case value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null":
		case value.Kind == yaml.ScalarNode && (value.ShortTag() == "!!float" || value.ShortTag() == "!!int"):
			d.values[key.Value] = yamlNumber(value.Value)
		default:
			d.values[key.Value] = value.Kind
		}
	}
	return nil
}
