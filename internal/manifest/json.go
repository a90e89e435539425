package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"dagger/ship/internal/position"
)

// decodeJSON reads an object (https://www.rfc-editor.org/rfc/rfc8259); if a key is given twice, the
// last counts, as in JavaScript.
func (d *document) decodeJSON() error {
	if err := d.checkUTF8(); err != nil {
		return err
	}
	var object json.RawMessage // checked as a whole, but not decoded into values: a large file has millions
	if err := json.Unmarshal(d.data, &object); err != nil {
		fault := &position.Fault{Path: d.path, Text: err.Error()}
		if at := new(json.SyntaxError); errors.As(err, &at) {
			fault.Line = lineAt(d.data, at.Offset)
			fault.Column = int(at.Offset) - bytes.LastIndexByte(d.data[:max(at.Offset-1, 0)], '\n') - 1
		}
		return fault
	}
	kinds := map[byte]string{'[': "array", '"': "string", 't': "bool", 'f': "bool", 'n': "null", '{': ""}
	if kind, known := kinds[object[0]]; kind != "" || !known {
		return d.fault(0, "not a JSON object but a JSON %s", cmp.Or(kind, "number"))
	}
	d.values = map[string]any{}
	offsets := map[string]int64{}
	d.lineOf = func(keys ...string) int {
		if offset, known := offsets[strings.Join(keys, "\x00")]; known {
			return lineAt(d.data, offset)
		}
		return 0
	}
	decoder := json.NewDecoder(bytes.NewReader(d.data))
	_, _ = decoder.Token() // the opening brace
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return d.fault(0, "%v", err)
		}
		offset := decoder.InputOffset()
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return d.fault(0, "%v", err)
		}
		if name, _ := key.(string); slices.Contains(jsonKeys, name) {
			offsets[name], d.values[name] = offset, jsonScalar(value)
		}
	}
	return nil
}

// jsonKeys are the keys that are read of an object.
var jsonKeys = []string{"name", "version", "private"}

// jsonScalar is a text, a number, true, false or null; an object or an array stays as it is.
func jsonScalar(value json.RawMessage) any {
	if value[0] == '{' || value[0] == '[' {
		return value
	}
	var scalar any
	_ = json.Unmarshal(value, &scalar) // it has been checked
	return scalar
}

// plainJSON returns JSON with comments and trailing commas (https://jsonc.org) as JSON: blanks
// replace what is left out, so that every position stays the same.
func plainJSON(data []byte) []byte {
	plain := bytes.Clone(data)
	comma := -1 // position of a comma with only blanks after it so far
	for i := 0; i < len(plain); i++ {
		switch c := plain[i]; {
		case c == '"':
			for i++; i < len(plain) && plain[i] != '"'; i++ {
				if plain[i] == '\\' {
					i++
				}
			}
			comma = -1
		case bytes.HasPrefix(plain[i:], []byte("//")):
			end := bytes.IndexByte(plain[i:], '\n')
			if end < 0 {
				end = len(plain) - i
			}
			i = blank(plain, i, i+end) - 1
		case bytes.HasPrefix(plain[i:], []byte("/*")):
			end := bytes.Index(plain[i+2:], []byte("*/"))
			if end < 0 {
				return plain // so that it is not looked for again and again
			}
			i = blank(plain, i, i+end+4) - 1
		case c == ',':
			comma = i
		case (c == '}' || c == ']') && comma >= 0:
			plain[comma], comma = ' ', -1
		case c != ' ' && c != '\t' && c != '\n' && c != '\r':
			comma = -1
		}
	}
	return plain
}

// blank overwrites text with blanks, except line ends, and returns where it ends.
func blank(data []byte, from, to int) int {
	for i := from; i < to; i++ {
		if data[i] != '\n' && data[i] != '\r' {
			data[i] = ' '
		}
	}
	return to
}
