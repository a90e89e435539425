// Package foreign makes text that others wrote (servers, programs, manifests, people) safe to print
// among Ship's own words: nothing in it acts on a terminal or a job's log, none of its lines looks
// like one of a report, and it is not long.
package foreign

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How much of a text is shown, in letters and in lines: its beginning and its end, since programs
// say what went wrong at one of the two.
const (
	MaxLine    = 1000 // of a text that is one line
	maxWidth   = 2000 // of each line of a text
	maxLines   = 200
	maxLetters = 30000 // of a text in all
)

// LeftOut stands for what is left out of a text.
func LeftOut(n int, what string) string { return fmt.Sprintf(" … (%d %s left out) … ", n, what) }

// Line is text on one line, which is not long: what divides lines becomes a space.
func Line(text string) string { return Cut(Joined(text), MaxLine) }

// Joined is text on one line, as long as it is: for text that may hold secrets, which must be
// hidden before any is cut.
func Joined(text string) string {
	return Visible(strings.TrimSpace(breaks.ReplaceAllString(text, " ")))
}

var breaks = regexp.MustCompile(`\s*[\n\r\v\f\x{85}\x{2028}\x{2029}]\s*`)

// Text is text in lines. A line that begins like one of a report gets a bar. The first line is
// Ship's, or comes after Ship's words.
func Text(text string) string {
	lines := strings.Split(strings.ReplaceAll(Cut(text, maxLetters), "\r\n", "\n"), "\n")
	if more := len(lines) - maxLines; more > 0 {
		last := lines[len(lines)-maxLines/2:]
		lines = append(append(lines[:maxLines/2:maxLines/2], fmt.Sprintf("… (%d lines left out) …", more)), last...)
	}
	for i, line := range lines {
		line = Cut(Visible(line), maxWidth)
		if own := strings.TrimLeftFunc(line, unicode.IsSpace); i > 0 && reports.MatchString(own) {
			line = line[:len(line)-len(own)] + "| " + own
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}

// Quote is text in lines that are indented behind a bar. It is printed below a line that says whose
// words they are.
func Quote(text string) string {
	return "  | " + strings.ReplaceAll(strings.TrimRight(text, "\r\n "), "\n", "\n  | ")
}

// reports recognizes how lines of reports and logs begin: a tree's branches, the marks of a step, a
// project and its commit, a step's name.
var reports = regexp.MustCompile(
	`^(?:(?:[|│]\s{2,})*[|├└` + "`" + `][-─]|(?:[^|\s]\S*:\s+)?[+=x>.✔✘›] |` +
		`[^|\s]\S* \S+ at [0-9a-f]{7}|\d+ projects: |` +
		`[^|\s]\S* \S+: (?:released|resumed|nothing to do|superseded|rolled back)|` +
		`(?:[^|\s]\S*:\s+)?(?:` + steps + `|Error)\b[^:]*:|(?:` + steps + `)(?: \S+)?\s{2})`,
)

const steps = `read|look|check|build|tag|publish|latest|notes|deploy|rollback`

// WithoutBOM is the text of a file without the byte order mark that some editors write first.
func WithoutBOM(text string) string { return strings.TrimPrefix(text, "\ufeff") }

// Visible is text with letters that cannot be seen, or that move others, written out: as \x1b or
// \u202e. Letters, spaces, tabs and line ends stay.
func Visible(text string) string {
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var plain strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&plain, `\x%02x`, text[i])
		case r == '\r':
			plain.WriteString(`\r`)
		case hidden(r) && r < 0x80:
			fmt.Fprintf(&plain, `\x%02x`, r)
		case hidden(r) && r > 0xffff:
			fmt.Fprintf(&plain, `\U%08x`, r)
		case hidden(r):
			fmt.Fprintf(&plain, `\u%04x`, r)
		default:
			plain.WriteRune(r)
		}
		i += size
	}
	return plain.String()
}

// hidden tells whether a letter cannot be seen. Neither can an invalid byte, which is
// utf8.RuneError here.
func hidden(r rune) bool {
	return r == utf8.RuneError || r != '\t' && r != '\n' && !unicode.IsGraphic(r)
}

// Cut leaves the middle of a long text out, so that it has no more than about so many letters.
func Cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	letters := []rune(text)
	if more := len(letters) - most; more > 0 {
		return string(letters[:most*2/3]) + LeftOut(more, "letters") + string(letters[len(letters)-most/3:])
	}
	return text
}
