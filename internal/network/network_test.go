package network

import (
	"context"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serve answers the first requests with each of handlers in turn, and all that follow with "well".
func serve(t *testing.T, handlers ...http.HandlerFunc) (server *httptest.Server, requests *atomic.Int64) {
	requests = new(atomic.Int64)
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := int(requests.Add(1)); n <= len(handlers) {
			handlers[n-1](w, r)
			return
		}
		_, _ = io.WriteString(w, "well")
	}))
	t.Cleanup(server.Close)
	return server, requests
}

func client(t *testing.T, ca string) *Client {
	t.Helper()
	c, err := New(ca, time.Second, func(text string) { t.Log(text) })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// get asks a server for its page. A status that is not a success is an error of the call itself.
func get(t *testing.T, c *Client, url string) (string, error) {
	var body []byte
	err := c.Do(t.Context(), "get the page", func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := c.HTTP.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return &StatusError{Response: response, Said: Said(response.Body)}
		}
		body, err = io.ReadAll(response.Body)
		return err
	})
	return string(body), err
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func refuse(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "too many requests for you", http.StatusForbidden)
}

func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "4")
	_, _ = io.WriteString(w, "we")
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestDo(t *testing.T) {
	for name, c := range map[string]struct {
		handlers []http.HandlerFunc
		requests int64
		words    string // of the error
	}{
		"well":        {nil, 1, ""},
		"503 once":    {[]http.HandlerFunc{status(503)}, 2, ""},
		"500 and 429": {[]http.HandlerFunc{status(500), status(429)}, 3, ""},
		"503 always": {
			[]http.HandlerFunc{status(503), status(503), status(503)},
			3,
			"get the page: Get \"http://ADDRESS/?…\": the server answered 503 Service Unavailable (tried 3 times)",
		},
		"cut once": {[]http.HandlerFunc{cut}, 2, ""},
		"cut before a word": {
			[]http.HandlerFunc{func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
			2,
			"",
		},
		"hangs once": {[]http.HandlerFunc{hang}, 2, ""},
		"hangs always": {
			[]http.HandlerFunc{hang, hang, hang},
			3,
			"get the page: no answer within 1s (see --deadline) (tried 3 times)",
		},
		"404":                {[]http.HandlerFunc{status(404)}, 1, "404"},
		"401":                {[]http.HandlerFunc{status(401)}, 1, "401"},
		"501":                {[]http.HandlerFunc{status(501)}, 1, "501"},
		"a refusal's words":  {[]http.HandlerFunc{refuse}, 1, "403 Forbidden: too many requests for you"},
		"a page of somebody": {[]http.HandlerFunc{status(418)}, 1, "418"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, requests := serve(t, c.handlers...)
			server.Start()
			body, err := get(t, client(t, ""), server.URL+"/?signature=abc")
			if c.words == "" && (err != nil || body != "well") {
				t.Errorf("got %q, %v", body, err)
			}
			words := strings.ReplaceAll(strings.ReplaceAll(c.words, "ADDRESS", server.Listener.Addr().String()), "?…",
				"")
			if c.words != "" &&
				(err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "signature")) {
				t.Errorf("got %v, want %s", err, words)
			}
			if requests.Load() != c.requests {
				t.Errorf("%d requests, want %d", requests.Load(), c.requests)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	server, _ := serve(t)
	server.Start()
	server.Close()
	if _, err := get(t, client(t, ""), server.URL); err == nil ||
		!strings.Contains(err.Error(), "connection refused (tried 3 times)") {
		t.Errorf("got %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	server, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	server.Start()
	start := time.Now()
	if _, err := get(t, client(t, ""), server.URL); err != nil || time.Since(start) < 2*time.Second {
		t.Errorf("%v after %s, want success after the 2 s that were asked for", err, time.Since(start))
	}
}

func TestCallerGivesUp(t *testing.T) {
	server, requests := serve(t, hang)
	server.Start()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	c := client(t, "")
	err := c.Do(ctx, "get the page", func(ctx context.Context) error {
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		_, err := c.HTTP.Do(request)
		return err
	})
	if err == nil || requests.Load() != 1 {
		t.Errorf("%v after %d requests, want an error after one", err, requests.Load())
	}
}

func TestCertificates(t *testing.T) {
	server, requests := serve(t)
	server.StartTLS()
	if _, err := get(t, client(t, ""), server.URL); err == nil || !strings.Contains(err.Error(), "--ca") ||
		strings.Contains(err.Error(), "tried") {
		t.Errorf("an unknown authority: %v", err)
	}
	if requests.Load() != 0 {
		t.Error("a server whose certificate nobody knows was asked all the same")
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if body, err := get(t, client(t, string(ca)), server.URL); err != nil || body != "well" {
		t.Errorf("a known authority: %q, %v", body, err)
	}
	broken := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("nonsense")})
	for name, text := range map[string]string{"text": "no certificate", "a broken one after a good one": string(ca) +
		string(broken)} {
		if _, err := New(text, time.Second, nil); err == nil {
			t.Errorf("%s was taken for certificates", name)
		}
	}
	other := strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // a name that the certificate does not have
	if _, err := get(t, client(t, string(ca)), other); err == nil || strings.Contains(err.Error(), "--ca") {
		t.Errorf("a certificate of another name: %v", err)
	}
}

func TestKeepsConnections(t *testing.T) {
	server, _ := serve(t)
	var opened atomic.Int64
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	c := client(t, "")
	for range 5 {
		if _, err := get(t, c, server.URL); err != nil {
			t.Fatal(err)
		}
	}
	if opened.Load() != 1 {
		t.Errorf("%d connections for 5 calls", opened.Load())
	}
}

func TestConnectTo(t *testing.T) {
	server, requests := serve(t)
	server.Start()
	elsewhere := client(t, "").ConnectTo("registry.invalid", server.Listener.Addr().String())
	if text, err := get(t, elsewhere, "http://registry.invalid:5000/"); err != nil || text != "well" {
		t.Errorf("%q, %v", text, err)
	}
	other := httptest.NewServer(http.HandlerFunc(refuse))
	defer other.Close()
	if _, err := get(t, elsewhere, other.URL); err == nil || requests.Load() != 1 {
		t.Errorf("another server's requests went there too: %v", err)
	}
}
