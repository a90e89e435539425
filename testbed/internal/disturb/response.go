package disturb

import (
	"io"
	"net/http"
	"sync/atomic"

	"dagger/ship/testbed/control"
)

// response counts what is answered.
type response struct {
	to    http.ResponseWriter
	entry *control.Request
}

func (r *response) Header() http.Header { return r.to.Header() }

// Unwrap lets http.ResponseController reach the connection.
func (r *response) Unwrap() http.ResponseWriter { return r.to }

// Flush is asked for by its own interface in some handlers.
func (r *response) Flush() { http.NewResponseController(r.to).Flush() }

func (r *response) WriteHeader(status int) {
	if r.entry.Status == 0 {
		r.entry.Status = status
	}
	r.to.WriteHeader(status)
}

func (r *response) Write(data []byte) (int, error) {
	if r.entry.Status == 0 {
		r.entry.Status = http.StatusOK
	}
	n, err := r.to.Write(data)
	r.entry.Out += int64(n)
	return n, err
}

// stream is a response that is held back, or cut, while it is sent.
type stream struct {
	*response
	begin   func() // called before the first of it is sent; may abort
	begun   bool
	limited bool  // whether it is cut
	left    int64 // bytes of the body until then
}

func (s *stream) WriteHeader(status int) {
	if !s.begun {
		s.begun = true
		s.begin()
	}
	s.response.WriteHeader(status)
}

func (s *stream) Write(data []byte) (int, error) {
	if !s.begun {
		s.WriteHeader(http.StatusOK)
	}
	if !s.limited || int64(len(data)) < s.left {
		s.left -= int64(len(data))
		return s.response.Write(data)
	}
	s.response.Write(data[:s.left])
	s.Flush()
	abort()
	return 0, nil
}

// countedBody counts what is read of a request's body, also by a handler that reads on after it has answered.
type countedBody struct {
	io.ReadCloser
	n atomic.Int64
}

func (b *countedBody) Read(data []byte) (int, error) {
	n, err := b.ReadCloser.Read(data)
	b.n.Add(int64(n))
	return n, err
}
