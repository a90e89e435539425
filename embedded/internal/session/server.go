package session

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"time"
)

// Server serves a session over HTTP, on loopback.
type Server struct {
	Port  int    `json:"port"`
	Token string `json:"session_token"` // the user name of HTTP's basic authentication
	http  *http.Server
	l     net.Listener
}

// Listen opens a port. Queries are answered once Serve is called.
func (s *Session) Listen() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &Server{Port: l.Addr().(*net.TCPAddr).Port, Token: rand.Text(), l: l}
	server.http = &http.Server{Handler: server.handler(s), ReadHeaderTimeout: time.Minute}
	return server, nil
}

// Serve answers queries until ctx ends, which ends those that run too.
func (s *Server) Serve(ctx context.Context) error {
	s.http.BaseContext = func(net.Listener) context.Context { return ctx }
	stop := context.AfterFunc(ctx, func() { s.http.Close() })
	defer stop()
	if err := s.http.Serve(s.l); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// handler ends a query, and the build that it waits for, when the client goes away.
func (s *Server) handler(session *Session) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		if subtle.ConstantTimeCompare([]byte(user), []byte(s.Token)) != 1 {
			http.Error(w, "the session token is missing or wrong", http.StatusUnauthorized)
			return
		}
		var query request
		if err := json.NewDecoder(r.Body).Decode(&query); err != nil || r.Method != http.MethodPost {
			http.Error(w, "POST a GraphQL query in JSON", http.StatusBadRequest)
			return
		}
		answer := session.run(r.Context(), query)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(answer)
	})
}
