package gitlab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dagger/ship/internal/network"
)

// serve answers every request in the same way, and notes each as its method, path and token.
func serve(t *testing.T, user, token string, answer http.HandlerFunc) (*Project, *[]string) {
	t.Helper()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, fmt.Sprint(r.Method, " ", r.URL.EscapedPath(), " job=", r.Header.Get("JOB-TOKEN"),
			" access=", r.Header.Get("PRIVATE-TOKEN")))
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	client, err := network.New("", 5*time.Second, func(text string) { t.Log(text) })
	if err != nil {
		t.Fatal(err)
	}
	return &Project{
		API:    server.URL + "/api/v4",
		Path:   "acme/tools/shop",
		User:   user,
		Token:  token,
		Client: client,
	}, &asked
}

func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestRequests(t *testing.T) {
	var bodies []string
	p, asked := serve(t, "oauth2", "t", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		_ = json.NewEncoder(w).Encode(Release{Tag: "x", Description: "Good."})
	})
	const tag = "@acme/shop-1.0%25"
	got, err := p.Get(t.Context(), tag)
	if err != nil || got.Description != "Good." {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := errors.Join(p.Create(t.Context(), Release{tag, "shop 1.0", "- a"}),
		p.Describe(t.Context(), tag, "- b")); err != nil {
		t.Fatal(err)
	}
	const base = " /api/v4/projects/acme%2Ftools%2Fshop/releases"
	want := []string{"GET" + base + "/@acme%2Fshop-1.0%2525", "POST" + base, "PUT" + base + "/@acme%2Fshop-1.0%2525"}
	for i := range want {
		if (*asked)[i] != want[i]+" job= access=t" {
			t.Errorf("asked %s\n want %s", (*asked)[i], want[i])
		}
	}
	if want := []string{"", `{"tag_name":"@acme/shop-1.0%25","name":"shop 1.0","description":"- a"}`,
		`{"description":"- b"}`}; fmt.Sprint(bodies) != fmt.Sprint(want) {
		t.Errorf("sent %q, want %q", bodies, want)
	}
}

// TestTokens sends each kind of token in the header in which GitLab expects it, and an unclear one
// in both.
func TestTokens(t *testing.T) {
	for _, c := range []struct{ user, token, good, want string }{
		{"gitlab-ci-token", "glcbt-1", "job", "job=glcbt-1 access="},
		{"gitlab-ci-token", "glpat-1", "access", "job= access=glpat-1"},
		{"gitlab-ci-token", "own-job", "job", "job=own-job access="},
		{"gitlab-ci-token", "own-access", "access", "job=own-access access=, job= access=own-access"},
		{"oauth2", "own-access", "access", "job= access=own-access"},
		{"gitlab-ci-token", "wrong", "", "job=wrong access=, job= access=wrong"},
	} {
		p, asked := serve(t, c.user, c.token, func(w http.ResponseWriter, r *http.Request) {
			if token := r.Header.Get(map[string]string{"job": "JOB-TOKEN",
				"access": "PRIVATE-TOKEN"}[c.good]); token == "" {
				say(http.StatusUnauthorized, `{"message":"401 Unauthorized"}`)(w, r)
				return
			}
			say(http.StatusOK, `{}`)(w, r)
		})
		err := p.Describe(t.Context(), "1", "")
		var sent []string
		for _, one := range *asked {
			_, headers, _ := strings.Cut(one, " job=")
			sent = append(sent, "job="+headers)
		}
		if strings.Join(sent, ", ") != c.want || (err == nil) != (c.good != "") {
			t.Errorf("%s, %s: sent %q, %v", c.user, c.token, sent, err)
		}
		if err != nil && (!errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "wrong,")) {
			t.Errorf("a wrong token: %v", err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		is     error
		words  string
	}{
		{401, `{"message":"401 Unauthorized"}`, ErrRefused, "wrong or has expired"},
		{
			403,
			`{"error":"insufficient_scope","error_description":"The request requires more.","scope":"api"}`,
			ErrRefused,
			"it needs the scope api",
		},
		{403, `{"message":"403 Forbidden"}`, ErrRefused, "the role Developer"},
		{
			403,
			`{"message":"You are not allowed to create this tag as it is protected."}`,
			ErrRefused,
			"as it is protected.",
		},
		{404, `{"message":"404 Not Found"}`, ErrNotFound, ""},
		{404, `{"message":"404 Project Not Found"}`, errNoProject, "may not see it"},
		{404, `{"error":"404 Not Found"}`, errNoAPI, "--gitlab"},
		{404, `<html>404</html>`, errNoAPI, "--gitlab"},
		{409, `{"message":"Release already exists"}`, ErrExists, ""},
		{422, `{"message":"Ref is not specified"}`, nil, "422 Unprocessable Entity: it says: Ref is not specified"},
		{
			400,
			`{"message":{"description":["is too long"]}}`,
			nil,
			`400 Bad Request: it says: {"description":["is too long"]}`,
		},
		{200, `<html>Sign in</html>`, errNoAPI, "--gitlab"},
	} {
		p, asked := serve(t, "oauth2", "s3cret", say(c.status, c.body))
		err := p.Create(t.Context(), Release{Tag: "shop-1.0"})
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.words) ||
			!strings.HasPrefix(err.Error(), "make GitLab's release shop-1.0: ") || strings.Contains(err.Error(),
			"s3cret") {
			t.Errorf("%d %s: %v", c.status, c.body, err)
		}
		if len(*asked) != 1 {
			t.Errorf("%d was tried %d times", c.status, len(*asked))
		}
	}
	p, asked := serve(t, "oauth2", "", say(404, `{"message":"404 Project Not Found"}`))
	if err := p.Create(t.Context(), Release{Tag: "1"}); err == nil || !strings.Contains(err.Error(), "--token") ||
		len(*asked) != 0 {
		t.Errorf("no token: %v after %q", err, *asked)
	}
}

