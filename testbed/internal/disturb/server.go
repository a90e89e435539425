package disturb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"dagger/ship/testbed/control"
)

// Server is an HTTP server that can be watched and disturbed.
type Server struct {
	// Classify names the repository and the operation of a request; see control.Fault.
	Classify func(*http.Request) (repository, operation string)
	// Handler does the server's own work.
	Handler http.Handler

	faults faults
	log    requestLog

	mu      sync.Mutex
	address string
	running *http.Server
	cancel  context.CancelFunc
}

// Listen opens a free port at the address, or after a Stop the one it had, and serves in the background.
// It returns HOST:PORT.
func (s *Server) Listen(host string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		return s.address, nil
	}
	address := s.address
	if address == "" {
		address = net.JoinHostPort(host, "0")
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("open a port at %s: %w", host, err)
	}
	s.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.running = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: time.Minute,
	}
	go func(server *http.Server) {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Errorf("serve %s: %w", s.address, err))
		}
	}(s.running)
	return s.address, nil
}

// Stop closes the port and cuts every connection. Listen opens it again.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return
	}
	s.cancel()
	s.running.Close()
	s.running = nil
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	entry := &control.Request{Time: time.Now(), Method: r.Method, Path: r.URL.RequestURI(), Agent: r.UserAgent()}
	entry.Repository, entry.Operation = s.Classify(r)
	entry.User, _, _ = r.BasicAuth()
	out := &response{to: w, entry: entry}
	r.Body = &countedBody{ReadCloser: r.Body, entry: entry}
	r = r.WithContext(context.WithValue(r.Context(), entryKey{}, entry))
	defer func() {
		cut := recover()
		entry.Milliseconds = time.Since(entry.Time).Milliseconds()
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
