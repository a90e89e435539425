package registry

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"dagger/ship/internal/network"
)

const (
	user     = "ship"
	password = "not-for-others"
	name     = "acme/shop"
)

// fake is a registry over TLS, and what went to it and to any other server.
type fake struct {
	*httptest.Server
	*Repository
	mu   sync.Mutex
	sent []string // method, scheme and host, path, and "with the password" if that was in the request
}

// newFake answers with handle, which is asked for /v2/acme/shop and what comes after that.
func newFake(t *testing.T, handle http.HandlerFunc) *fake {
	t.Helper()
	f := &fake{Server: httptest.NewTLSServer(handle)}
	t.Cleanup(f.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw})
	client, err := network.New(string(ca), 5*time.Second, func(text string) { t.Log(text) })
	if err != nil {
		t.Fatal(err)
	}
	client.HTTP.Transport = &listening{f, client.HTTP.Transport}
	host := f.Listener.Addr().String()
	account := &Account{User: user, Password: password, Client: client}
	f.Repository = &Repository{Address: host + "/" + name, Account: account}
	return f
}

type listening struct {
	*fake
	to http.RoundTripper
}

func (l *listening) RoundTrip(r *http.Request) (*http.Response, error) {
	line := r.Method + " " + r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
	if r.Header.Get("Authorization") != "" {
		line += " with the password"
	}
	l.mu.Lock()
	l.sent = append(l.sent, line)
	l.mu.Unlock()
	return l.to.RoundTrip(r)
}

// image answers for an image whose config has a label, with the manifest's digest in a header if
// that is wanted.
func image(header bool) http.HandlerFunc {
	config := []byte(`{"config": {"Labels": {"org.opencontainers.image.revision": "` + strings.Repeat("c", 40) + `"}}}`)
	manifest := fmt.Appendf(nil, `{"mediaType": %q, "config": {"digest": %q}}`, mediaTypes[0], digest.FromBytes(config))
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/blobs/"):
			_, _ = w.Write(config)
		case r.Method == http.MethodPut:
			w.WriteHeader(http.StatusCreated)
		default:
			if header {
				w.Header().Set(digestHeader, digest.FromBytes(manifest).String())
			}
			w.Header().Set("Content-Type", mediaTypes[0])
			_, _ = w.Write(manifest)
		}
	}
}

// TestDigestHeader looks at a registry that says digests, and at those that leave them out, which
// the spec allows.
func TestDigestHeader(t *testing.T) {
	whole := newFake(t, image(true))
	want, err := whole.Look(t.Context(), "1.0.0")
	if err != nil || want.Digest == "" || want.Revision != strings.Repeat("c", 40) {
		t.Fatalf("%+v, %v", want, err)
	}
	for kind, handle := range map[string]http.HandlerFunc{
		"with": image(true), "without": image(false),
		"pieces": func(w http.ResponseWriter, r *http.Request) {
			image(false)(&pieces{ResponseWriter: w}, r)
		},
		"no HEAD": func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			image(false)(w, r)
		},
	} {
		f := newFake(t, handle)
		if found, err := f.Look(t.Context(), "1.0.0"); err != nil || found != want {
			t.Errorf("%s: look: %+v, %v", kind, found, err)
		}
		if found, err := f.Digest(t.Context(), "1.0.0"); err != nil || found != want.Digest {
			t.Errorf("%s: digest: %s, %v", kind, found, err)
		}
		if err := f.Move(t.Context(), want.Digest, "latest"); err != nil {
			t.Errorf("%s: move: %v", kind, err)
		}
	}
}

// pieces sends a body without its length.
type pieces struct{ http.ResponseWriter }

func (p *pieces) Write(data []byte) (int, error) {
	n, err := p.ResponseWriter.Write(data[:1])
	if err != nil {
		return n, err
	}
	p.ResponseWriter.(http.Flusher).Flush()
	m, err := p.ResponseWriter.Write(data[1:])
	return n + m, err
}

