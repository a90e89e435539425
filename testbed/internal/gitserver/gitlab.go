package gitserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// apiPrefix is where GitLab has what is about projects in its API. A project is named by its path here, not by a
// number.
const apiPrefix = "/api/v4/projects/"

// projectOf names the project of a call of the API, whose path is escaped into one segment
// (https://docs.gitlab.com/api/rest/#namespaced-paths), and the part of the API: deployments, or else releases.
func projectOf(r *http.Request) (project, part string, is bool) {
	rest, is := strings.CutPrefix(r.URL.EscapedPath(), apiPrefix)
	escaped, below, _ := strings.Cut(rest, "/")
	if part, _, _ = strings.Cut(below, "/"); part != "deployments" {
		part = "releases"
	}
	project, err := url.PathUnescape(escaped)
	return project, part, is && err == nil
}

// call is one call of the API.
type call struct {
	*http.Request
	server       *Server
	project, tag string
	header       http.Header // of the answer
}

// gitlabAPI serves the parts of GitLab's API that there are.
func (s *Server) gitlabAPI() http.Handler {
	mux := http.NewServeMux()
	s.releasesAPI(mux)
	s.deploymentsAPI(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":"404 Not Found"}`)
	})
	return mux
}

// handle answers calls of one method and one path of a project with a status and a body.
func (s *Server) handle(mux *http.ServeMux, method, path string, answer func(call) (int, any)) {
	mux.HandleFunc(method+" "+apiPrefix+"{project}/"+path, func(w http.ResponseWriter, r *http.Request) {
		status, body := answer(call{Request: r, server: s, project: r.PathValue("project"), tag: r.PathValue("tag"),
			header: w.Header()})
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	})
}

// problem is how the API says what is wrong (https://docs.gitlab.com/api/rest/troubleshooting/).
func problem(status int, message any) (int, any) {
	return status, map[string]any{"message": message}
}

// invalid is how the API says what is wrong with the parameters of a call.
func invalid(message string) (int, any) {
	return http.StatusBadRequest, map[string]string{"error": message}
}
