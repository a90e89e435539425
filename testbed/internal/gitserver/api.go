package gitserver

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"dagger/ship/testbed/control"
	"dagger/ship/testbed/internal/disturb"
)

// API adds what only the git server's control has to a mux below the prefix; package control documents it.
func (s *Server) API(mux *http.ServeMux, prefix string) {
	mux.HandleFunc("GET "+prefix+"/repositories", func(w http.ResponseWriter, r *http.Request) {
		disturb.WriteJSON(w, s.list())
	})
	mux.HandleFunc("POST "+prefix+"/repositories", func(w http.ResponseWriter, r *http.Request) {
		var repository control.Repository
		if disturb.ReadJSON(w, r, &repository) {
			answer(w, s.Create(repository))
		}
	})
	mux.HandleFunc("PUT "+prefix+"/repositories/{path...}", func(w http.ResponseWriter, r *http.Request) {
		var repository control.Repository
		if disturb.ReadJSON(w, r, &repository) {
			repository.Path = r.PathValue("path")
			answer(w, s.Change(repository))
		}
	})
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// list returns the repositories in the order of their paths.
func (s *Server) list() []control.Repository {
	out := []control.Repository{}
	root := s.repositories()
	filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || !strings.HasSuffix(path, ".git") {
			return err
		}
		name, _ := filepath.Rel(root, strings.TrimSuffix(path, ".git"))
		_, public := s.lookUp(name)
		patterns, _ := os.ReadFile(filepath.Join(path, "protected-tags"))
		out = append(out, control.Repository{Path: name, Public: public,
			ProtectedTags: strings.Fields(string(patterns)),
			NoJobPush:     !s.jobMayPush(name)})
		return fs.SkipDir
	})
	return out
}
