package manifest

import (
	"bytes"
	"errors"
	"regexp"
)

var (
	errNotAssigned = errors.New("it assigns none")
	errNotPlain    = errors.New("that is no plain string")
)

// assigned finds the string that Python source assigns first to a name at its top level: NAME =
// "…", also with a type or beside other names. Line is the line of that, from 1.
func assigned(source []byte, name string) (text string, line int, err error) {
	assignment := regexp.MustCompile(`^(?:\w+[ \t]*=[ \t]*)*` + regexp.QuoteMeta(name) +
		`[ \t]*(?::[^=\n]*)?=([^=\n][^\n]*)`)
	for start := 0; start < len(source); {
		if found := assignment.FindSubmatch(source[start:]); found != nil {
			line := lineAt(source, int64(start))
			value := literal.FindSubmatch(found[1])
			if value == nil {
				return "", line, errNotPlain
			}
			return string(value[1]) + string(value[2]), line, nil
		}
		start += statement(source[start:])
	}
	return "", 0, errNotAssigned
}

// literal is a string without escapes at the end of an assignment.
var literal = regexp.MustCompile(`^[ \t]*(?:\w+[ \t]*=[ \t]*)*(?:"([^"\\]+)"|'([^'\\]+)')[ \t\r]*(?:#.*)?$`)

// statement returns how long the first logical line is
// (https://docs.python.org/3/reference/lexical_analysis.html#logical-lines): up to the end of a
// line that is in no string and in no brackets.
func statement(source []byte) int {
	depth := 0
	for i := 0; i < len(source); i++ {
		switch c := source[i]; c {
		case '\\':
			i++
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case '#':
			end := bytes.IndexByte(source[i:], '\n')
			if end < 0 {
				return len(source)
			}
			i += end - 1
		case '"', '\'':
			i += quoted(source[i:]) - 1
		case '\n':
			if depth <= 0 {
				return i + 1
			}
		}
	}
	return len(source)
}

// quoted returns how long the string at the beginning of the source is. A string that is not closed
// ends with its line.
func quoted(source []byte) int {
	quote := source[:1]
	triple := bytes.Repeat(quote, 3)
	long := bytes.HasPrefix(source, triple)
	if long {
		quote = triple
	}
	for i := len(quote); i < len(source); i++ {
		switch {
		case source[i] == '\\':
			i++
		case bytes.HasPrefix(source[i:], quote):
			return i + len(quote)
		case source[i] == '\n' && !long:
			return i
		}
	}
	return len(source)
}
