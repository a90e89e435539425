package test

import (
	"context"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dagger.io/dagger"
)

// startGit serves a repository with two commits and two tags, and returns its URL and the commits. It asks for user
// and password. Its branch whole has the first commit of the same repository as a submodule.
func startGit(t *testing.T) (string, []string) {
	t.Helper()
	server, commits := newGit(t)
	server.Start()
	return server.URL + "/repo.git", commits
}

// newGit is the server of startGit before it is started.
func newGit(t *testing.T) (*httptest.Server, []string) {
	t.Helper()
	root := t.TempDir()
	work := filepath.Join(root, "repo.git")
	run := func(args ...string) string {
		t.Helper()
		command := exec.Command("git", append([]string{"-C", work, "-c", "user.name=Test", "-c",
			"user.email=test@localhost"}, args...)...)
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}
	run("init", "--quiet", "--initial-branch=main")
	var commits []string
	for _, text := range []string{"first", "second"} {
		if err := os.WriteFile(filepath.Join(work, "file"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		run("add", ".")
		run("commit", "--quiet", "-m", text)
		run("tag", "-a", "-m", text, "v-"+text)
		commits = append(commits, run("rev-parse", "HEAD"))
	}
	run("checkout", "--quiet", "-b", "whole")
	if err := os.WriteFile(filepath.Join(work, ".gitmodules"),
		[]byte("[submodule \"x\"]\n\tpath = below/first\n\turl = ../repo.git\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run("add", ".")
	run("update-index", "--add", "--cacheinfo", "160000,"+commits[0]+",below/first")
	run("commit", "--quiet", "-m", "with a submodule")
	run("checkout", "--quiet", "main")
	exe, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	backend := &cgi.Handler{Path: exe, Args: []string{"http-backend"},
		Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"}, InheritEnv: []string{"PATH"}}
	l, err := net.Listen("tcp", net.JoinHostPort(listenAddress(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, given, _ := r.BasicAuth(); name != user || given != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	server.Listener.Close()
	server.Listener = l
	t.Cleanup(server.Close)
	return server, commits
}

func TestGit(t *testing.T) {
	url, commits := startGit(t)
	git := client.Git(url, dagger.GitOpts{HTTPAuthUsername: user,
		HTTPAuthToken: client.SetSecret("git-password", password)})
	bare := dagger.GitRefTreeOpts{DiscardGitDir: true}
	ask(t, []question{
		{"tree of a commit", contents(git.Commit(commits[0]).Tree().File("file")), "first", ""},
		{"tree without .git", entries(git.Commit(commits[0]).Tree(bare)), []string{"file"}, ""},
		{"tree with .git", entries(git.Commit(commits[1]).Tree()), []string{".git/", "file"}, ""},
		{"tree of a branch", contents(git.Branch("main").Tree(bare).File("file")), "second", ""},
		{"submodule of a branch", contents(git.Branch("whole").Tree(bare).File("below/first/file")), "first", ""},
		{"tree of a tag", contents(git.Tag("v-first").Tree(bare).File("file")), "first", ""},
		{"commit of an annotated tag", text(git.Tag("v-first").Commit), commits[0], ""},
		{"commit of HEAD", text(git.Head().Commit), commits[1], ""},
		{"ref of a branch", text(git.Branch("main").Ref), "refs/heads/main", ""},
		{"a tag that is not there", text(git.Tag("none").Commit), nil, "none"},
		{"a commit that is none", text(git.Commit("none").Commit), nil, "none"},
		{"a commit that is not there", contents(git.Commit(strings.Repeat("1", 40)).Tree().File("file")), nil, "fetch"},
		{"files of a submodule", entries(git.Branch("whole").Tree(bare).Directory("below/first")),
			[]string{"file"}, ""},
		{"built from", contents(git.Commit(commits[0]).Tree(bare).WithNewFile("Dockerfile",
			"FROM scratch\nCOPY file /").DockerBuild().File("/file")), "first", ""},
	})
	t.Run("wrong password", func(t *testing.T) {
		_, err := client.Git(url, dagger.GitOpts{HTTPAuthUsername: user,
			HTTPAuthToken: client.SetSecret("wrong", "no-Password")}).Head().Commit(context.Background())
		if err == nil || strings.Contains(err.Error(), "no-Password") {
			t.Error(err)
		}
	})
}

func TestGitOverTLS(t *testing.T) {
	if !isEmbedded {
		t.Skip("a Dagger engine has its authorities in its image")
	}
	server, commits := newGit(t)
	server.StartTLS()
	git := client.Git(server.URL+"/repo.git", dagger.GitOpts{HTTPAuthUsername: user,
		HTTPAuthToken: client.SetSecret("git-password", password)})
	trust := func(certificate []byte) {
		t.Helper()
		if err := os.WriteFile(gitAuthority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
			0o644); err != nil {
			t.Fatal(err)
		}
	}
	other, _ := certificate(t)
	trust(other.Certificate[0])
	ask(t, []question{{"tree from a server that is not trusted", contents(git.Commit(commits[0]).Tree().File("file")),
		nil, "certificate"}})
	trust(server.Certificate().Raw)
	ask(t, []question{
		{"tree of a commit", contents(git.Commit(commits[0]).Tree().File("file")), "first", ""},
		{"commit of a branch", text(git.Branch("main").Commit), commits[1], ""},
	})
}