// TestRetryAndRedirects tries again what may succeed later, and sends the token nowhere else.
func TestRetryAndRedirects(t *testing.T) {
	times := 0
	p, _ := serve(t, "oauth2", "t", func(w http.ResponseWriter, r *http.Request) {
		if times++; times == 1 {
			say(http.StatusServiceUnavailable, "")(w, r)
			return
		}
		say(http.StatusConflict, `{"message":"Release already exists"}`)(w, r)
	})
	if err := p.Create(t.Context(), Release{Tag: "1"}); !errors.Is(err, ErrExists) || times != 2 {
		t.Errorf("%v after %d requests", err, times)
	}
	elsewhere, asked := serve(t, "", "", say(200, `{}`))
	p, _ = serve(t, "oauth2", "t", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.API, http.StatusTemporaryRedirect)
	})
	if err := p.Describe(t.Context(), "1", ""); err == nil ||
		!strings.Contains(err.Error(), "it redirects to "+elsewhere.API) ||
		len(*asked) != 0 {
		t.Errorf("a redirect: %v, %q", err, *asked)
	}
}

func TestProjectOf(t *testing.T) {
	for _, c := range []struct{ api, remote, want string }{
		{"https://gitlab.example/api/v4", "https://gitlab.example/acme/tools/shop.git", "acme/tools/shop"},
		{"https://gitlab.example/api/v4", "https://gitlab.example/acme/shop/", "acme/shop"},
		{"https://example/gitlab/api/v4", "https://example/gitlab/acme/shop.git", "acme/shop"},
		{"https://gitlab.example/api/v4", "https://gitlab.example/shop.git", ""},
	} {
		if got, err := ProjectOf(c.api, c.remote); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s at %s: %q, %v", c.remote, c.api, got, err)
		}
	}
	for api, good := range map[string]bool{
		"https://gitlab.example/api/v4": true, "http://127.0.0.1:8080/gitlab/api/v4": true,
		"gitlab.example/api/v4":             false,
		"https://gitlab.example":            false,
		"https://u:p@gitlab.example/api/v4": false,
		"https://gitlab.example/api/v4?x":   false,
	} {
		if err := Check(api); (err == nil) != good {
			t.Errorf("%s: %v", api, err)
		}
	}
}
