package gitremote

import (
	"strings"

	"dagger/ship/internal/foreign"
)

// setting is one of git's: [section "about"] key = value. Section and key are in lower case, since
// their case does not count.
type setting struct{ section, about, key, value string }

// readSettings reads git's settings as git does (https://git-scm.com/docs/git-config#_syntax).
func readSettings(text string, use func(setting)) {
	var s setting
	for rest := foreign.WithoutBOM(text); ; {
		if rest = strings.TrimLeft(rest, " \t\r\n"); rest == "" {
			return
		}
		if rest[0] == '[' {
			s.section, s.about, rest = readSection(rest[1:])
			continue
		}
		end := strings.IndexAny(rest, "=\n#;")
		if end < 0 {
			return
		}
		s.key, s.value = strings.ToLower(strings.TrimSpace(rest[:end])), ""
		if rest[end] == '=' {
			s.value, rest = configValue(rest[end+1:])
			use(s)
			continue
		}
		_, rest = configValue(rest[end:]) // a key alone, or a comment
	}
}

// readSection reads [section "about"] after its first bracket, and returns what follows. In quotes,
// the subsection may be anything, with a backslash before a quote or another backslash.
func readSection(text string) (section, about, rest string) {
	end := strings.IndexAny(text, "\"]\n")
	if end < 0 {
		return "", "", ""
	}
	section = strings.ToLower(strings.TrimSpace(text[:end]))
	if text[end] != '"' {
		if before, after, is := strings.Cut(section, "."); is { // an old way to write it
			section, about = before, after
		}
		return section, about, text[end+1:]
	}
	var quoted strings.Builder
	for i := end + 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			_, rest, _ = strings.Cut(text[i+1:], "]")
			return section, quoted.String(), rest
		case '\\':
			if i++; i == len(text) {
				return "", "", ""
			}
		}
		quoted.WriteByte(text[i])
	}
	return "", "", ""
}

// configValue reads a value up to the end of its line, as git does
// (https://git-scm.com/docs/git-config#_syntax), and returns what follows.
func configValue(text string) (value, rest string) {
	var read []byte
	quoted, length := false, 0 // without the space at its end
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			return string(read[:length]), text[i+1:]
		case c == '\\' && i+1 < len(text):
			i++
			switch text[i] {
			case '\n': // the value goes on in the next line
				continue
			case 't':
				read = append(read, '\t')
			case 'n':
				read = append(read, '\n')
			default:
				read = append(read, text[i])
			}
			length = len(read)
		case c == '"':
			quoted = !quoted
		case (c == '#' || c == ';') && !quoted:
			_, rest, _ := strings.Cut(text[i:], "\n")
			return string(read[:length]), rest
		case strings.IndexByte(" \t\r", c) >= 0 && !quoted:
			if length > 0 {
				read = append(read, c)
			}
		default:
			read = append(read, c)
			length = len(read)
		}
	}
	return string(read[:length]), ""
}
