package disturb

import (
	"bytes"
	"io"
	"net/http"

	"dagger/ship/testbed/control"
)

// apply serves a request under a fault.
func (s *Server) apply(one *fault, out *response, r *http.Request) {
	switch one.Kind {
	case control.Status:
		http.Error(out, "the testbed was asked to answer this", one.Status)
	case control.CutRequest:
		if one.Bytes > 0 {
			io.CopyN(io.Discard, r.Body, one.Bytes) // a shorter body is cut at its end
		}
		abort()
	case control.CutResponse:
		if s.Streams {
			cut := &stream{response: out, limited: one.Bytes > 0, left: one.Bytes, begin: abort}
			if one.Bytes > 0 {
				cut.begin = func() {}
			}
			s.Handler.ServeHTTP(cut, r)
			abort() // a shorter answer is cut at its end
		}
		answer := s.record(out, r)
		if one.Bytes > 0 {
			answer.send(out, one.Bytes)
		}
		abort()
	default: // delay, hang, barrier
		wait := func() {
			if s.faults.wait(r.Context(), one) != nil {
				abort()
			}
		}
		switch {
		case !one.After:
			// Only once all of a request was read does net/http notice that its client has gone.
			body, err := io.ReadAll(r.Body)
			if err != nil {
				abort()
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			wait()
			s.Handler.ServeHTTP(out, r)
		case s.Streams:
			s.Handler.ServeHTTP(&stream{response: out, begin: wait}, r)
		default:
			answer := s.record(out, r)
			wait()
			answer.send(out, int64(answer.body.Len()))
		}
	}
}

// abort makes net/http close the connection, in the middle of a body where some of it was flushed.
func abort() { panic(http.ErrAbortHandler) }

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
