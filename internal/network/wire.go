package network

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"unicode"
)

// encounter is the last thing that went wrong on the wire in an attempt.
type encounter struct {
	mu  sync.Mutex
	err error
}

type encounterKey struct{}

func (e *encounter) note(err error) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

func (e *encounter) last() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// trouble tells whether it may be over a moment later.
func (e *encounter) trouble() bool { return passes(e.last()) }

// response is the answer that said so, if one did.
func (e *encounter) response() *http.Response {
	status := new(StatusError)
	if errors.As(e.last(), &status) {
		return status.Response
	}
	return nil
}

// maxSaid is how much a server may say to people, in bytes.
const maxSaid = 16 << 10

// Said is what a server said, on one line; empty where that is not for people: a page of HTML, say,
// or one that does not end. It is not cut: half of a secret in it would not be known as one.
func Said(body io.Reader) string {
	data, _ := io.ReadAll(io.LimitReader(body, maxSaid+1))
	text := strings.Join(strings.Fields(string(data)), " ")
	if len(data) > maxSaid || strings.HasPrefix(text, "<") ||
		strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return ""
	}
	return text
}
