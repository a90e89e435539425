// Package gitserver is a git server that answers as GitLab does: smart HTTP around `git http-backend`, tokens instead
// of passwords, public and private repositories, protected tags, GitLab's words for every refusal, Git LFS, and of its
// API the releases and the deployments.
package gitserver

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"dagger/ship/testbed/internal/disturb"
)

// Config says where the server keeps its repositories and which tokens it takes.
type Config struct {
	// Folder holds the repositories, the hooks and git's configuration. It is made when missing.
	Folder string
	Tokens Tokens
}

// Server is the git server. Serve it with disturb.Server, and its control with API.
type Server struct {
	config  Config
	backend string // git-http-backend
	git     string

	api         http.Handler
	releases    releases
	deployments deployments
}

// New writes the server's git configuration and hooks below the folder.
func New(config Config) (*Server, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("find git: %w (install it, or run `testbed setup`)", err)
	}
	out, err := exec.Command(git, "--exec-path").Output()
	if err != nil {
		return nil, fmt.Errorf("ask git for its own programs: %w", err)
	}
	server := &Server{config: config, git: git, backend: filepath.Join(strings.TrimSpace(string(out)),
		"git-http-backend")}
	server.api = server.gitlabAPI()
	return server, server.writeConfig()
}

// smartPath is a URL of git's smart HTTP protocol (git help http-protocol).
var smartPath = regexp.MustCompile(`^/(.+?)(\.git)?/(info/refs|git-upload-pack|git-receive-pack)$`)

// Classify names the repository and the operation of a request, as package control describes them.
func Classify(r *http.Request) (repository, operation string) {
	if project, operation, is := projectOf(r); is {
		return project, operation
	}
	if repository, operation, is := lfsOf(r); is {
		return repository, operation
	}
	match := smartPath.FindStringSubmatch(r.URL.Path)
	if match == nil {
		return "", ""
	}
	switch service := r.URL.Query().Get("service"); {
	case match[3] == "git-upload-pack":
		operation = "fetch"
	case match[3] == "git-receive-pack":
		operation = "push"
	case service == "git-upload-pack":
		operation = "advertise-fetch"
	case service == "git-receive-pack":
		operation = "advertise-push"
	}
	return match[1], operation
}

var _ http.Handler = (*Server)(nil)

// ServeHTTP checks who asks for what, then hands over to git.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, _, is := projectOf(r); is {
		s.api.ServeHTTP(w, r)
		return
	}
	if repository, operation, is := lfsOf(r); is {
		s.lfs(w, r, repository, operation)
		return
	}
	repository, operation := Classify(r)
	if operation == "" {
		http.Error(w, "only git's smart HTTP protocol and Git LFS are spoken here", http.StatusNotFound)
		return
	}
	write := strings.HasSuffix(operation, "push")
	known, public := s.lookUp(repository)
	if refusal := s.authorize(r, write, known, public, s.jobMayPush(repository)); refusal != nil {
		refusal.send(w)
		return
	}
	if match := smartPath.FindStringSubmatch(r.URL.Path); match[2] == "" {
		target := *r.URL
		target.Path = "/" + match[1] + ".git/" + match[3]
		http.Redirect(w, r, target.RequestURI(), http.StatusMovedPermanently)
		return
	}
	if operation == "push" {
		s.push(w, r)
		return
	}
	s.run(w, r, disturb.Entry(r.Context()))
}
