package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"dagger/ship/testbed/control"
)

// deployment is what the tests read of a deployment.
type deployment struct {
	ID, IID          int
	Ref, SHA, Status string
	Environment      struct {
		ID   int
		Name string
	}
}

// deploy makes a deployment.
func (c caller) deploy(environment, sha, ref, status string) (made deployment) {
	c.t.Helper()
	body := fmt.Sprintf(`{"environment":%q,"sha":%q,"ref":%q,"tag":true,"status":%q}`, environment, sha, ref, status)
	response, data := c.send("POST", "deployments", body)
	if response.StatusCode != http.StatusCreated {
		c.t.Errorf("POST %s answers %s %s", body, response.Status, data)
	}
	check(c.t, json.Unmarshal(data, &made))
	return made
}

// deployed lists deployments, each as ENVIRONMENT REF STATUS, and returns the answer's header too.
func (c caller) deployed(query string) (all []string, header http.Header) {
	c.t.Helper()
	response, data := c.send("GET", "deployments?"+query, "")
	var found []deployment
	if err := json.Unmarshal(data, &found); err != nil || response.StatusCode != http.StatusOK {
		c.t.Errorf("GET %s answers %s %s", query, response.Status, data)
	}
	for _, one := range found {
		all = append(all, one.Environment.Name+" "+one.Ref+" "+one.Status)
	}
	return all, response.Header
}

func TestDeployments(t *testing.T) {
	c := newCheckout(t, control.Repository{})
	first := c.must("rev-parse", "HEAD")
	second := c.commit("second")
	c.must("push", "--quiet", "origin", "main", first+":refs/tags/1", second+":refs/tags/2")
	api := caller{t, c.path, "JOB-TOKEN", bed.Git.Job}

	if all, _ := api.deployed("environment=eu"); len(all) != 0 {
		t.Errorf("the deployments are %q", all)
	}
	made := api.deploy("eu", first, "1", "success")
	if again := api.deploy("eu", first, "1", "success"); again != made || made.IID != 1 || made.SHA != first {
		t.Errorf("made %+v, and the same again: %+v", made, again)
	}
	api.deploy("eu", second, "2", "failed")
	api.deploy("eu", second, "2", "failed") // only what has succeeded is made once
	api.deploy("us/east 1", first, "1", "success")
	api.deploy("eu", second, "2", "success")
	back := api.deploy("eu", first, "1", "success") // a rollback
	if back.ID == made.ID || back.Environment != made.Environment {
		t.Errorf("rolled back as %+v, first deployed as %+v", back, made)
	}

	for query, want := range map[string][]string{
		"": {"eu 1 success", "eu 2 failed", "eu 2 failed", "us/east 1 1 success", "eu 2 success",
			"eu 1 success"},
		"environment=eu&status=success&order_by=id&sort=desc":  {"eu 1 success", "eu 2 success", "eu 1 success"},
		"environment=us%2Feast+1":                              {"us/east 1 1 success"},
		"status=failed&order_by=iid":                           {"eu 2 failed", "eu 2 failed"},
		"order_by=ref&per_page=2":                              {"eu 1 success", "us/east 1 1 success"},
		"sort=desc&per_page=2&page=2":                          {"us/east 1 1 success", "eu 2 failed"},
		"order_by=updated_at&environment=eu&per_page=1&page=9": nil,
	} {
		if all, _ := api.deployed(query); !slices.Equal(all, want) {
			t.Errorf("GET %s: %q, want %q", query, all, want)
		}
	}
	_, header := api.deployed("per_page=4")
	if header.Get("X-Total") != "6" || header.Get("X-Total-Pages") != "2" || header.Get("X-Next-Page") != "2" ||
		header.Get("X-Prev-Page") != "" || !strings.Contains(header.Get("Link"), `page=2&per_page=4>; rel="next"`) {
		t.Errorf("the first page says %v", header)
	}
	if _, header = api.deployed("per_page=4&page=2"); header.Get("X-Next-Page") != "" ||
		header.Get("X-Prev-Page") != "1" || strings.Contains(header.Get("Link"), `rel="next"`) {
		t.Errorf("the last page says %v", header)
	}
	if response, data := api.send("GET", fmt.Sprint("deployments/", made.ID), ""); response.StatusCode != 200 ||
		!strings.Contains(string(data), `"sha":"`+first+`"`) {
		t.Errorf("the first one is %s %s", response.Status, data)
	}
}

