package session

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// The token goes to the server that it was given for, wherever that leads to.
func TestGitTokenStays(t *testing.T) {
	var elsewhere, tokens atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere.Add(1)
		if r.Header.Get("Authorization") != "" {
			tokens.Add(1)
		}
		// after this answer, git goes on here with all its headers
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		_, _ = io.WriteString(w, "001e# service=git-upload-pack\n0000000eversion 2\n000cls-refs\n0000")
	}))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.String(), http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	t.Setenv("SHIP_TEST_TOKEN", "secret")
	secret := &Secret{uri: "env://SHIP_TEST_TOKEN"}
	for _, url := range []string{server.URL + "/shop.git", server.URL} {
		repository := &GitRepository{url: url, token: secret}
		if _, err := repository.git(t.Context(), t.TempDir(), "ls-remote", repository.url); err == nil {
			t.Error("a server that leads elsewhere has refs")
		}
		if elsewhere.Load() != 0 || tokens.Load() != 0 {
			t.Errorf("another server was asked %d times, %d times with the token", elsewhere.Load(), tokens.Load())
		}
	}
	// without a token there is nothing to lose, and an engine follows too
	repository := &GitRepository{url: server.URL + "/shop.git"}
	if _, err := repository.git(t.Context(), t.TempDir(), "ls-remote", repository.url); err == nil ||
		elsewhere.Load() == 0 {
		t.Errorf("without a token, another server was asked %d times: %v", elsewhere.Load(), err)
	}
}
