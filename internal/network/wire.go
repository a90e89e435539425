package network

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"unicode"
)

// lastError is the last thing that went wrong on the network in an attempt.
type lastError struct {
	mu  sync.Mutex
	err error
}

type lastErrorKey struct{}

func (e *lastError) note(err error) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

func (e *lastError) last() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// temporary tells whether it may be over a moment later.
func (e *lastError) temporary() bool { return temporary(e.last()) }

// response is the answer that said so, if one did.
func (e *lastError) response() *http.Response {
	status := new(StatusError)
	if errors.As(e.last(), &status) {
		return status.Response
	}
	return nil
}

// maxSaid is how much a server may say to people, in bytes.
const maxSaid = 16 << 10

// Said is what a server said, on one line; empty if that is not for people: a page of HTML, for
// example, or one that does not end. It is not cut: half of a secret in it would not be known as
// one.
func Said(body io.Reader) string {
	data, _ := io.ReadAll(io.LimitReader(body, maxSaid+1))
	text := strings.Join(strings.Fields(string(data)), " ")
	if len(data) > maxSaid || strings.HasPrefix(text, "<") ||
		strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return ""
	}
	return text
}
