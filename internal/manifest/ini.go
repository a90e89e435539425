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

// decodeINI reads what Python's configparser does (https://docs.python.org/3/library/configparser.html): entries by
// section and key in lower case, SECTION.KEY; lines that are indented more deeply go on with the value before.
func (d *document) decodeINI() (map[string]entry, error) {
	entries := map[string]entry{}
	section, key, depth := "", "", 0
	for i, raw := range bytes.Split(d.data, []byte("\n")) {
		line := strings.TrimRight(string(raw), " \t\r\f\v")
		text := strings.TrimLeft(line, " \t")
		indent := len(line) - len(text)
		switch {
		case text == "" || text[0] == '#' || text[0] == ';':
		case key != "" && indent > depth:
			e := entries[key]
			e.text = strings.TrimLeft(e.text+"\n"+text, "\n")
			entries[key] = e
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
			entries[key] = entry{strings.TrimSpace(text[end+1:]), i + 1}
		}
	}
	return entries, nil
}
