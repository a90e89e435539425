package gitserver

import (
	"crypto/subtle"
	"fmt"
	"net/http"
)

// Tokens are the secrets that the server takes as a password, as GitLab does.
type Tokens struct {
	// Project is a project access token with the scopes write_repository and api, good with any user name.
	Project string
	// Push is one with the scope write_repository only.
	Push string
	// ReadOnly is a project access token with the scope read_repository only.
	ReadOnly string
	// Job is a CI_JOB_TOKEN: only the user gitlab-ci-token may use it.
	Job string
}

// refusal is an answer of GitLab's that git shows its user line by line after "remote: ".
type refusal struct {
	status int
	words  string
}

func (r *refusal) send(w http.ResponseWriter) {
	if r.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="GitLab"`)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(r.status)
	fmt.Fprint(w, r.words)
}

// What GitLab answers. Git prints a body only where its type is text/plain.
var (
	denied = &refusal{http.StatusUnauthorized,
		"HTTP Basic: Access denied. The password or token is wrong, expired, or lacks the scope for this."}
	notFound = &refusal{http.StatusNotFound,
		"The project you were looking for could not be found or you don't have permission to view it."}
	noUpload = &refusal{http.StatusForbidden, "You are not allowed to upload code."}
)

// authorize decides in GitLab's order: wrong credentials are refused even where none are needed, a repository that
// is not there is 401 to a stranger and 404 to a known user, and only then it matters what the token may do.
func (s *Server) authorize(r *http.Request, write, known, public, jobMayPush bool) *refusal {
	user, password, given := r.BasicAuth()
	if !given {
		if known && public && !write {
			return nil
		}
		return denied
	}
	may, ok := s.abilities(user, password, jobMayPush)
	switch {
	case !ok:
		return denied
	case !known:
		return notFound
	case write && !may:
		return noUpload
	}
	return nil
}

// abilities says whether the credentials are good, and whether they are good for a push.
func (s *Server) abilities(user, password string, jobMayPush bool) (write, ok bool) {
	tokens := s.config.Tokens
	switch {
	case equal(password, tokens.Project), equal(password, tokens.Push):
		return true, user != ""
	case equal(password, tokens.ReadOnly):
		return false, user != ""
	case equal(password, tokens.Job):
		return jobMayPush, user == "gitlab-ci-token"
	}
	return false, false
}

func equal(got, want string) bool {
	return want != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}
