package network

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestLook looks at what a server answers, which has a session's cookie and leads to other addresses.
func TestLook(t *testing.T) {
	t.Parallel()
	connections := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization")+r.Header.Get("Cookie") != "" {
			t.Errorf("it was sent %v", r.Header)
		}
		if connections[r.RemoteAddr] {
			t.Error("a connection was kept")
		}
		connections[r.RemoteAddr] = true
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "x"})
		switch r.URL.Path {
		case "/here":
			http.Redirect(w, r, "/good", http.StatusFound)
		case "/elsewhere":
			http.Redirect(w, r, "http://login.example.com:81/?state=secret", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/down":
			http.Error(w, "no database", http.StatusServiceUnavailable)
		case "/long":
			fmt.Fprint(w, strings.Repeat("x", maxLook+1))
		default:
			fmt.Fprint(w, "1.2.3")
		}
	}))
	defer server.Close()
	client, err := New("", time.Second, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]Answer{
		"/good":      {200, "1.2.3", ""},
		"/here":      {200, "1.2.3", ""},
		"/elsewhere": {302, "", "login.example.com:81"},
		"/round":     {302, "", ""},
		"/down":      {503, "no database\n", ""},
		"/long":      {200, strings.Repeat("x", maxLook), ""},
	} {
		got, err := client.Look(t.Context(), server.URL+path)
		if got.Status == http.StatusFound {
			got.Body = "" // Go's words
		}
		if err != nil || got != want {
			t.Errorf("%s: %d %.20q %q, %v", path, got.Status, got.Body, got.Elsewhere, err)
		}
	}
	server.Close()
	if _, err := client.Look(t.Context(), server.URL+"/good?token=secret"); err == nil ||
		!Transient(err.Error()) || strings.Contains(err.Error(), "secret") {
		t.Errorf("a server that is gone: %v", err)
	}
}