// TestLies: a registry must send what it says, and an image with missing parts is not a missing
// image.
func TestLies(t *testing.T) {
	other := "sha256:" + strings.Repeat("0", 64)
	for kind, handle := range map[string]http.HandlerFunc{
		"another digest": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(digestHeader, other)
			fmt.Fprint(w, `{}`)
		},
		"another config": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"config": {"digest": %q}}`, other)
		},
		"no config": func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/blobs/") {
				http.NotFound(w, r)
				return
			}
			fmt.Fprintf(w, `{"config": {"digest": %q}}`, other)
		},
		"a path": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"config": {"digest": "../../../secrets"}}`)
		},
		"no manifest": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `<html>`) },
	} {
		f := newFake(t, handle)
		found, err := f.Look(t.Context(), "1.0.0")
		if err == nil || errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %+v, %v", kind, found, err)
		}
		t.Log(kind, err)
	}
}

// TestWords: what a registry says of a refusal is in the error.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, want string
		is         error
	}{
		{404,
			`{"errors": [{"code": "NAME_UNKNOWN", "message": "the repository does not exist", "detail": {"a": "b"}}]}`,
			"the registry answered 404 Not Found: name unknown: the repository does not exist", nil},
		{404, "", "the registry answered 404 Not Found", nil},
		{
			413,
			"the body is too large\n",
			"the registry answered 413 Request Entity Too Large: the body is too large",
			nil,
		},
		{413, "<html>no</html>", "the registry answered 413 Request Entity Too Large", nil},
		{400, `{"errors": []}`, `the registry answered 400 Bad Request: {"errors": []}`, nil},
		{403, `{"errors": [{"code": "DENIED", "message": "the quota is used up"}]}`,
			"may not do this: denied: the quota is used up", ErrRefused},
		{307, "", "the registry answered 307 Temporary Redirect", nil},
	} {
		f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		})
		err := f.CheckPush(t.Context())
		if err == nil || !strings.HasSuffix(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%d %s: %v", c.status, c.body, err)
		}
	}
}

// TestFixedTags: a registry may forbid to move a tag, and each says so in its own way.
func TestFixedTags(t *testing.T) {
	for status, fixed := range map[int]bool{400: true, 403: true, 409: true, 412: true, 401: false, 404: false} {
		var manifest string
		f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				w.WriteHeader(status)
				fmt.Fprint(w, `{"errors": [{"code": "TAG_INVALID", "message": "the tag cannot be overwritten"}]}`)
				return
			}
			fmt.Fprint(w, manifest)
		})
		manifest = `{}`
		err := f.Move(t.Context(), digest.FromString(manifest).String(), "latest")
		said := err != nil && strings.HasSuffix(err.Error(), "tag invalid: the tag cannot be overwritten")
		if err == nil || errors.Is(err, ErrFixed) != fixed || fixed && !said {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestSamePlace(t *testing.T) {
	for _, c := range []struct {
		a, b        string
		plain, same bool
	}{
		{"registry.example", "registry.example", false, true},
		{"registry.example", "Registry.Example:443", false, true},
		{"registry.example", "registry.example:80", false, false},
		{"registry.example", "registry.example:80", true, true},
		{"registry.example:5000", "registry.example:5001", false, false},
		{"registry.example", "evil.registry.example", false, false},
		{"registry.example", "registry.example.evil.example", false, false},
		{"127.0.0.1:5000", "localhost:5000", true, false},
		{"[::1]:443", "[::1]", false, true},
		{"docker.io", "index.docker.io", false, true},
		{"registry-1.docker.io:443", "docker.io", false, true},
		{"docker.io", "hub.docker.io", false, false},
		{"", "registry.example", false, false},
	} {
		if SamePlace(c.a, c.b, c.plain) != c.same || SamePlace(c.b, c.a, c.plain) != c.same {
			t.Errorf("%s and %s, plain HTTP %v: want %v", c.a, c.b, c.plain, c.same)
		}
	}
}
