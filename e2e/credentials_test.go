package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"dagger/ship/internal/network"
	"dagger/ship/internal/registry"
)

// front is a server before the real registry, which asks for credentials in a way of its own.
type front struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string // what it was asked, and how
}

// newFront passes on what refuse lets through, with the registry's own credentials.
func newFront(t *testing.T, a *app, refuse func(w http.ResponseWriter, r *http.Request) bool) *front {
	t.Helper()
	f := new(front)
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: a.Registry.Address})
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		f.mu.Lock()
		f.asked = append(f.asked, strings.TrimSpace(r.Method+" "+path.Base(r.URL.Path)+" "+scheme))
		f.mu.Unlock()
		if refuse(w, r) {
			return
		}
		r.SetBasicAuth(a.Registry.User, a.Registry.Password)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *front) repository(t *testing.T, a *app) *registry.Repository {
	t.Helper()
	client, err := network.New("", 10*time.Second, func(text string) { t.Log(text) })
	must(t, 0, err)
	return &registry.Repository{Address: strings.TrimPrefix(f.URL, "http://") + "/" + a.Repo,
		Account: &registry.Account{User: a.Registry.User, Password: a.Registry.Password, PlainHTTP: true,
			Client: client}}
}

// TestRegistryCredentials holds how registries are asked against the ways in which they want to be: each gets what it
// needs with as few requests as that takes.
func TestRegistryCredentials(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	a.release("released")
	commit := a.git("rev-parse", "HEAD")
	basic := func(r *http.Request) bool {
		user, password, _ := r.BasicAuth()
		return user == a.Registry.User && password == a.Registry.Password
	}
	challenged := sync.Map{} // connections by client, of the registry that wants to ask first
	for name, c := range map[string]struct {
		refuse func(w http.ResponseWriter, r *http.Request) bool
		asked  []string
	}{
		"takes them at once": {func(w http.ResponseWriter, r *http.Request) bool {
			if !basic(r) {
				w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
				w.WriteHeader(http.StatusUnauthorized)
			}
			return !basic(r)
		}, []string{"GET 0.1.0 Basic", "POST uploads Basic"}},
		// https://distribution.github.io/distribution/spec/auth/token/, as GitLab's does
		"wants a token": {func(w http.ResponseWriter, r *http.Request) bool {
			switch {
			case r.URL.Path == "/token" && basic(r):
				_ = json.NewEncoder(w).Encode(map[string]string{"token": "for " + r.URL.Query().Get("scope")})
				return true
			case strings.HasPrefix(r.Header.Get("Authorization"), "Bearer for repository:"+a.Repo+":pull"):
				return r.Method == http.MethodPost && !strings.Contains(r.Header.Get("Authorization"), "push") &&
					forbid(w)
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}, []string{"GET 0.1.0 Basic", "GET token Basic", "GET 0.1.0 Bearer", "POST uploads", "GET token Basic",
			"POST uploads Bearer"}},
		"refuses them unasked": {func(w http.ResponseWriter, r *http.Request) bool {
			if basic(r) {
				_, is := challenged.Load(r.RemoteAddr)
				return !is && forbid(w)
			}
			challenged.Store(r.RemoteAddr, true)
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}, []string{"GET 0.1.0 Basic", "GET 0.1.0", "GET 0.1.0 Basic", "POST uploads Basic"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFront(t, a, c.refuse)
			repository := f.repository(t, a)
			image, err := repository.Look(t.Context(), "0.1.0")
			if err != nil || image.Revision != commit {
				t.Errorf("found %+v, %v; want revision %s", image, err, commit)
			}
			if err := repository.CheckPush(t.Context()); err != nil {
				t.Errorf("may not push: %v", err)
			}
			got := f.asked
			if last := len(got) - 1; strings.HasPrefix(got[last], "DELETE ") {
				got = got[:last]
			}
			if want := c.asked; strings.Join(got, "; ") != strings.Join(want, "; ") {
				t.Errorf("it was asked %q, want %q", got, want)
			}
		})
	}
}

func forbid(w http.ResponseWriter) bool {
	w.WriteHeader(http.StatusForbidden)
	return true
}

// TestLabelledRevision: an image that was pushed by something else has labels, but no annotations.
func TestLabelledRevision(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	a.release("released")
	manifests := "http://" + a.Registry.Address + "/v2/" + a.Repo + "/manifests/"
	send := func(method, tag string, body []byte) []byte {
		request, err := http.NewRequestWithContext(t.Context(), method, manifests+tag, bytes.NewReader(body))
		must(t, 0, err)
		request.SetBasicAuth(a.Registry.User, a.Registry.Password)
		request.Header.Set("Accept", "application/vnd.oci.image.manifest.v1+json")
		request.Header.Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		response, err := http.DefaultClient.Do(request)
		must(t, 0, err)
		defer response.Body.Close()
		data, err := io.ReadAll(response.Body)
		must(t, 0, err)
		if response.StatusCode >= 300 {
			t.Fatalf("%s %s: %s: %s", method, tag, response.Status, data)
		}
		return data
	}
	var manifest map[string]any
	must(t, 0, json.Unmarshal(send(http.MethodGet, "0.1.0", nil), &manifest))
	annotations, _ := manifest["annotations"].(map[string]any)
	commit := a.git("rev-parse", "HEAD")
	if annotations["org.opencontainers.image.revision"] != commit ||
		annotations["org.opencontainers.image.version"] != "0.1.0" {
		t.Errorf("annotations: %v", annotations)
	}
	delete(manifest, "annotations")
	data, err := json.Marshal(manifest)
	must(t, 0, err)
	send(http.MethodPut, "labelled", data)
	if image := a.look("labelled"); image.Revision != commit {
		t.Errorf("the revision is %q, want %s", image.Revision, commit)
	}
}
