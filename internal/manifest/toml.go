package manifest

import (
	"errors"
	"slices"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// decodeTOML reads TOML (https://toml.io/en/v1.0.0).
func (d *document) decodeTOML() error {
	if err := toml.Unmarshal(d.data, &d.values); err != nil {
		if at := new(toml.DecodeError); errors.As(err, &at) {
			line, column := at.Position()
			return &Error{Path: d.path, Line: line, Column: column, Text: err.Error()}
		}
		return d.fault(0, "%v", err)
	}
	d.lineOf = func(keys ...string) int { return tomlLine(d.data, keys) }
	return nil
}

// tomlLine returns the line on which the key or table stands, 0 where it does not.
// Decoded values carry no positions, so errors ask the parser once more.
func tomlLine(data []byte, keys []string) int {
	parser := unstable.Parser{}
	parser.Reset(data)
	var table []string
	for parser.NextExpression() {
		node := parser.Expression()
		here, at := table, 0
		for key := node.Key(); key.Next(); {
			if node.Kind != unstable.KeyValue && at == 0 {
				here = nil
			}
			here = append(here[:len(here):len(here)], string(key.Node().Data))
			if at == 0 {
				at = lineAt(data, int64(key.Node().Raw.Offset))
			}
		}
		if node.Kind != unstable.KeyValue {
			table = here
		}
		// a prefix is enough: version = { workspace = true } is one expression
		if len(here) >= len(keys) && slices.Equal(here[:len(keys)], keys) {
			return at
		}
	}
	return 0
}
