package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// A text can be encoded in many ways, and programs differ in which letters they encode and how:
// lower-case or upper-case digits, spaces as %20 or as plus, HTML's letters in JSON escaped or not.
// A list of a secret's forms would always miss some, so the text is decoded and then compared.

// maxEncodings is how many encodings inside each other are undone: as base64 of JSON, in JSON.
const maxEncodings = 3

// view is a text or what a part of it says when it is decoded, and where each byte of that comes
// from in the text.
type view struct {
	text     string
	from, to []int32 // of each byte; nil for the text itself
}

func original(text string) view { return view{text: text} }

// span is the part of the original text that v.text[from:to] comes from.
func (v view) span(from, to int) span {
	if v.from == nil {
		return span{from, to}
	}
	return span{int(v.from[from]), int(v.to[to-1])}
}

// decoded gathers a view's bytes.
type decoded struct {
	of       view
	text     []byte
	from, to []int32
}

func newDecoded(of view) *decoded {
	n := len(of.text)
	return &decoded{of, make([]byte, 0, n), make([]int32, 0, n), make([]int32, 0, n)}
}

// add adds a byte that of.text[from:to] stands for, or a part of that.
func (d *decoded) add(from, to int, plain byte) {
	s := d.of.span(from, to)
	d.text, d.from, d.to = append(d.text, plain), append(d.from, int32(s.from)), append(d.to, int32(s.to))
}

func (d *decoded) view() view { return view{string(d.text), d.from, d.to} }

// Each of decoders undoes one encoding, if a text has it. Spaces says that a plus may be a space.
var decoders = []func(v view, spaces bool) (plain view, is bool){
	func(v view, _ bool) (view, bool) { return decode(v, "%", percent) },
	func(v view, spaces bool) (view, bool) {
		if !spaces {
			return v, false
		}
		return decode(v, "+", func(text string) (string, int) {
			if text[0] == '+' {
				return " ", 1
			}
			return percent(text)
		})
	},
	func(v view, _ bool) (view, bool) { return decode(v, `\`, backslash) },
	func(v view, _ bool) (view, bool) { return decode(v, "&", entity) },
	func(v view, _ bool) (view, bool) { return inBase64(v) },
}

// decode replaces each escape in a text that has mark. Escape returns what the escape at the
// beginning of text means and how long it is; 0 if there is none.
func decode(v view, mark string, escape func(text string) (string, int)) (view, bool) {
	if !strings.Contains(v.text, mark) {
		return v, false
	}
	d := newDecoded(v)
	changed := false
	for i := 0; i < len(v.text); {
		if c := v.text[i]; c == '%' || c == '+' || c == '\\' || c == '&' {
			if plain, n := escape(v.text[i:]); n > 0 {
				for j := range len(plain) {
					d.add(i, i+n, plain[j])
				}
				i, changed = i+n, true
				continue
			}
		}
		d.add(i, i+1, v.text[i])
		i++
	}
	return d.view(), changed
}

// percent is an escape of URLs: %2F or %2f.
func percent(text string) (string, int) {
	if text[0] == '%' && len(text) >= 3 {
		if b, err := strconv.ParseUint(text[1:3], 16, 8); err == nil {
			return string([]byte{byte(b)}), 3
		}
	}
	return "", 0
}

// backslash is an escape of JSON, or of the languages whose quoted strings are alike.
func backslash(text string) (string, int) {
	if text[0] != '\\' || len(text) < 2 {
		return "", 0
	}
	if at := strings.IndexByte(`abfnrtv`, text[1]); at >= 0 {
		return "\a\b\f\n\r\t\v"[at : at+1], 2
	}
	digits := 0
	switch text[1] {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	}
	code, ok := hex(text, 2, digits)
	switch {
	case digits == 0 || !ok:
		return text[1:2], 2
	case digits == 2:
		return string([]byte{byte(code)}), 4
	}
	if utf16.IsSurrogate(code) && strings.HasPrefix(text[6:], `\u`) {
		if low, ok := hex(text, 8, 4); ok {
			return string(utf16.DecodeRune(code, low)), 12
		}
	}
	return string(code), 2 + digits
}

func hex(text string, from, digits int) (rune, bool) {
	if len(text) < from+digits {
		return 0, false
	}
	code, err := strconv.ParseUint(text[from:from+digits], 16, 32)
	return rune(code), err == nil
}

var entities = map[string]string{"amp": "&", "lt": "<", "gt": ">", "quot": `"`, "apos": "'"}

// entity is an escape of HTML and XML.
func entity(text string) (string, int) {
	const most = 10
	end := strings.IndexByte(text[:min(len(text), most)], ';')
	if text[0] != '&' || end < 2 {
		return "", 0
	}
	name := text[1:end]
	if plain := entities[name]; plain != "" {
		return plain, end + 1
	}
	if name[0] != '#' {
		return "", 0
	}
	code, err := strconv.ParseUint(name[1:], 10, 32)
	if name[1:] != "" && (name[1] == 'x' || name[1] == 'X') {
		code, err = strconv.ParseUint(name[2:], 16, 32)
	}
	if err != nil {
		return "", 0
	}
	return string(rune(code)), end + 1
}

// inBase64 finds what can be read in base64, in both alphabets and over several lines. It is not
// known at which letter of a run the encoded text begins, so all four ways are tried: three of them
// give almost nothing readable.
func inBase64(v view) (view, bool) {
	d := &decoded{of: v}
	var run []int // where its letters are
	for i := 0; i <= len(v.text); i++ {
		if i < len(v.text) && sextet(v.text[i]) >= 0 {
			run = append(run, i)
			continue
		}
		if next := wrapped(v.text, i); next > i && len(run) > 0 {
			i = next - 1
			continue
		}
		if len(run) >= (shortest*8+5)/6 {
			for shift := range 4 {
				d.readable(run[shift:])
			}
		}
		run = run[:0]
	}
	return d.view(), len(d.text) > 0
}

// wrapped returns where a text continues after a line end at i and the next line's indent.
func wrapped(text string, i int) int {
	if i < len(text) && text[i] == '\r' {
		i++
	}
	if i >= len(text) || text[i] != '\n' {
		return 0
	}
	for i++; i < len(text) && text[i] == ' '; i++ {
	}
	return i
}

// readable adds the parts of decoded base64 that people could have written.
func (d *decoded) readable(letters []int) {
	plain := make([]byte, 0, len(letters)*6/8)
	bits, have := 0, 0
	for _, at := range letters {
		bits, have = bits<<6|sextet(d.of.text[at]), have+6
		if have >= 8 {
			have -= 8
			plain = append(plain, byte(bits>>have))
			bits &= 1<<have - 1
		}
	}
	for i := 0; i < len(plain); {
		end := i
		for end < len(plain) {
			r, size := utf8.DecodeRune(plain[end:])
			if r == utf8.RuneError || unicode.IsControl(r) && !unicode.IsSpace(r) {
				break
			}
			end += size
		}
		if end-i >= shortest {
			for j := i; j < end; j++ {
				d.add(letters[j*8/6], letters[(j*8+7)/6]+1, plain[j])
			}
			d.add(letters[end*8/6-1], letters[end*8/6-1]+1, 0) // nothing continues here
		}
		i = end + 1
	}
}

// sextet is the number that a letter of base64 means; -1 for any other letter.
func sextet(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case c >= '0' && c <= '9':
		return int(c-'0') + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return -1
}
