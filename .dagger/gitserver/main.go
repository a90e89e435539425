// The program gitserver serves the bare repositories below a folder over smart HTTP (https://git-scm.com/docs/http-protocol),
// for reading and pushing, to whoever gives the token in $TOKEN as password.
//
//	TOKEN=… gitserver FOLDER
package main

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	programs, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		log.Fatal("ask git where its programs are: ", err)
	}
	backend := filepath.Join(strings.TrimSpace(string(programs)), "git-http-backend")
	log.Fatal(http.ListenAndServe(":8080", serve(backend, os.Args[1], os.Getenv("TOKEN"))))
}

// serve hands each request to git's own program (https://git-scm.com/docs/git-http-backend).
func serve(backend, folder, token string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if token == "" || password != token {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "no such token", http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(r.Body) // CGI needs a length, where git may send chunks
		if err != nil {
			http.Error(w, "read the request's body: "+err.Error(), http.StatusBadRequest)
			return
		}
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		handler := cgi.Handler{Path: backend, Root: "/", Env: []string{
			"GIT_PROJECT_ROOT=" + folder, "GIT_HTTP_EXPORT_ALL=1", "GIT_PROTOCOL=" + r.Header.Get("Git-Protocol"), "REMOTE_USER=" + user,
		}}
		handler.ServeHTTP(w, r)
	}
}
