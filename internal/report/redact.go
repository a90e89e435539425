package report

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"dagger/ship/internal/foreign"
)

// Redactor removes secrets from text, plain and encoded (encoded.go). The zero value redacts
// nothing. It may be used from several goroutines.
type Redactor struct {
	mu sync.RWMutex
	// secrets by their first bytes, the longest first: a secret that holds another goes whole
	secrets map[[shortest]byte][]string
	starts  [1 << 16]bool // the first two bytes of each, so that long texts are read fast
	spaces  bool          // a secret has a space, which a form's encoding writes as a plus
}

const (
	// shortest is the length from which a secret is hidden: with shorter ones, half of all words
	// would be hidden.
	shortest = 4
	// strong is the length from which a secret can be told from plain words.
	strong = 8
)

// Weak tells whether a secret is so short that it cannot be told from plain words.
func Weak(secret string) bool { return secret != "" && utf8.RuneCountInString(secret) < strong }

// Add adds secrets. A secret of several lines, such as a key, is often printed with other line
// ends, or only one line of it: so each long line of it is a secret too.
func (r *Redactor) Add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range secrets {
		r.add(secret)
		if strings.Contains(secret, "\n") {
			for line := range strings.Lines(secret) {
				if line = strings.TrimSpace(line); len(line) >= strong && !strings.HasPrefix(line, "-----") {
					r.add(line)
				}
			}
		}
	}
}

func (r *Redactor) add(secret string) {
	if len(secret) < shortest {
		return
	}
	if r.secrets == nil {
		r.secrets = map[[shortest]byte][]string{}
	}
	start := [shortest]byte([]byte(secret))
	alike := r.secrets[start]
	if slices.Contains(alike, secret) {
		return
	}
	alike = append(slices.Clone(alike), secret)
	slices.SortFunc(alike, func(a, b string) int { return len(b) - len(a) })
	r.secrets[start] = alike
	r.starts[pair(secret)] = true
	r.spaces = r.spaces || strings.Contains(secret, " ")
}

// pair is a text's first two bytes as a number.
func pair(text string) int { return int(text[0])<<8 | int(text[1]) }

// Redact returns text with *** for each secret, and for a user with a password in an address. It
// must come before any cut, since it does not recognize half a secret.
func (r *Redactor) Redact(text string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	spans := userinfo(text)
	if len(r.secrets) > 0 {
		spans = append(spans, r.find(original(text), maxEncodings)...)
	}
	if len(spans) == 0 {
		return text
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var redacted strings.Builder
	end := 0 // the end of what is written or hidden so far
	for _, s := range spans {
		if s.from >= end {
			redacted.WriteString(text[end:s.from] + "***")
		}
		end = max(end, s.to)
	}
	redacted.WriteString(text[end:])
	return redacted.String()
}

// span is a part of a text.
type span struct{ from, to int }

// find returns where a secret is in a text that may be an encoded one's plain text, and in what can
// be decoded in it.
func (r *Redactor) find(v view, encodings int) (spans []span) {
	for i := 0; i+shortest <= len(v.text); i++ {
		if !r.starts[pair(v.text[i:])] {
			continue
		}
		for _, secret := range r.secrets[[shortest]byte([]byte(v.text[i:i+shortest]))] {
			if strings.HasPrefix(v.text[i:], secret) {
				spans = append(spans, v.span(i, i+len(secret)))
				i += len(secret) - 1
				break
			}
		}
	}
	if encodings == 0 {
		return spans
	}
	for _, decode := range decoders {
		if plain, is := decode(v, r.spaces); is {
			spans = append(spans, r.find(plain, encodings-1)...)
		}
	}
	return spans
}

// userinfo finds user and password in the addresses of a text. A user without a password is no
// secret: git@.
func userinfo(text string) (spans []span) {
	for at := 0; ; {
		next := strings.Index(text[at:], "://")
		if next < 0 {
			return spans
		}
		at += next + len("://")
		end := strings.IndexAny(text[at:min(len(text), at+maxUserinfo)], "/?# \t\r\n\"'<>`")
		if end < 0 {
			end = min(len(text)-at, maxUserinfo)
		}
		if host := strings.LastIndexByte(text[at:at+end], '@'); host > 0 && strings.Contains(text[at:at+host], ":") {
			spans = append(spans, span{at, at + host})
		}
	}
}

// maxUserinfo is how long user and password in an address may be.
const maxUserinfo = 4096

// Line is what others wrote, redacted, as one line that can be printed (see package foreign).
func (r *Redactor) Line(text string) string { return foreign.Line(r.ends(text)) }

// Text is text that contains others' words, redacted, as lines that can be printed (see package
// foreign).
func (r *Redactor) Text(text string) string { return foreign.Text(r.ends(text)) }

// How much of each end of a very long text is read, and how much of that is dropped at the cut, in
// bytes: at most half a secret is there, in any encoding.
const (
	maxEnd   = 128 << 10
	atTheCut = 8 << 10
)

// ends redacts a text of which only the beginning and the end can be shown.
func (r *Redactor) ends(text string) string {
	if len(text) <= 2*maxEnd {
		return r.Redact(text)
	}
	head, tail := r.Redact(text[:maxEnd]), r.Redact(text[len(text)-maxEnd:])
	return head[:max(0, len(head)-atTheCut)] + foreign.LeftOut(len(text)-2*maxEnd, "bytes") +
		tail[min(len(tail), atTheCut):]
}
