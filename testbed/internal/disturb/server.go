package disturb

import (
	"context"
	"net/http"
	"sync"
	"time"

	"dagger/ship/testbed/control"
)

// Server is an HTTP server that can be watched and disturbed, on as many ports as Listen and ListenTLS open.
type Server struct {
	// Classify names the repository and the operation of a request; see control.Fault.
	Classify func(*http.Request) (repository, operation string)
	// Handler does the server's own work.
	Handler http.Handler
	// Streams says that answers may have no end, and that the work is done when one begins: faults of an answer are
	// then applied as it is sent, not to all of it.
	Streams bool

	faults faults
	log    requestLog

	mu      sync.Mutex
	ports   []port
	running *http.Server
	cancel  context.CancelFunc
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	entry := &control.Request{
		Time: time.Now(), Method: r.Method, Path: r.URL.RequestURI(), Agent: r.UserAgent(), TLS: r.TLS != nil,
	}
	entry.Repository, entry.Operation = s.Classify(r)
	entry.User, _, _ = r.BasicAuth()
	out := &response{to: w, entry: entry}
	body := &countedBody{ReadCloser: r.Body}
	r.Body = body
	r = r.WithContext(context.WithValue(r.Context(), entryKey{}, entry))
	defer func() {
		cut := recover()
		entry.In, entry.Milliseconds = body.n.Load(), time.Since(entry.Time).Milliseconds()
		s.log.add(*entry)
		if cut != nil {
			panic(cut)
		}
	}()

	one := s.faults.take(entry)
	if one == nil {
		s.Handler.ServeHTTP(out, r)
		return
	}
	entry.Fault = one.Kind
	s.apply(one, out, r)
}

type entryKey struct{}

// Entry is the request's line in the log, for a handler to add what it learned. The handler must be done with it
// when it returns.
func Entry(ctx context.Context) *control.Request {
	if entry, ok := ctx.Value(entryKey{}).(*control.Request); ok {
		return entry
	}
	return &control.Request{}
}
