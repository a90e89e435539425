package session

import (
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// gitServer serves the bare or plain repositories below root. It wants a login where it has a token, and counts how
// often it was shown one.
type gitServer struct {
	*httptest.Server
	root, token string
	shown       atomic.Int64
}

func newGitServer(t *testing.T, token string) *gitServer {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	s := &gitServer{root: t.TempDir(), token: token}
	backend := &cgi.Handler{
		Path: git, Args: []string{"http-backend"}, InheritEnv: []string{"PATH"}, Stderr: io.Discard,
		Env: []string{"GIT_PROJECT_ROOT=" + s.root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_GLOBAL=/dev/null"},
	}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, given, has := r.BasicAuth()
		if has {
			s.shown.Add(1)
		}
		if s.token != "" && given != s.token {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// commit makes a commit with these files in the repository of that name, and links with the submodules, whose commits
// and addresses are given by their folders.
func (s *gitServer) commit(t *testing.T, name string, files map[string]string, links ...submodule) string {
	t.Helper()
	dir := filepath.Join(s.root, filepath.FromSlash(name))
	git := func(args ...string) string {
		t.Helper()
		command := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@localhost"},
			args...)...)
		command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	git("init", "--quiet", "--initial-branch=main")
	git("config", "uploadpack.allowAnySHA1InWant", "true")
	for file, text := range files {
		at := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, is := strings.CutPrefix(text, "-> "); is {
			if err := os.Symlink(target, at); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	settings := ""
	for _, m := range links {
		if m.url != "" {
			settings += "[submodule \"" + m.path + "\"]\n\tpath = " + m.path + "\n\turl = " + m.url + "\n"
		}
	}
	if settings != "" {
		if err := os.WriteFile(filepath.Join(dir, ".gitmodules"), []byte(settings), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git("add", "--all", "--force", ".")
	for _, m := range links {
		git("update-index", "--add", "--cacheinfo", "160000,"+m.commit+","+m.path)
	}
	git("commit", "--quiet", "--allow-empty", "-m", "x")
	return git("rev-parse", "HEAD")
}

// fetchAll fetches a commit with its submodules as GitRef.tree does, and returns the folder.
func fetchAll(t *testing.T, repository *GitRepository, commit string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for _, args := range [][]string{{"init", "--quiet"}, {"fetch", "--quiet", "--depth=1", repository.url, commit},
		{"checkout", "--quiet", "--detach", commit}} {
		if _, err := repository.git(t.Context(), dir, args...); err != nil {
			return dir, err
		}
	}
	temp := t.TempDir()
	f := submodules{temp: temp, home: repository}
	err := f.fetch(t.Context(), repository, dir, commit, dir, "")
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("%d repositories are left behind", len(left))
	}
	return dir, err
}

const secretToken = "t0p-secret-token"

func secretOf(t *testing.T) *Secret {
	t.Helper()
	t.Setenv("SHIP_TEST_TOKEN", secretToken)
	return &Secret{uri: "env://SHIP_TEST_TOKEN"}
}

// TestSubmodules: they come with their own submodules, with the token on the remote's own server and without it from
// elsewhere, and nothing of their repositories comes with them.
func TestSubmodules(t *testing.T) {
	server, public := newGitServer(t, secretToken), newGitServer(t, "")
	font := public.commit(t, "fonts/font", map[string]string{"font.ttf": "glyphs"})
	deep := server.commit(t, "shop/deep", map[string]string{"deep": "deep"})
	theme := server.commit(t, "shop/theme", map[string]string{"style.css": "red", "run.sh": "x"},
		submodule{"parts/deep", deep, "../deep"})
	// an old commit of a submodule counts, not its newest
	server.commit(t, "shop/theme", map[string]string{"style.css": "blue"})
	commit := server.commit(t, "group/app", map[string]string{"Dockerfile": "FROM scratch"},
		submodule{"src/theme", theme, "../../shop/theme"},
		submodule{"font", font, public.URL + "/fonts/font"},
		submodule{"again", theme, strings.Replace(server.URL, "http://", "http://somebody@", 1) + "/shop/theme/"})
	dir, err := fetchAll(t, &GitRepository{url: server.URL + "/group/app", token: secretOf(t)}, commit)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"Dockerfile": "FROM scratch", "src/theme/style.css": "red", "src/theme/parts/deep/deep": "deep",
		"font/font.ttf": "glyphs", "again/parts/deep/deep": "deep",
	} {
		if got, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v", file, got, err)
		}
	}
	for _, folder := range []string{"src/theme", "src/theme/parts/deep", "font", "again"} {
		if _, err := os.Lstat(filepath.Join(dir, folder, ".git")); !os.IsNotExist(err) {
			t.Errorf("%s has a .git: %v", folder, err)
		}
	}
	if n := public.shown.Load(); n != 0 {
		t.Errorf("the other server was shown a login %d times", n)
	}
}

// TestSubmodulesThatCannotBeFetched: the error names the submodule and says what to do, no token goes elsewhere, and
// nothing is written outside of the commit's folder.
func TestSubmodulesThatCannotBeFetched(t *testing.T) {
	server, private := newGitServer(t, secretToken), newGitServer(t, "another")
	theme := private.commit(t, "theme", map[string]string{"a": "a"})
	own := server.commit(t, "own", map[string]string{"a": "a"})
	outer := server.commit(t, "outer", nil, submodule{"inner", theme, private.URL + "/theme"})
	outside := t.TempDir()
	for name, c := range map[string]struct {
		links []submodule
		want  []string
	}{
		"another server": {[]submodule{{"src/theme", theme, private.URL + "/theme"}}, []string{
			"the submodule src/theme cannot be fetched: ", "it is on another server than " + server.URL}},
		"another server, named by a submodule": {[]submodule{{"a/b", outer, "../outer"}}, []string{
			"the submodule a/b/inner cannot be fetched: ", "it is on another server than " + server.URL}},
		"not there": {[]submodule{{"theme", own, "../none"}}, []string{
			"the submodule theme cannot be fetched: ", "the token must be allowed to read it"}},
		"a commit that is not there": {[]submodule{{"theme", strings.Repeat("1", 40), "../own"}}, []string{
			"the submodule theme cannot be fetched: "}},
		"no address": {[]submodule{{"theme", own, ""}}, []string{
			"the submodule theme cannot be fetched: .gitmodules does not say where from"}},
		"SSH": {[]submodule{{"theme", own, "git@git.example.com:own.git"}}, []string{
			`its address "git.example.com:own.git" is neither`, "write ../NAME.git"}},
		"a folder of the machine": {[]submodule{{"theme", own, server.root + "/own"}}, []string{"neither http(s)"}},
		"a file":                  {[]submodule{{"theme", own, "file://" + server.root + "/own"}}, []string{"neither"}},
		"a program":               {[]submodule{{"theme", own, "ext::touch " + outside + "/x"}}, []string{"neither"}},
		"out of the server":       {[]submodule{{"theme", own, "../../../own"}}, []string{"leads out of"}},
		"a password": {[]submodule{{"theme", own, "http://user:pass-word@127.0.0.1/own"}}, []string{
			"has a password in it"}},
	} {
		t.Run(name, func(t *testing.T) {
			commit := server.commit(t, strings.ReplaceAll(name, " ", "-"), nil, c.links...)
			repository := &GitRepository{url: server.URL + "/" + strings.ReplaceAll(name, " ", "-"), token: secretOf(t)}
			_, err := fetchAll(t, repository, commit)
			if err == nil {
				t.Fatal("it was fetched")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
			if strings.Contains(err.Error(), secretToken) || strings.Contains(err.Error(), "pass-word") {
				t.Errorf("a secret shows: %v", err)
			}
			if n := private.shown.Load(); n != 0 {
				t.Errorf("the other server was shown a login %d times", n)
			}
		})
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("%d files outside", len(left))
	}
}

// TestSubmoduleInside: no honest commit has a submodule inside of another one's folder.
func TestSubmoduleInside(t *testing.T) {
	server := newGitServer(t, "")
	own := server.commit(t, "own", map[string]string{"a": "a"})
	dir := filepath.Join(server.root, "own")
	tree := func(entries string) string {
		t.Helper()
		command := exec.Command("git", "-C", dir, "mktree", "--missing")
		command.Stdin = strings.NewReader(entries)
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	inner := tree("160000 commit " + own + "\tb\n")
	server.commit(t, "own", nil, submodule{"a", own, "../own"}, submodule{"a-b", own, "../own"})
	settings := server.commit(t, "own", nil)
	blob := exec.Command("git", "-C", dir, "rev-parse", settings+":.gitmodules")
	out, err := blob.Output()
	if err != nil {
		t.Fatal(err)
	}
	outer := tree("100644 blob " + strings.TrimSpace(string(out)) + "\t.gitmodules\n160000 commit " + own +
		"\ta\n160000 commit " + own + "\ta-b\n040000 tree " + inner + "\ta\n")
	repository := &GitRepository{url: server.URL + "/own"}
	_, err = repository.listSubmodules(t.Context(), dir, outer, "lib")
	if err == nil || !strings.Contains(err.Error(), "the submodule lib/a/b is inside of another one") {
		t.Error(err)
	}
}

// TestPlainFolder: a link in a commit must not lead a submodule's files elsewhere.
func TestPlainFolder(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, good := range map[string]bool{"new/folder": true, "new": true, "link": false, "link/below": false,
		"file": false, "file/below": false, "../x": false, "/x": false} {
		if err := plainFolder(dir, name); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("%d files outside", len(left))
	}
}
