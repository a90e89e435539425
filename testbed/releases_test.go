package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"dagger/ship/testbed/control"
)

// caller calls GitLab's API about a project with one header.
type caller struct {
	t             *testing.T
	project       string
	header, token string
}

// send calls a part of the API, and returns an answer that is JSON.
func (c caller) send(method, below, body string) (*http.Response, []byte) {
	c.t.Helper()
	address := bed.Git.API + "/projects/" + url.PathEscape(c.project) + "/" + below
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	check(c.t, err)
	request.Header.Set("Content-Type", "application/json")
	if c.header != "" {
		request.Header.Set(c.header, c.token)
	}
	response, err := http.DefaultClient.Do(request)
	check(c.t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	check(c.t, err)
	if !json.Valid(data) {
		c.t.Fatalf("%s %s answers %s", method, address, data)
	}
	return response, data
}

// call returns the status and the body of an answer about releases.
func (c caller) call(method, tag, body string) (int, map[string]any) {
	c.t.Helper()
	below := "releases"
	if tag != "" {
		below += "/" + url.PathEscape(tag)
	}
	response, data := c.send(method, below, body)
	answer := map[string]any{}
	_ = json.Unmarshal(data, &answer) // a list has its text only
	answer["text"] = string(data)
	return response.StatusCode, answer
}

func (c caller) want(method, tag, body string, status int, words string) map[string]any {
	c.t.Helper()
	got, answer := c.call(method, tag, body)
	if got != status || !strings.Contains(answer["text"].(string), words) {
		c.t.Errorf("%s %s as %.9s: %d %s; want %d and %s", method, tag, c.header, got, answer["text"], status, words)
	}
	return answer
}

func TestReleases(t *testing.T) {
	c := newCheckout(t, control.Repository{ProtectedTags: []string{"stable*"}})
	commit := c.commit("second")
	c.must("tag", "--annotate", "--message=x", "shop/1.0", "HEAD")
	c.must("push", "--quiet", "origin", "main", "shop/1.0")
	api := caller{t, c.path, "PRIVATE-TOKEN", bed.Git.Token}

	api.want("GET", "shop/1.0", "", 404, `{"message":"404 Not Found"}`)
	api.want("PUT", "shop/1.0", `{"name":"x"}`, 403, `{"message":"403 Forbidden"}`)
	api.want("POST", "", `{}`, 400, `{"error":"tag_name is missing"}`)
	api.want("POST", "", `{"tag_name":"shop/2.0"}`, 422, `{"message":"Ref is not specified"}`)
	api.want("POST", "", `{"tag_name":"shop/2.0","ref":"nowhere"}`, 400, `{"message":"Target nowhere is invalid"}`)
	api.want("POST", "", `{"tag_name":"stable-1"}`, 403, "You are not allowed to create this tag as it is protected.")
	api.want("POST", "", `{"tag_name":"shop/1.0","assets":{"links":[{"name":"a","url":"http://a"},{"name":"a","url":"http://b"}]}}`, 400, "duplicate")

	made := api.want("POST", "",
		`{"tag_name":"shop/1.0","description":"Good.","assets":{"links":[{"name":"a","url":"http://a","link_type":"image"}]}}`, 201, `"link_type":"image"`)
	got := api.want("GET", "shop/1.0", "", 200, `"description":"Good."`)
	if id := got["commit"].(map[string]any)["id"]; id != commit || got["name"] != "shop/1.0" ||
		made["created_at"] != got["created_at"] {
		t.Errorf("the release is %s", got["text"])
	}
	api.want("POST", "", `{"tag_name":"shop/1.0","description":"Other."}`, 409, `{"message":"Release already exists"}`)
	api.want("PUT", "shop/1.0", `{}`, 400, `{"message":"params is empty"}`)
	api.want("PUT", "shop/1.0", `{"description":"Better.","released_at":"2020-01-02T03:04:05Z"}`, 200,
		`"description":"Better."`)
	got = api.want("GET", "shop/1.0", "", 200, `"description":"Better."`)
	if got["created_at"] != made["created_at"] || got["released_at"] != "2020-01-02T03:04:05Z" ||
		got["upcoming_release"] != false {
		t.Errorf("the changed release is %s", got["text"])
	}

	// one that makes its tag
	api.want("POST", "", `{"tag_name":"shop/2.0","ref":"main","released_at":"2099-01-01T00:00:00Z"}`, 201,
		`"upcoming_release":true`)
	if tags := c.must("ls-remote", "--tags", "origin"); !strings.Contains(tags, commit+"\trefs/tags/shop/2.0") {
		t.Errorf("the tags are %s", tags)
	}
	_, all := api.call("GET", "", "")
	if text := all["text"].(string); strings.Index(text, `"tag_name":"shop/2.0"`) > strings.Index(text,
		`"tag_name":"shop/1.0"`) {
		t.Errorf("the latest release is not the first: %s", text)
	}

	// a release ends with its tag, or by itself
	c.must("push", "--quiet", "origin", ":refs/tags/shop/2.0")
	api.want("GET", "shop/2.0", "", 404, "404 Not Found")
	api.want("DELETE", "shop/1.0", "", 200, `"tag_name":"shop/1.0"`)
	api.want("DELETE", "shop/1.0", "", 403, "403 Forbidden")
}

func TestWhoMayMakeReleases(t *testing.T) {
	c := newCheckout(t, control.Repository{})
	public := newPublic(t)
	c.must("push", "--quiet", "origin", "main:refs/tags/1")
	c.must("push", "--quiet", public.url(bed.Git.User, bed.Git.Token), "main:refs/tags/1")
	const unknown, scope, hidden = `{"message":"401 Unauthorized"}`, `"error":"insufficient_scope"`,
		`{"message":"404 Project Not Found"}`
	for i, one := range []struct {
		header, token string
		project       string
		get, post     int
		words         string
	}{
		{"PRIVATE-TOKEN", bed.Git.Token, c.path, 200, 409, "Release already exists"},
		{"JOB-TOKEN", bed.Git.Job, c.path, 200, 409, "Release already exists"},
		{"PRIVATE-TOKEN", bed.Git.Push, c.path, 403, 403, scope},
		{"PRIVATE-TOKEN", bed.Git.ReadOnly, c.path, 403, 403, scope},
		{"JOB-TOKEN", bed.Git.Token, c.path, 401, 401, unknown},
		{"PRIVATE-TOKEN", bed.Git.Job, c.path, 404, 404, hidden}, // it is passed over
		{"PRIVATE-TOKEN", "wrong", c.path, 401, 401, unknown},
		{"PRIVATE-TOKEN", "wrong", public.path, 401, 401, unknown},
		{"", "", c.path, 404, 404, hidden},
		{"", "", public.path, 200, 403, `{"message":"403 Forbidden"}`},
		{"PRIVATE-TOKEN", bed.Git.Token, "tests/nowhere", 404, 404, hidden},
	} {
		if i == 0 {
			for _, path := range []string{c.path, public.path} {
				caller{t, path, one.header, one.token}.want("POST", "", `{"tag_name":"1"}`, 201, "")
			}
		}
		as := caller{t, one.project, one.header, one.token}
		if got, answer := as.call("GET", "1", ""); got != one.get {
			t.Errorf("%+v: GET answers %d %s", one, got, answer["text"])
		}
		as.want("POST", "", `{"tag_name":"1"}`, one.post, one.words)
	}
}

// newPublic makes a public repository.
func newPublic(t *testing.T) *checkout {
	t.Helper()
	c := &checkout{t, "tests/" + strings.ToLower(t.Name()) + "-public", t.TempDir()}
	check(t, control.Client{URL: bed.Git.Control}.Create(t.Context(), control.Repository{Path: c.path, Public: true}))
	return c
}

// TestReleasesAreDisturbed makes a release whose maker cannot know it.
func TestReleasesAreDisturbed(t *testing.T) {
	git := server(t, bed.Git.Control)
	c := newCheckout(t, control.Repository{})
	c.must("push", "--quiet", "origin", "main:refs/tags/1")
	_, err := git.Fault(t.Context(), control.Fault{Repository: c.path, Operation: "releases", Method: "POST",
		Kind: control.CutResponse, Count: 1})
	check(t, err)
	api := caller{t, c.path, "JOB-TOKEN", bed.Git.Job}
	request, err := http.NewRequest("POST", bed.Git.API+"/projects/"+url.PathEscape(c.path)+"/releases",
		strings.NewReader(`{"tag_name":"1"}`))
	check(t, err)
	request.Header.Set(api.header, api.token)
	if response, err := http.DefaultClient.Do(request); err == nil {
		t.Errorf("the answer %s got through", response.Status)
	}
	api.want("POST", "", `{"tag_name":"1"}`, 409, "")
	requests(t, git, 2, func(r control.Request) bool { return r.Repository == c.path && r.Operation == "releases" })
}
