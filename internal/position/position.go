// Package position says where something in a file is: Of finds a key in a TOML file
// (https://toml.io/en/v1.0.0), since decoded values carry no positions, and Fault is an error with
// a line and a column.
package position

import (
	"bytes"
	"slices"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Of returns the line and column, counted from 1, the column in bytes, of the key or table at the
// path; 0, 0 if there is none. A key in an inline table has the position of the key that the table
// is for.
func Of(data []byte, path ...string) (line, column int) {
	parser := unstable.Parser{}
	parser.Reset(data)
	var table []string
	for parser.NextExpression() {
		node := parser.Expression()
		here, offset := table, -1
		for key := node.Key(); key.Next(); {
			if node.Kind != unstable.KeyValue && offset < 0 {
				here = nil
			}
			here = append(here[:len(here):len(here)], string(key.Node().Data))
			if offset < 0 {
				offset = int(key.Node().Raw.Offset)
			}
		}
		if node.Kind != unstable.KeyValue {
			table = here
		}
		reached := len(here) >= len(path) && slices.Equal(here[:len(path)], path)
		inline := node.Kind == unstable.KeyValue && len(here) < len(path) && slices.Equal(here, path[:len(here)])
		if reached || inline {
			before := data[:offset]
			return 1 + bytes.Count(before, []byte("\n")), offset - bytes.LastIndexByte(before, '\n')
		}
	}
	return 0, 0
}

// Has tells whether a TOML file has the key or table at the path.
func Has(data []byte, path ...string) bool {
	line, _ := Of(data, path...)
	return line > 0
}