// TestDeploymentsAreRefused gives what GitLab does not take, in its words.
func TestDeploymentsAreRefused(t *testing.T) {
	c := newCheckout(t, control.Repository{})
	api := caller{t, c.path, "PRIVATE-TOKEN", bed.Git.Token}
	body := func(environment, sha, ref string) string {
		return fmt.Sprintf(`{"environment":%q,"sha":%q,"ref":%q,"tag":false,"status":"success"}`, environment, sha, ref)
	}
	for _, one := range []struct {
		method, below, body string
		status              int
		words               string
	}{
		{"POST", "", `{}`, 400,
			`{"error":"environment is missing, sha is missing, ref is missing, tag is missing, status is missing"}`},
		{"POST", "", `{"environment":"","sha":"1","ref":"1","tag":true,"status":"created"}`, 400,
			`{"error":"environment is empty, status does not have a valid value"}`},
		{"POST", "", body("eu", "HEAD", "nowhere"), 400,
			`{"message":{"ref":["The branch or tag does not exist"]}}`},
		{"POST", "", body("eu", strings.Repeat("1", 40), "main"), 400,
			`{"message":{"sha":["The commit does not exist"]}}`},
		{"POST", "", body("/eu", "HEAD", "main"), 400, "it cannot start or end with '/'"},
		{"POST", "", body(strings.Repeat("e", 256), "HEAD", "main"), 400, "is too long (maximum is 255 characters)"},
		{"GET", "?order_by=name", "", 400, `{"error":"order_by does not have a valid value"}`},
		{"GET", "?sort=up", "", 400, `{"error":"sort does not have a valid value"}`},
		{"GET", "?status=done", "", 400, `{"error":"status does not have a valid value"}`},
		{"GET", "?per_page=all", "", 400, `{"error":"per_page is invalid"}`},
		{"GET", "/9999", "", 404, `{"message":"404 Not found"}`},
	} {
		response, data := api.send(one.method, "deployments"+one.below, one.body)
		if response.StatusCode != one.status || !strings.Contains(string(data), one.words) {
			t.Errorf("%s %s %s: %s %s; want %d %s", one.method, one.below, one.body, response.Status, data, one.status,
				one.words)
		}
	}
	if all, _ := api.deployed(""); len(all) != 0 {
		t.Errorf("the deployments are %q", all)
	}
}

func TestWhoMayDeploy(t *testing.T) {
	c := newCheckout(t, control.Repository{})
	public := newPublic(t)
	c.must("push", "--quiet", public.url(bed.Git.User, bed.Git.Token), "main")
	for _, one := range []struct {
		header, token string
		project       string
		get, post     int
		words         string
	}{
		{"PRIVATE-TOKEN", bed.Git.Token, c.path, 200, 201, `"status":"success"`},
		{"JOB-TOKEN", bed.Git.Job, c.path, 200, 201, `"status":"success"`},
		{"PRIVATE-TOKEN", bed.Git.Push, c.path, 403, 403, `"error":"insufficient_scope"`},
		{"PRIVATE-TOKEN", "wrong", public.path, 401, 401, "401 Unauthorized"},
		{"JOB-TOKEN", bed.Git.Token, c.path, 401, 401, "401 Unauthorized"},
		{"", "", c.path, 401, 401, "401 Unauthorized"},
		{"", "", public.path, 401, 401, "401 Unauthorized"}, // the releases of a public project are for anybody
		{"JOB-TOKEN", bed.Git.Job, "tests/nowhere", 404, 404, "404 Project Not Found"},
	} {
		as := caller{t, one.project, one.header, one.token}
		if response, data := as.send("GET", "deployments", ""); response.StatusCode != one.get {
			t.Errorf("%+v: GET answers %s %s", one, response.Status, data)
		}
		response, data := as.send("POST", "deployments",
			`{"environment":"eu","sha":"main","ref":"main","tag":false,"status":"success"}`)
		if response.StatusCode != one.post || !strings.Contains(string(data), one.words) {
			t.Errorf("%+v: POST answers %s %s", one, response.Status, data)
		}
	}
}

// TestDeploymentsAreDisturbed makes a deployment whose maker cannot know it, and leaves requests about releases alone.
func TestDeploymentsAreDisturbed(t *testing.T) {
	git := server(t, bed.Git.Control)
	c := newCheckout(t, control.Repository{})
	c.must("push", "--quiet", "origin", "main:refs/tags/1")
	_, err := git.Fault(t.Context(), control.Fault{Repository: c.path, Operation: "deployments", Method: "POST",
		Kind: control.CutResponse, Count: 1})
	check(t, err)
	api := caller{t, c.path, "JOB-TOKEN", bed.Git.Job}
	api.want("POST", "", `{"tag_name":"1"}`, 201, "")
	request, err := http.NewRequest("POST", bed.Git.API+"/projects/"+strings.ReplaceAll(c.path, "/", "%2F")+
		"/deployments", strings.NewReader(`{"environment":"eu","sha":"main","ref":"1","tag":true,"status":"success"}`))
	check(t, err)
	request.Header.Set(api.header, api.token)
	if response, err := http.DefaultClient.Do(request); err == nil {
		t.Errorf("the answer %s got through", response.Status)
	}
	api.deploy("eu", "main", "1", "success")
	if all, _ := api.deployed(""); !slices.Equal(all, []string{"eu 1 success"}) {
		t.Errorf("the deployments are %q", all)
	}
	requests(t, git, 3, func(r control.Request) bool { return r.Repository == c.path && r.Operation == "deployments" })
}
