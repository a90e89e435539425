package e2e

import (
	"cmp"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
)

// reachable starts a server that Ship reaches, in an engine too.
func reachable(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("SHIP_ENGINE_ADDRESS"), "127.0.0.1")+":0")
	must(t, 0, err)
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// beforeGit is a proxy before the git server, which may answer itself.
func beforeGit(t *testing.T, answer func(http.ResponseWriter, *http.Request) bool) string {
	t.Helper()
	git, err := url.Parse(world.Git.URL)
	proxy := httputil.NewSingleHostReverseProxy(must(t, git, err))
	return reachable(t, func(w http.ResponseWriter, r *http.Request) {
		if !answer(w, r) {
			proxy.ServeHTTP(w, r)
		}
	})
}

// TestTokenStays leads git, and nobody else, to another server: that gets no token, of whatever function of Ship.
func TestTokenStays(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	var mu sync.Mutex
	var tokens []string
	elsewhere := beforeGit(t, func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if r.Header.Get("Authorization") != "" {
			tokens = append(tokens, r.Method+" "+r.URL.Path)
		}
		r.SetBasicAuth(world.Git.User, world.Git.Token) // so that git goes on here
		return false
	})
	front := beforeGit(t, func(w http.ResponseWriter, r *http.Request) bool {
		leads := strings.HasSuffix(r.URL.Path, "/info/refs") && r.URL.Query().Get("service") == "git-upload-pack"
		if leads {
			http.Redirect(w, r, elsewhere+r.URL.String(), http.StatusTemporaryRedirect)
		}
		return leads
	})
	a.Settings["remote"] = front + "/" + a.Repo + ".git"
	for _, function := range []string{"build", "publish", "release"} {
		want := "the git remote leads to " + elsewhere + "/" + a.Repo + ".git: name that with --remote"
		if out, err := a.ship(function); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v, want an error with %q", function, err, want)
		}
	}
	if len(tokens) > 0 {
		t.Errorf("the other server got the token: %q", tokens)
	}
	if tags := a.tags(); len(tags) != 0 {
		t.Errorf("tagged %v", tags)
	}
}

// TestMovedRepository releases a repository that has another address by now, to which its server leads what is asked
// for with GET.
func TestMovedRepository(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	first := a.git("rev-parse", "HEAD")
	front := beforeGit(t, func(w http.ResponseWriter, r *http.Request) bool {
		path, old := strings.CutPrefix(r.URL.Path, "/old-name")
		switch {
		case old && r.Method == http.MethodGet:
			http.Redirect(w, r, path+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
		case old:
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
		return old
	})
	a.Settings["remote"] = front + "/old-name/" + a.Repo + ".git"
	a.release("released")
	a.isReleased("0.1.0", first)
}
