package e2e

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// other is a registry that nothing was given for.
type other struct {
	*httptest.Server
	asked, told atomic.Int64 // requests, and those with credentials
}

func newOther(t *testing.T, start func(http.Handler) *httptest.Server) *other {
	o := new(other)
	o.Server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.asked.Add(1)
		if r.Header.Get("Authorization") != "" {
			o.told.Add(1)
		}
		if strings.HasPrefix(r.URL.Path, "/v2/private/") {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(o.Close)
	return o
}

// TestCredentialsStayAtTheirRegistry: whoever may propose a change can name any registry in ship.toml. The password,
// --insecure and --service are for the one that the settings name.
func TestCredentialsStayAtTheirRegistry(t *testing.T) {
	t.Parallel()
	if world.OnEngine() {
		t.Skip("the servers are on loopback, where a Dagger engine is not")
	}
	plain, secure := newOther(t, httptest.NewServer), newOther(t, httptest.NewTLSServer)
	a := newMonorepo(t, "", "shop")
	delete(a.Settings, "environments")
	name := func(host, path string) string {
		text := "[projects.shop]\nimage = \"" + host + path + "\"\n"
		if before, _ := os.ReadFile(filepath.Join(a.Dir, "ship.toml")); string(before) != text {
			a.write("ship.toml", text)
			a.commit("the image's place")
		}
		return host + path
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	must(t, 0, os.WriteFile(ca, certificate, 0o600))
	a.Settings["ca"] = "file://" + ca
	given := a.Settings["image"]
	fails := func(function, want string) {
		t.Helper()
		if out, err := a.ship(function); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v, want %s", function, err, want)
		}
	}

	name(plain.Listener.Addr().String(), "/acme/shop")
	for _, function := range []string{"plan", "release", "publish"} {
		fails(function, "it speaks plain HTTP, and --insecure is about "+a.Registry.Address)
	}
	host := secure.Listener.Addr().String()
	image := name(host, "/acme/shop")
	out, err := a.ship("plan")
	if err != nil || !strings.Contains(out, image+":0.1.0 is not in the registry") || secure.asked.Load() == 0 {
		t.Errorf("a registry that is asked anonymously: %v", err)
	}
	for _, function := range []string{"release", "publish"} {
		fails(function, image+":0.1.0 is to be published, but --login and --password are for "+a.Registry.Address+
			": name its registry with --registry")
	}
	name(host, "/private/shop")
	fails("plan", "it asks for some, and what was given (--login, --password) is for "+a.Registry.Address)

	delete(a.Settings, "image")
	before := secure.asked.Load()
	for _, function := range []string{"plan", "release"} {
		fails(function, "ship.toml alone does not say for which: name that with --registry")
	}
	if after := secure.asked.Load(); after != before {
		t.Errorf("it was asked %d times, though the credentials are for no registry", after-before)
	}
	if plain.asked.Load() > 0 || plain.told.Load() > 0 || secure.told.Load() > 0 {
		t.Errorf("over plain HTTP it sent %d requests, %d of them with the password; over TLS %d", plain.asked.Load(),
			plain.told.Load(), secure.told.Load())
	}
	if len(a.tags()) > 0 {
		t.Errorf("it tagged %v", a.tags())
	}

	a.Settings["image"] = given
	name(a.Registry.Address, "/"+a.Repo+"/elsewhere") // on the host that they were given for
	a.release("released")
}
