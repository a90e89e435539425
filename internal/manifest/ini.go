package manifest

import (
	"bytes"
	"strings"
)

// entry is a value and the line that it begins on.
type entry struct {
	text string
	line int
}

// decodeINI reads what Python's configparser does
// (https://docs.python.org/3/library/configparser.html): entries by section and key in lower case,
// SECTION.KEY; lines that are indented more deeply go on with the value before.
func (d *document) decodeINI() (map[string]entry, error) {
	entries := map[string]entry{}
	section, key, depth := "", "", 0
	value := strings.Builder{} // the value of the key so far
	i := -1
	for raw := range bytes.SplitSeq(d.data, []byte("\n")) {
		i++
		line := strings.TrimRight(string(raw), " \t\r\f\v")
		text := strings.TrimLeft(line, " \t")
		indent := len(line) - len(text)
		switch {
		case text == "" || text[0] == '#' || text[0] == ';':
		case key != "" && indent > depth:
			if value.Len() > 0 {
				value.WriteByte('\n')
			}
			value.WriteString(text)
			entries[key] = entry{value.String(), entries[key].line} // this shares the memory of the value so far
		case text[0] == '[' && strings.Contains(text, "]"):
			section, key = text[1:strings.Index(text, "]")], ""
		default:
			end := strings.IndexAny(text, "=:")
			if end <= 0 || section == "" {
				return nil, d.fault(i+1, "neither a section nor KEY = VALUE: %.40q", text)
			}
			key, depth = section+"."+strings.ToLower(strings.TrimSpace(text[:end])), indent
			if first, twice := entries[key]; twice {
				return nil, d.fault(i+1, "%s is there twice: in line %d too", key, first.line)
			}
			value.Reset()
			value.WriteString(strings.TrimSpace(text[end+1:]))
			entries[key] = entry{value.String(), i + 1}
		}
	}
	return entries, nil
}
