package gitserver

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"os"
	"strconv"
	"strings"

	"dagger/ship/testbed/control"
	"dagger/ship/testbed/internal/disturb"
)

// run hands a request to git http-backend. Its body is kept in a file first: a client that goes away in the middle
// must leave nothing done, and CGI needs a length where git sends chunks.
func (s *Server) run(w http.ResponseWriter, r *http.Request, entry *control.Request) {
	body, length, err := spool(r)
	if err != nil {
		http.Error(w, "read the request's body: "+err.Error(), http.StatusBadRequest)
		return
	}
	defer body.Close()
	if entry.Operation == "fetch" {
		entry.Command = protocolCommand(body)
	}
	s.serveCGI(w, r, body, length)
}

// push is run for receive-pack, with the refs and their results noted in the request log.
func (s *Server) push(w http.ResponseWriter, r *http.Request) {
	entry := disturb.Entry(r.Context())
	body, length, err := spool(r)
	if err != nil {
		http.Error(w, "read the request's body: "+err.Error(), http.StatusBadRequest)
		return
	}
	defer body.Close()
	entry.Refs, entry.PushOptions = readCommands(body)
	answer := &tee{ResponseWriter: w}
	s.serveCGI(answer, r, body, length)
	noteResults(entry.Refs, answer.kept.Bytes())
}

func (s *Server) serveCGI(w http.ResponseWriter, r *http.Request, body *os.File, length int64) {
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		http.Error(w, "rewind the request's body: "+err.Error(), http.StatusInternalServerError)
		return
	}
	inner := r.Clone(r.Context())
	inner.Body, inner.ContentLength, inner.TransferEncoding = body, length, nil
	inner.Header.Set("Content-Length", strconv.FormatInt(length, 10))
	inner.Header.Del("Transfer-Encoding")
	user, _, _ := r.BasicAuth()
	handler := cgi.Handler{
		Path:   s.backend,
		Root:   "/",
		Dir:    s.config.Folder,
		Stderr: os.Stderr,
		Env: append(s.environment(),
			"GIT_PROJECT_ROOT="+s.repositories(),
			"GIT_HTTP_EXPORT_ALL=1", // who may read was decided before
			"GIT_PROTOCOL="+r.Header.Get("Git-Protocol"),
			"REMOTE_USER="+user,
		),
	}
	handler.ServeHTTP(w, inner)
}

// spool copies a request's body into a file that is gone when it is closed.
func spool(r *http.Request) (*os.File, int64, error) {
	file, err := os.CreateTemp("", "testbed-git-")
	if err != nil {
		return nil, 0, err
	}
	os.Remove(file.Name())
	length, err := io.Copy(file, r.Body)
	if err == nil && r.ContentLength >= 0 && length != r.ContentLength {
		err = fmt.Errorf("got %d of %d bytes", length, r.ContentLength)
	}
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, length, nil
}

// protocolCommand is git's protocol v2 command in a fetch request's body, which git compresses when it is large.
func protocolCommand(body io.ReadSeeker) string {
	start := make([]byte, 1024)
	var from io.Reader = body
	body.Seek(0, io.SeekStart)
	if unpacked, err := gzip.NewReader(body); err == nil {
		from = unpacked
	} else {
		body.Seek(0, io.SeekStart)
	}
	n, _ := io.ReadFull(from, start)
	_, after, found := strings.Cut(string(start[:n]), "command=")
	if !found {
		return ""
	}
	command, _, _ := strings.Cut(after, "\n")
	for i, c := range command {
		if c != '-' && (c < 'a' || c > 'z') {
			return command[:i]
		}
	}
	return command
}

// tee keeps a copy of an answer.
type tee struct {
	http.ResponseWriter
	kept bytes.Buffer
}

func (t *tee) Write(data []byte) (int, error) {
	t.kept.Write(data)
	return t.ResponseWriter.Write(data)
}

func (t *tee) Flush() { http.NewResponseController(t.ResponseWriter).Flush() }
