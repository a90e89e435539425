package registry

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestUploadIsCancelledAtTheRegistry: a Location may name any server, and this one without TLS. A
// request goes to the registry itself only, and so does the password.
func TestUploadIsCancelledAtTheRegistry(t *testing.T) {
	const uploads = "/v2/" + name + "/blobs/uploads/"
	for kind, c := range map[string]struct {
		location string // HOST is the registry's
		want     string // the request that follows; empty: none
	}{
		"relative":      {uploads + "1?state=x", "DELETE https://HOST" + uploads + "1 with the password"},
		"absolute":      {"https://HOST" + uploads + "1", "DELETE https://HOST" + uploads + "1 with the password"},
		"plain HTTP":    {"http://HOST" + uploads + "1", ""},
		"another port":  {"https://127.0.0.1:1" + uploads + "1", ""},
		"another host":  {"https://evil.example" + uploads + "1", ""},
		"no scheme":     {"//evil.example/x", ""},
		"another name":  {"https://evil:x@HOST/x", ""},
		"none":          {"", ""},
		"no address":    {"https://[", ""},
		"another thing": {"file:///etc/passwd", ""},
	} {
		f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				w.Header().Set("Location", strings.ReplaceAll(c.location, "HOST", r.Host))
			}
			w.WriteHeader(http.StatusAccepted)
		})
		host := Host(f.Address)
		if err := f.CheckPush(t.Context()); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		want := []string{"POST https://" + host + uploads + " with the password"}
		if c.want != "" {
			want = append(want, strings.ReplaceAll(c.want, "HOST", host))
		}
		if !slices.Equal(f.sent, want) {
			t.Errorf("%s: it sent %q, want %q", kind, f.sent, want)
		}
	}
}

// TestRedirects: the password is for one scheme, host and port, and nothing is written anywhere
// else.
func TestRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range strings.Fields("http://HOST/ https://127.0.0.1:1/ https://localhost:PORT/ " +
			"http://evil.invalid/") {
			for _, method := range strings.Fields("GET HEAD POST PUT DELETE") {
				f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
					if r.Method == method {
						_, port, _ := strings.Cut(r.Host, ":")
						w.Header().Set("Location", strings.NewReplacer("HOST", r.Host, "PORT", port).Replace(to))
						w.WriteHeader(status)
						return
					}
					w.Header().Set("Location", "/taken/back")
					_, _ = w.Write([]byte(`{}`))
				})
				heard := f.Account.Client.HTTP.Transport.(*listening)
				heard.to = onlyTo{Host(f.Address), heard.to}
				_, _ = f.Look(t.Context(), "1.0.0")
				_, _ = f.Digest(t.Context(), "1.0.0")
				_ = f.CheckPush(t.Context())
				_ = f.Move(t.Context(), "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
					"latest")
				for _, line := range f.sent {
					own := strings.Contains(line, " https://"+Host(f.Address)+"/")
					reads := strings.HasPrefix(line, "GET ") || strings.HasPrefix(line, "HEAD ")
					if !own && (strings.HasSuffix(line, "password") || !reads) {
						t.Errorf("%s answered with %d to %s: it sent %s", method, status, to, line)
					}
					if followed := method != http.MethodGet && method != http.MethodHead; !own && followed {
						t.Errorf("%s answered with %d to %s: it followed with %s", method, status, to, line)
					}
				}
			}
		}
	}
}

// onlyTo itself answers for all other servers.
type onlyTo struct {
	host string
	to   http.RoundTripper
}

func (o onlyTo) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != o.host || r.URL.Scheme != "https" {
		return nil, fmt.Errorf("%s is not asked", r.URL.Host)
	}
	return o.to.RoundTrip(r)
}

// TestRealms holds that no token is asked for without TLS if the registry has TLS, neither at once
// nor by a redirect.
func TestRealms(t *testing.T) {
	for kind, realm := range map[string]string{
		"plain HTTP": "http://HOST/token", "plain HTTP elsewhere": "http://auth.invalid/token",
		"a redirect": "https://HOST/away", "no scheme": "ftp://HOST/token",
	} {
		f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/away" {
				http.Redirect(w, r, "http://"+r.Host+"/token", http.StatusTemporaryRedirect)
				return
			}
			w.Header().
				Set("WWW-Authenticate", `Bearer realm="`+strings.ReplaceAll(realm, "HOST", r.Host)+`",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		})
		if _, err := f.Look(t.Context(), "1.0.0"); err == nil {
			t.Errorf("%s: no error", kind)
		}
		for _, line := range f.sent {
			if strings.Contains(line, " http://") || strings.Contains(line, " ftp://") {
				t.Errorf("%s: it sent %s", kind, line)
			}
		}
		if len(f.sent) == 0 {
			t.Errorf("%s: nothing was asked", kind)
		}
	}
}
