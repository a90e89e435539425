package disturb

import (
	"encoding/json"
	"net/http"
	"sync"

	"dagger/ship/testbed/control"
)

// requestLog keeps the requests since the last reset.
type requestLog struct {
	mu  sync.Mutex
	all []control.Request
}

func (l *requestLog) add(entry control.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, entry)
}

func (l *requestLog) list() []control.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]control.Request{}, l.all...)
}

func (l *requestLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = nil
}

// API adds the server's control (package control) to a mux below the prefix, for example "/git".
func (s *Server) API(mux *http.ServeMux, prefix string) {
	mux.HandleFunc("GET "+prefix+"/requests", func(w http.ResponseWriter, r *http.Request) {
		WriteJSON(w, s.log.list())
	})
	mux.HandleFunc("DELETE "+prefix+"/requests", func(w http.ResponseWriter, r *http.Request) { s.log.reset() })
	mux.HandleFunc("GET "+prefix+"/faults", func(w http.ResponseWriter, r *http.Request) {
		WriteJSON(w, s.faults.list())
	})
	mux.HandleFunc("DELETE "+prefix+"/faults", func(w http.ResponseWriter, r *http.Request) { s.faults.end("") })
	mux.HandleFunc("POST "+prefix+"/faults", func(w http.ResponseWriter, r *http.Request) {
		var in control.Fault
		if !ReadJSON(w, r, &in) {
			return
		}
		set, err := s.faults.add(in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		WriteJSON(w, set)
	})
	mux.HandleFunc("DELETE "+prefix+"/faults/{id}", func(w http.ResponseWriter, r *http.Request) {
		if !s.faults.end(r.PathValue("id")) {
			http.Error(w, "there is no such fault", http.StatusNotFound)
		}
	})
	mux.HandleFunc("POST "+prefix+"/stop", func(w http.ResponseWriter, r *http.Request) { s.Stop() })
	mux.HandleFunc("POST "+prefix+"/start", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Start(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
}

// ReadJSON reads a request's body strictly; when it cannot, it has answered 400 and returns false.
func ReadJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		http.Error(w, "read the body as JSON: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

// WriteJSON answers with a value.
func WriteJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}
