package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// decodeJSON reads an object (https://www.rfc-editor.org/rfc/rfc8259); of a key given twice, the last counts, as in JavaScript.
func (d *document) decodeJSON() error {
	if err := d.checkUTF8(); err != nil {
		return err
	}
	if err := json.Unmarshal(d.data, &d.values); err != nil {
		fault := &Error{Path: d.path, Text: err.Error()}
		if at := new(json.SyntaxError); errors.As(err, &at) {
			fault.Line = lineAt(d.data, at.Offset)
			fault.Column = int(at.Offset) - bytes.LastIndexByte(d.data[:max(at.Offset-1, 0)], '\n') - 1
		} else if at := new(json.UnmarshalTypeError); errors.As(err, &at) {
			fault.Text = fmt.Sprintf("not a JSON object but a JSON %s", at.Value)
		}
		return fault
	}
	d.lineOf = func(keys ...string) int { return jsonLine(d.data, keys) }
	return nil
}

// jsonLine returns the line of a key of the outermost object, the last where it is there twice, 0 where it is not.
func jsonLine(data []byte, keys []string) (line int) {
	if len(keys) != 1 {
		return 0
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.Token() // the opening brace
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return line
		}
		if key == keys[0] {
			line = lineAt(data, decoder.InputOffset())
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return line
		}
	}
	return line
}

// plainJSON returns JSON with comments and trailing commas (https://jsonc.org) as JSON: blanks stand for what is left
// out, so that every position stays.
func plainJSON(data []byte) []byte {
	plain := bytes.Clone(data)
	comma := -1 // of a comma that only blanks follow so far
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
			if end := bytes.Index(plain[i+2:], []byte("*/")); end >= 0 {
				i = blank(plain, i, i+end+4) - 1
			}
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

// blank overwrites text with blanks, its line ends aside, and returns where it ends.
func blank(data []byte, from, to int) int {
	for i := from; i < to; i++ {
		if data[i] != '\n' && data[i] != '\r' {
			data[i] = ' '
		}
	}
	return to
}
