package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// needsShell tells whether a value of .env has anything for a shell to do. One that has not is taken
// letter for letter, spaces and all.
func needsShell(value string) bool { return shellFeature.MatchString(value) }

var shellFeature = regexp.MustCompile("[`\"'\\\\]|\\$[A-Za-z_{(]")

// expansion replaces quotes and references in one value, as a shell does in an assignment.
type expansion struct {
	text   string
	at     int
	space  int                               // where the last space outside quotes ended
	lookup func(name string) (string, error) // "": it is not set
	muted  int                               // what is read now does not count

	fields []string // that have ended
	field  strings.Builder
	open   bool // whether a field has begun
}

// expand is the value, with a space between what would be fields.
func expand(value string, lookup func(string) (string, error)) (string, error) {
	x := &expansion{text: value, lookup: lookup}
	if err := x.read(0, false); err != nil {
		return "", err
	}
	x.end()
	return strings.Join(x.fields, " "), nil
}

// read reads until an end, or with 0 all of the text.
func (x *expansion) read(end byte, quoted bool) error {
	for x.at < len(x.text) {
		c, afterSpace := x.text[x.at], x.at > 0 && x.at == x.space
		x.at++
		switch {
		case end != 0 && c == end:
			return nil
		case c == '$':
			if err := x.dollar(end, quoted); err != nil {
				return err
			}
		case c == '\\' && x.at < len(x.text) && (!quoted || strings.IndexByte("$`\"\\", x.text[x.at]) >= 0):
			x.add(x.text[x.at : x.at+1])
			x.at++
		case c == '`', !quoted && end == 0 && strings.IndexByte(";&|<>()", c) >= 0:
			return notUnderstood(c)
		case c == '"':
			x.open = true
			if err := x.read('"', true); err != nil {
				return err
			}
		case quoted:
			x.add(string([]byte{c}))
		case c == '\'':
			literal, rest, closed := strings.Cut(x.text[x.at:], "'")
			if !closed {
				return errors.New("a quotation mark ' is not closed")
			}
			x.at = len(x.text) - len(rest)
			x.add(literal)
		case c == ' ' || c == '\t':
			x.end()
			x.space = x.at
		case c == '#' && afterSpace && end == 0:
			x.at = len(x.text)
		default:
			x.add(string([]byte{c}))
		}
	}
	if end != 0 {
		return fmt.Errorf("a %c is missing", end)
	}
	return nil
}

func notUnderstood(c byte) error {
	return fmt.Errorf("what %c would do in a shell is not done here: write it between '…'", c)
}

var reference = regexp.MustCompile(`^(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(\}|:?[-+?]))`)

// dollar reads what comes after a $.
func (x *expansion) dollar(end byte, quoted bool) error {
	found := reference.FindStringSubmatch(x.text[x.at:])
	if found == nil {
		if next := x.text[x.at:]; next != "" && next[0] != end &&
			strings.IndexByte("{($?#@*!-'\"0123456789", next[0]) >= 0 {
			return errors.New(
				"of references, $NAME, ${NAME}, ${NAME:-DEFAULT} and ${NAME:+OTHERWISE} are understood: " +
					"write others between '…'",
			)
		}
		x.add("$")
		return nil
	}
	x.at += len(found[0])
	name, operator := found[1]+found[2], strings.TrimPrefix(strings.TrimSuffix(found[3], "}"), ":")
	if x.muted > 0 {
		return x.word(operator, quoted, false)
	}
	value, err := x.lookup(name)
	isSet := err == nil && value != ""
	switch {
	case errors.Is(err, errCycle):
		return err
	case operator == "-" || operator == "+":
	case err != nil:
		return err
	case !isSet:
		return fmt.Errorf("%s is not set: write ${%s:-} for an empty default", name, name)
	}
	if isSet && operator != "+" {
		x.insert(value, quoted)
	}
	return x.word(operator, quoted, operator == "+" && isSet || operator == "-" && !isSet)
}

// word reads the word after an operator, which may not count.
func (x *expansion) word(operator string, quoted, counts bool) error {
	if operator == "" {
		return nil
	}
	if !counts {
		x.muted++
		defer func() { x.muted-- }()
	}
	return x.read('}', quoted)
}

func (x *expansion) add(text string) {
	if x.muted == 0 {
		x.open = true
		x.field.WriteString(text)
	}
}

// insert adds what a reference stands for. Spaces in it divide fields, unless they are quoted.
func (x *expansion) insert(value string, quoted bool) {
	for _, r := range value {
		if !quoted && unicode.IsSpace(r) {
			x.end()
		} else {
			x.add(string(r))
		}
	}
}

// end ends a field.
func (x *expansion) end() {
	if x.open && x.muted == 0 {
		x.fields = append(x.fields, x.field.String())
		x.field.Reset()
		x.open = false
	}
}
