package network

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestSameServer(t *testing.T) {
	for pair, want := range map[string]bool{
		"https://a.example/x https://A.example:443/y": true, "http://a.example http://a.example:80/": true,
		"http://a.example https://a.example":  false,
		"https://a.example http://a.example":  false,
		"https://a.example https://b.example": false, "https://a.example https://sub.a.example": false,
		"https://a.example https://a.example:8443": false, "http://127.0.0.1:1 http://127.0.0.1:2": false,
	} {
		a, b, _ := strings.Cut(pair, " ")
		from, _ := url.Parse(a)
		to, _ := url.Parse(b)
		if SameServer(from, to) != want || SameServer(to, from) != want {
			t.Errorf("%s: want %v", pair, want)
		}
	}
}

func TestPrivate(t *testing.T) {
	for address, want := range map[string]bool{
		"https://git.example":      true,
		"http://git.example":       false,
		"http://127.0.0.1:3000/x":  true,
		"http://[::1]:80":          true,
		"http://localhost":         true,
		"http://git.localhost:1":   true,
		"http://localhost.example": false,
		"http://10.0.0.1":          false,
		"http://127.example":       false,
		"HTTP://git.example":       false,
		"":                         true,
	} {
		if err := Private(address); (err == nil) != want {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
}

// TestCredentialsStay follows redirects with every kind of credentials to another port of the host,
// and to another path.
func TestCredentialsStay(t *testing.T) {
	var got http.Header
	note := func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() }
	elsewhere := httptest.NewServer(http.HandlerFunc(note))
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		case "/within":
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
		default:
			note(w, r)
		}
	}))
	defer server.Close()
	for path, kept := range map[string]bool{"/away": false, "/within": true} {
		for _, header := range credentials {
			got = nil
			request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
			request.Header.Set(header, "secret")
			if response, err := client(t, "").HTTP.Do(request); err != nil {
				t.Fatal(err)
			} else {
				response.Body.Close()
			}
			if got == nil || (got.Get(header) != "") != kept {
				t.Errorf("%s: %s arrived as %q", path, header, got.Get(header))
			}
		}
	}
}
