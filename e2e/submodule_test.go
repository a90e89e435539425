package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"dagger/ship/e2e/bed"
)

// withSubmodule makes an app whose image needs a file of a submodule, which is another commit than its branch has now.
func withSubmodule(t *testing.T) (a, theme *app) {
	t.Helper()
	a = newLight(t)
	theme = made(t, func(name, dir string) (*bed.App, error) { return world.NewLight(name+"-theme", dir) })
	delete(a.Settings, "environments")
	theme.write("style.css", "red\n")
	commit := theme.commit("red")
	theme.write("style.css", "blue\n")
	theme.commit("blue")
	a.git("update-index", "--add", "--cacheinfo", "160000,"+commit+",src/theme")
	return a, theme
}

// TestSubmodule: the image has the submodule's files, of the commit that the app's commit names.
func TestSubmodule(t *testing.T) {
	t.Parallel()
	a, theme := withSubmodule(t)
	a.write(".gitmodules", "[submodule \"theme\"]\n\tpath = src/theme\n\turl = ../"+theme.Name+".git\n")
	a.edit("Dockerfile", `(?m)^CMD`, "COPY src/theme /theme\nRUN grep -qx red /theme/style.css\nCMD")
	// not all: the folder of a submodule that is not checked out would be gone
	a.git("add", ".gitmodules", "Dockerfile")
	a.git("commit", "--quiet", "--message=with a theme")
	a.git("push", "--quiet", "origin", "main")
	a.release("released")
}

// TestSubmoduleElsewhere: another server does not get the token, and one that wants a login is an error that names the
// submodule and says what to do.
func TestSubmoduleElsewhere(t *testing.T) {
	t.Parallel()
	if world.OnEngine() {
		t.Skip("an engine's git does not see this machine's loopback")
	}
	var asked, shown atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Authorization") != "" {
			shown.Add(1)
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	a, _ := withSubmodule(t)
	a.write(".gitmodules", "[submodule \"theme\"]\n\tpath = src/theme\n\turl = "+server.URL+"/theme.git\n")
	a.git("add", ".gitmodules")
	a.git("commit", "--quiet", "--message=with a theme from elsewhere")
	a.git("push", "--quiet", "origin", "main")
	out, err := a.ship("release")
	if err == nil || !strings.Contains(out, "the submodule src/theme cannot be fetched: ") ||
		!strings.Contains(out, "it is on another server than "+a.Bed.Git.URL) {
		t.Errorf("got %v, want an error that names the submodule and where the token goes", err)
	}
	if asked.Load() == 0 || shown.Load() != 0 {
		t.Errorf("the other server was asked %d times, %d times with a login", asked.Load(), shown.Load())
	}
	if tags := a.tags(); len(tags) != 0 {
		t.Errorf("tagged %v", tags)
	}
}
