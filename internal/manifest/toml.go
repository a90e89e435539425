package manifest

import (
	"errors"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"dagger/ship/internal/position"
)

// Bounds for TOML, whose decoder compares each table with those before it.
const (
	maxTables = 2000
	maxParts  = 100   // of a dotted key
	maxValues = 20000 // in arrays and inline tables too; a key and its value are two
)

// tomlSize counts what costs the decoder time and memory: tables (also those that dotted keys
// make), the parts of the longest key, and values.
type tomlSize struct{ tables, parts, values int }

func (s *tomlSize) tooLarge() bool {
	return s.tables > maxTables || s.parts > maxParts || s.values > maxValues
}

func (s *tomlSize) add(node *unstable.Node) {
	if s.values++; s.tooLarge() {
		return
	}
	switch node.Kind {
	case unstable.KeyValue, unstable.Table, unstable.ArrayTable:
		parts := 0
		for key := node.Key(); key.Next(); {
			parts++
		}
		s.parts = max(s.parts, parts)
		if s.tables += parts; node.Kind == unstable.KeyValue {
			s.tables-- // its last part is a value
			s.add(node.Value())
		}
	case unstable.Array, unstable.InlineTable:
		for child := node.Children(); child.Next(); {
			s.add(child.Node())
		}
	}
}

// checkSize refuses more than any manifest has. If the file cannot be parsed, the decoder's error
// is better.
func (d *document) checkSize() error {
	parser := unstable.Parser{}
	parser.Reset(d.data)
	size := tomlSize{}
	for parser.NextExpression() {
		if size.add(parser.Expression()); size.tooLarge() {
			return d.fault(0, "more than %d tables, %d values or %d parts in a key: no manifest has so many", maxTables,
				maxValues, maxParts)
		}
	}
	return nil
}

// decodeTOML reads TOML (https://toml.io/en/v1.0.0).
func (d *document) decodeTOML() error {
	if err := d.checkSize(); err != nil {
		return err
	}
	if err := toml.Unmarshal(d.data, &d.values); err != nil {
		if at := new(toml.DecodeError); errors.As(err, &at) {
			line, column := at.Position()
			return &position.Fault{Path: d.path, Line: line, Column: column, Text: err.Error()}
		}
		return d.fault(0, "%v", err)
	}
	d.lineOf = func(keys ...string) int {
		line, _ := position.Of(d.data, keys...)
		return line
	}
	return nil
}
