package gitlab

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestLastDeployment(t *testing.T) {
	const commit = "a91957a858320c0e17f3a0eca7cfacbff50ea29a"
	for _, c := range []struct{ answer, commit, tag string }{
		{`[]`, "", ""},
		{`[{"id":42,"iid":2,"ref":"shop-1.0","sha":"` + commit + `","status":"success","deployable":null,` +
			`"environment":{"id":9,"name":"review/eu 1","external_url":null}}]`, commit, "shop-1.0"},
	} {
		query := ""
		p, asked := serve(t, JobUser, "glcbt-1", func(w http.ResponseWriter, r *http.Request) {
			query = r.URL.RawQuery
			say(http.StatusOK, c.answer)(w, r)
		})
		got, err := p.LastDeployment(t.Context(), "review/eu 1")
		if err != nil || got.Commit != c.commit || got.Tag != c.tag {
			t.Errorf("%s: %+v, %v", c.answer, got, err)
		}
		const want = "GET /api/v4/projects/acme%2Ftools%2Fshop/deployments job=glcbt-1 access="
		if len(*asked) != 1 || (*asked)[0] != want ||
			query != "environment=review%2Feu+1&order_by=id&per_page=1&sort=desc&status=success" {
			t.Errorf("asked %q?%s", *asked, query)
		}
	}
}

func TestCreateDeployment(t *testing.T) {
	body := ""
	p, asked := serve(t, "oauth2", "t", func(w http.ResponseWriter, r *http.Request) {
		read, _ := io.ReadAll(r.Body)
		body = string(read)
		say(http.StatusCreated, `{"id":42,"environment":{"id":9,"name":"eu"},"status":"success"}`)(w, r)
	})
	if err := p.CreateDeployment(t.Context(), Deployment{"eu", "a9195", "shop-1.0"}); err != nil {
		t.Fatal(err)
	}
	if (*asked)[0] != "POST /api/v4/projects/acme%2Ftools%2Fshop/deployments job= access=t" ||
		body != `{"environment":"eu","sha":"a9195","ref":"shop-1.0","tag":true,"status":"success"}` {
		t.Errorf("asked %q with %s", *asked, body)
	}
}

// TestDeploymentRefusals says in each case what GitLab says, and what to do.
func TestDeploymentRefusals(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		is     error
		words  string
	}{
		{401, `{"message":"401 Unauthorized"}`, ErrRefused, "wrong or has expired"},
		{403, `{"message":"403 Forbidden"}`, ErrRefused, "Protected environments has a rule for the environment"},
		{403, `{"message":"403 Forbidden - Authentication by CI/CD job token not allowed from a/b to c/d."}`, ErrRefused,
			"it says: 403 Forbidden - Authentication by CI/CD job token not allowed from a/b to c/d."},
		{404, `{"message":"404 Project Not Found"}`, errNoProject, "may not see it"},
		{400, `{"message":{"sha":["The commit does not exist"]}}`, nil, "The commit does not exist"},
		{200, `[1, 2]`, errNoAPI, "--gitlab"},
	} {
		p, asked := serve(t, "oauth2", "s3cret", say(c.status, c.body))
		err := p.CreateDeployment(t.Context(), Deployment{Environment: "eu", Tag: "shop-1.0"})
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.words) ||
			!strings.HasPrefix(err.Error(), "make GitLab's deployment of shop-1.0 in eu: ") ||
			strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "Protected tags") {
			t.Errorf("%d %s: %v", c.status, c.body, err)
		}
		if len(*asked) != 1 {
			t.Errorf("%d was tried %d times", c.status, len(*asked))
		}
	}
	p, _ := serve(t, "", "", say(401, `{"message":"401 Unauthorized"}`))
	if _, err := p.LastDeployment(t.Context(), "eu"); !errors.Is(err, ErrRefused) ||
		!strings.Contains(
			err.Error(),
			"look at GitLab's deployments of eu: ",
		) || !strings.Contains(err.Error(), "--token") {
		t.Errorf("no token: %v", err)
	}
	p, _ = serve(t, "oauth2", "t", say(200, `{"message":"no list"}`))
	if _, err := p.LastDeployment(t.Context(), "eu"); !errors.Is(err, errNoAPI) {
		t.Errorf("no list: %v", err)
	}
}
