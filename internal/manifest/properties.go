package manifest

import (
	"strconv"
	"strings"
)

// decodeProperties reads a Java properties file
// (https://docs.oracle.com/javase/8/docs/api/java/util/Properties.html#load-java.io.Reader-); if a
// key is given twice, the last counts.
func (d *document) decodeProperties() map[string]entry {
	entries := map[string]entry{}
	lines := strings.Split(strings.ReplaceAll(string(d.data), "\r", "\n"), "\n")
	if strings.Contains(string(d.data), "\r\n") {
		lines = strings.Split(strings.ReplaceAll(string(d.data), "\r\n", "\n"), "\n")
	}
	for i := 0; i < len(lines); i++ {
		first, line := i+1, strings.TrimLeft(lines[i], " \t\f")
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		if continues(line) {
			var whole strings.Builder
			for continues(line) && i+1 < len(lines) {
				i++
				whole.WriteString(line[:len(line)-1])
				line = strings.TrimLeft(lines[i], " \t\f")
			}
			whole.WriteString(line)
			line = whole.String()
		}
		end := 0
		for end < len(line) && !strings.ContainsRune("=: \t\f", rune(line[end])) {
			if line[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(line))
		value := strings.TrimLeft(line[end:], " \t\f")
		if value != "" && (value[0] == '=' || value[0] == ':') {
			value = strings.TrimLeft(value[1:], " \t\f")
		}
		entries[unescape(line[:end])] = entry{unescape(value), first}
	}
	return entries
}

// continues reports whether an odd number of backslashes ends the line.
func continues(line string) bool {
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

func unescape(text string) string {
	var plain strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			plain.WriteByte(text[i])
			continue
		}
		i++
		switch c := text[i]; c {
		case 't', 'n', 'r', 'f':
			plain.WriteByte("\t\n\r\f"[strings.IndexByte("tnrf", c)])
		case 'u':
			if i+4 < len(text) {
				if code, err := strconv.ParseUint(text[i+1:i+5], 16, 16); err == nil {
					plain.WriteRune(rune(code))
					i += 4
				}
			}
		default:
			plain.WriteByte(c)
		}
	}
	return plain.String()
}
