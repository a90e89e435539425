package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"dagger/ship/e2e/bed"
	"dagger/ship/testbed/control"
)

// newRunner makes the app's next calls those of a runner that has built nothing yet.
func (a *app) newRunner() {
	a.t.Helper()
	host, stop, err := world.NewBuildKit(a.t.TempDir() + "/b")
	must(a.t, 0, err)
	a.t.Cleanup(stop)
	a.Env = map[string]string{"BUILDKIT_HOST": host}
}

// TestBuildCache: a runner that has built nothing yet has the layers that another one built, and whatever happens to
// the cache, there is an image.
func TestBuildCache(t *testing.T) {
	t.Parallel()
	if world.OnEngine() {
		t.Skip("an engine keeps no layers in a registry")
	}
	a := newLight(t)
	delete(a.Settings, "environments")
	a.Settings["secrets"], a.Secrets["NPM_TOKEN"] = "env://NPM_TOKEN", "a-token-of-the-build"
	const expensive = "RUN --mount=type=secret,id=NPM_TOKEN,required cat /proc/sys/kernel/random/uuid > /made\n"
	a.write("Dockerfile", strings.Replace(bed.LightDockerfile, "USER", expensive+"USER", 1))
	a.write("ship.toml", "cache = true\nlatest = false\nsecrets = [\"NPM_TOKEN\"]\n")
	a.commit("a step whose result differs from run to run")
	made := func(version string) string { // the layers up to that of the step
		layers := strings.Fields(a.look(version).Layers)
		if len(layers) < 3 {
			t.Fatalf("%s has the layers %s", version, layers)
		}
		return strings.Join(layers[:len(layers)-2], " ")
	}

	a.says([]string{"plan"}, "> cache", a.Image()+":buildcache keeps the layers of the build")
	if out := a.release("released"); !strings.Contains(out, a.Image()+":buildcache has the layers of the build") {
		t.Error("the report does not say where the layers are")
	}
	first := a.look("0.1.0")

	// another runner builds the very same image
	must(t, 0, a.images().Remove(t.Context(), "0.1.0", first.Digest))
	a.newRunner()
	a.release("resumed")
	if again := a.look("0.1.0"); again != first {
		t.Errorf("the image is %+v, want %+v", again, first)
	}
	// and for another commit, what is the same is not built again
	a.newRunner()
	a.bump("0.2.0")
	a.release("released")
	if got, want := made("0.2.0"), made("0.1.0"); got != want {
		t.Errorf("the step was run again: %s, want %s", got, want)
	}
	if tags, err := a.images().Tags(t.Context()); err != nil || !slices.Contains(tags, "buildcache") {
		t.Errorf("the tags are %v, %v", tags, err)
	}

	// with a registry that lacks the layers, that cannot read the cache, and that does not take it
	server := control.Client{URL: a.Registry.Control}
	before := "0.2.0"
	for _, c := range []struct {
		version, operation, method string
		status, skip               int
		used                       bool // the cache
	}{
		{"0.3.0", "blob-read", http.MethodGet, http.StatusNotFound, 1, false},
		{"0.4.0", "blob-read", http.MethodGet, http.StatusInternalServerError, 0, false},
		{"0.5.0", "manifest-write", http.MethodPut, http.StatusForbidden, 1, true},
	} {
		fault := control.Fault{Repository: a.Repo, Kind: control.Status, Operation: c.operation, Method: c.method,
			Status: c.status, Skip: c.skip}
		set, err := server.Fault(t.Context(), fault)
		must(t, 0, err)
		a.newRunner()
		a.bump(c.version)
		out := a.release("released")
		must(t, 0, server.EndFault(t.Context(), set.ID))
		if strings.Contains(out, "buildcache was not written, so other runners build without it") != c.used {
			t.Errorf("%s: the report says\n%s", c.version, out)
		}
		if used := made(c.version) == made(before); used != c.used {
			t.Errorf("%s: from the cache: %v", c.version, used)
		}
		before = c.version
	}
}
