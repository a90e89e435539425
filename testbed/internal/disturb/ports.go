package disturb

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// port is an address that the server listens at, HOST:PORT.
type port struct {
	address string
	tls     *tls.Config // nil: plain HTTP
}

// Listen opens a free port at an address of this machine, serves plain HTTP there in the background, and returns
// HOST:PORT.
func (s *Server) Listen(host string) (string, error) { return s.add(host, nil) }

// ListenTLS is Listen with TLS. Only HTTP/1.1 is spoken, as on a plain port: to cut a request is to cut its connection.
func (s *Server) ListenTLS(host string, certificate tls.Certificate) (string, error) {
	return s.add(host, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}})
}

func (s *Server) add(host string, config *tls.Config) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", fmt.Errorf("open a port at %s: %w", host, err)
	}
	added := port{listener.Addr().String(), config}
	s.ports = append(s.ports, added)
	s.run(added, listener)
	return added.address, nil
}

// Start opens the ports that Stop closed.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		return nil
	}
	var listeners []net.Listener
	for _, one := range s.ports {
		listener, err := net.Listen("tcp", one.address)
		if err != nil {
			for _, opened := range listeners {
				opened.Close()
			}
			return fmt.Errorf("open the port again: %w", err)
		}
		listeners = append(listeners, listener)
	}
	for i, listener := range listeners {
		s.run(s.ports[i], listener)
	}
	return nil
}

// Stop closes the ports and cuts every connection.
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

// run serves at one port, with what serves all of them. The lock must be held.
func (s *Server) run(at port, listener net.Listener) {
	if s.running == nil {
		ctx, cancel := context.WithCancel(context.Background())
		s.cancel = cancel
		s.running = &http.Server{
			Handler:           http.HandlerFunc(s.serve),
			BaseContext:       func(net.Listener) context.Context { return ctx },
			ReadHeaderTimeout: time.Minute,
		}
	}
	if at.tls != nil {
		listener = tls.NewListener(listener, at.tls)
	}
	go func(server *http.Server) {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Errorf("serve %s: %w", at.address, err))
		}
	}(s.running)
}
