package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// private is a registry with the base images and the image tools, which wants a login of its own.
type private struct {
	host, user, password string
	identity             string // a token of Docker's that does for user and password
	tokens               bool   // it takes tokens only, which it gives for one of these, as most registries do

	mu    sync.Mutex
	taken map[string]bool // repositories that were read with the login
}

func newPrivate(t *testing.T) *private {
	t.Helper()
	if world.OnEngine() {
		t.Skip("an engine's containers do not see this machine's loopback")
	}
	p := &private{user: "base-reader", password: "reads-base-images-only",
		identity: "identity-of-the-base-reader", taken: map[string]bool{}}
	behind := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: world.Mirror.Address})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		known := user == p.user && password == p.password
		switch {
		case p.tokens && r.URL.Path == "/token" && (known || r.FormValue("refresh_token") == p.identity ||
			r.FormValue("password") == p.password):
			_ = json.NewEncoder(w).Encode(map[string]string{"access_token": "for-now", "token": "for-now"})
			return
		case p.tokens && r.Header.Get("Authorization") == "Bearer for-now", !p.tokens && known:
		case p.tokens:
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="private"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		default:
			w.Header().Set("WWW-Authenticate", `Basic realm="private"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if repository, _, is := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/manifests/"); is {
			p.mu.Lock()
			p.taken[repository] = true
			p.mu.Unlock()
		}
		r.Header.Del("Authorization")
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.host = strings.TrimPrefix(server.URL, "http://")
	return p
}

// newGuarded makes an app whose base image is in a private registry, as is the image tools. Nothing is given by
// --login and --password.
func newGuarded(t *testing.T) (*app, *private) {
	t.Helper()
	a, p := newLight(t), newPrivate(t)
	a.edit("Dockerfile", `(?m)^FROM `, "FROM "+p.host+"/library/")
	a.commit("a private base image")
	delete(a.Settings, "login")
	delete(a.Settings, "password")
	a.Settings["environments"] = "live=" + a.Name + "-live"
	a.Settings["tools"] = p.host + "/alpine/k8s:1.37.1"
	a.Secrets["CHECKED"], a.Secrets["CHECKED_TOO"] = p.password, p.identity // that they show nowhere
	return a, p
}

// given gives the app's calls secrets, in files of their names: BuildKit's own client takes a variable
// DOCKER_AUTH_CONFIG.
func (a *app) given(secrets map[string]string) {
	a.t.Helper()
	folder, places := a.t.TempDir(), []string{}
	for name, text := range secrets {
		file := filepath.Join(folder, name)
		must(a.t, 0, os.WriteFile(file, []byte(text+"\n"), 0o600))
		places = append(places, "file://"+file)
	}
	a.Settings["secrets"] = strings.Join(places, ",")
}

// refuses calls release, whose error must have the words.
func (a *app) refuses(why, words string) {
	a.t.Helper()
	if said := a.fails(); !strings.Contains(said, words) {
		a.t.Errorf("%s: %s, want %s", why, said, words)
	}
}

func auths(entries ...[3]string) string {
	all := map[string]any{}
	for _, e := range entries {
		all[e[0]] = map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(e[1] + ":" + e[2]))}
	}
	text, _ := json.Marshal(map[string]any{"auths": all})
	return string(text)
}

// TestLogins: one secret in Docker's format has the logins for the registry of the push, and for another one with the
// base image and the image tools.
func TestLogins(t *testing.T) {
	t.Parallel()
	a, p := newGuarded(t)
	own := [3]string{a.Registry.Address, a.Registry.User, a.Registry.Password}
	other := [3]string{p.host, p.user, p.password}
	before := len(a.changes())
	for name, c := range map[string]struct{ config, want string }{
		"no login for the tools": {auths(own), "there is no login for " + p.host},
		"a wrong one for the tools": {auths(own, [3]string{p.host, p.user, "not-the-password"}),
			"the login for " + p.host + ", from the secret DOCKER_AUTH_CONFIG, is wrong"},
		"a program's": {`{"credHelpers": {"` + p.host + `": "ecr-login"},` + auths(own)[1:],
			"the secret DOCKER_AUTH_CONFIG leaves the login for " + p.host + " to the program " +
				"docker-credential-ecr-login, and Ship runs none"},
		"none for the push": {auths(other), "the registry refused the credentials: it asks for some and none were"},
		"a wrong one for the push": {auths([3]string{own[0], own[1], "not-the-password"}, other), "look at " +
			a.Image() + ":"},
		"a wrong one for the push, and where it is": {auths([3]string{own[0], own[1], "not-the-password"}, other),
			"the registry refused the credentials: the password in the secret DOCKER_AUTH_CONFIG is wrong"},
		"no JSON": {`{"auths": {"` + p.host + `": {"auth": ` + p.password,
			"the secret DOCKER_AUTH_CONFIG is not JSON in the format of Docker's configuration (line 1, column "},
		"no base64": {`{"auths": {"` + p.host + `": {"auth": "` + p.password + `"}}}`,
			"the secret DOCKER_AUTH_CONFIG: " + p.host + `: its "auth" is not USER:PASSWORD in base64`},
	} {
		a.given(map[string]string{"DOCKER_AUTH_CONFIG": c.config})
		a.refuses(name, c.want)
	}
	if changes := a.changes()[before:]; len(changes) > 0 {
		t.Fatalf("without the right logins it wrote %q", changes)
	}
	a.given(map[string]string{"DOCKER_AUTH_CONFIG": auths(own, other)})
	a.release("released")
	for _, repository := range []string{"library/busybox", "alpine/k8s"} {
		if !p.taken[repository] {
			t.Errorf("%s was not asked for %s with its login, only for %v", p.host, repository, p.taken)
		}
	}
	a.release("nothing to do")
	a.says([]string{"status"}, "0.1.0")
}

// TestLoginsInParts: logins may be several secrets, that ship.toml names; those of GitLab's dependency proxy are known
// by their names. --login and --password go before them.
func TestLoginsInParts(t *testing.T) {
	t.Parallel()
	a, p := newGuarded(t)
	delete(a.Settings, "environments")
	delete(a.Settings, "tools")
	write := func(text string) {
		a.write("ship.toml", text)
		a.commit("logins")
	}
	secrets := map[string]string{
		"PUSHES":    auths([3]string{a.Registry.Address, a.Registry.User, a.Registry.Password}),
		"BASE_HOST": p.host, "BASE_USER": p.user,
	}
	write(`logins = ["PUSHES", {registry = "BASE_HOST", user = "BASE_USER", password = "BASE_PASSWORD"}]` + "\n")
	a.given(secrets)
	a.refuses("a secret that is not given", "ship.toml names the secret BASE_PASSWORD, which is not given")
	a.says([]string{"plan"}, "> build ", "ship.toml names the secret BASE_PASSWORD, which is not given")
	secrets["BASE_PASSWORD"] = "not-the-password"
	a.given(secrets)
	a.refuses("a wrong one for the base image", "the login for "+p.host+", from the secret BASE_PASSWORD, is wrong")
	if tags := a.tags(); len(tags) > 0 {
		t.Errorf("tagged %v", tags)
	}
	secrets["BASE_PASSWORD"] = p.password
	a.given(secrets)
	a.release("released")

	write("# none\n")
	a.Settings["login"], a.Settings["password"] = a.Registry.User, "env://SHOP_REGISTRY_PASSWORD"
	a.given(map[string]string{
		"CI_DEPENDENCY_PROXY_SERVER": p.host, "CI_DEPENDENCY_PROXY_USER": p.user,
		"CI_DEPENDENCY_PROXY_PASSWORD": p.password,
		"DOCKER_AUTH_CONFIG":           auths([3]string{a.Registry.Address, "nobody", "not-the-password"}),
	})
	a.bump("0.2.0")
	a.release("released")

}

// TestLoginsForTokens: most registries want a token, which another server gives for a login.
func TestLoginsForTokens(t *testing.T) {
	t.Parallel()
	a, p := newGuarded(t)
	p.tokens = true
	a.Settings["login"], a.Settings["password"] = a.Registry.User, "env://SHOP_REGISTRY_PASSWORD"
	tools := a.Settings["tools"]
	for _, what := range []string{"base", "tools"} {
		delete(a.Settings, "tools")
		if what == "tools" {
			a.Settings["tools"] = tools
		}
		a.given(map[string]string{"DOCKER_AUTH_CONFIG": auths([3]string{p.host, p.user, "not-the-password"})})
		a.refuses("a wrong one for "+what, "the login for "+p.host+", from the secret DOCKER_AUTH_CONFIG, is wrong")
		a.given(nil)
		a.refuses("none for "+what, "there is no login for "+p.host)
	}
	if tags := a.tags(); len(tags) > 0 {
		t.Errorf("tagged %v", tags)
	}
	for i, entry := range []string{
		`{"username": "` + p.user + `", "password": "` + p.password + `"}`, `{"identitytoken": "` + p.identity + `"}`,
	} {
		a.given(map[string]string{"DOCKER_AUTH_CONFIG": `{"auths": {"` + p.host + `": ` + entry + `}}`})
		a.bump(fmt.Sprintf("0.2.%d", i))
		a.release("released")
	}
}
