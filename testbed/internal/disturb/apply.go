package disturb

import (
	"bytes"
	"io"
	"net/http"

	"dagger/ship/testbed/control"
)

// apply serves a request under a fault. http.ErrAbortHandler makes net/http close the connection, in the middle of
// a body where some of it was flushed.
func (s *Server) apply(one *fault, out *response, r *http.Request) {
	switch one.Kind {
	case control.Status:
		http.Error(out, "the testbed was asked to answer this", one.Status)
	case control.CutRequest:
		if one.Bytes > 0 {
			io.CopyN(io.Discard, r.Body, one.Bytes) // a shorter body is cut at its end
		}
		panic(http.ErrAbortHandler)
	case control.CutResponse:
		answer := s.record(out, r)
		if one.Bytes == 0 {
			panic(http.ErrAbortHandler)
		}
		answer.send(out, one.Bytes)
		panic(http.ErrAbortHandler)
	default: // delay, hang, barrier
		if !one.After {
			if s.faults.wait(r.Context(), one) != nil {
				panic(http.ErrAbortHandler)
			}
			s.Handler.ServeHTTP(out, r)
			return
		}
		answer := s.record(out, r)
		if s.faults.wait(r.Context(), one) != nil {
			panic(http.ErrAbortHandler)
		}
		answer.send(out, int64(answer.body.Len()))
	}
}

// record handles the request in full and keeps the answer.
func (s *Server) record(out *response, r *http.Request) *answer {
	kept := &answer{header: out.Header()}
	s.Handler.ServeHTTP(kept, r)
	return kept
}

// answer is a whole answer in memory.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(data []byte) (int, error) { return a.body.Write(data) }

// send passes on the status, the header and the first n bytes of the body.
func (a *answer) send(out *response, n int64) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	out.WriteHeader(a.status)
	out.Write(a.body.Bytes()[:min(n, int64(a.body.Len()))])
	http.NewResponseController(out).Flush()
}

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

// countedBody counts what is read of a request's body.
type countedBody struct {
	io.ReadCloser
	entry *control.Request
}

func (b *countedBody) Read(data []byte) (int, error) {
	n, err := b.ReadCloser.Read(data)
	b.entry.In += int64(n)
	return n, err
}
