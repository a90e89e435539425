package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

func decodeTOML(d *document, data []byte) error {
	if err := toml.Unmarshal(data, &d.values); err != nil {
		if at := new(toml.DecodeError); errors.As(err, &at) {
			line, _ := at.Position()
			return d.fault(line, "%v", err)
		}
		return d.fault(0, "%v", err)
	}
	d.lineOf = func(keys ...string) int { return tomlLine(data, keys) }
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

func decodeJSON(d *document, data []byte) error {
	if !utf8.Valid(data) {
		return d.fault(0, "not UTF-8")
	}
	if err := json.Unmarshal(data, &d.values); err != nil {
		line := 0
		if at := new(json.SyntaxError); errors.As(err, &at) {
			line = lineAt(data, at.Offset)
		}
		return d.fault(line, "%v", err)
	}
	d.lineOf = func(keys ...string) int { return jsonLine(data, keys) }
	return nil
}

// jsonLine returns the line of a key of the outermost object, 0 where it has none.
func jsonLine(data []byte, keys []string) int {
	if len(keys) != 1 {
		return 0
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.Token() // the opening brace
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return 0
		}
		if key == keys[0] {
			return lineAt(data, decoder.InputOffset())
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return 0
		}
	}
	return 0
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(offset, int64(len(data)))], []byte("\n"))
}
