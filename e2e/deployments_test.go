package e2e

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	client "gitlab.com/gitlab-org/api/client-go/v2"

	"dagger/ship/internal/gitlab"
	"dagger/ship/internal/network"
	"dagger/ship/testbed/control"
)

// project is the app's project on GitLab, as Ship calls it.
func (a *app) project(user, token string) *gitlab.Project {
	a.t.Helper()
	calls, err := network.New("", 5*time.Second, func(text string) { a.t.Log(text) })
	return &gitlab.Project{API: a.Bed.Git.API, Path: a.Repo, User: user, Token: token, Client: must(a.t, calls, err)}
}

// deployments are what GitLab's own client lists of the app's deployments, the oldest first, each as
// ENVIRONMENT TAG STATUS.
func (a *app) deployments(gl *client.Client) (all []string) {
	a.t.Helper()
	found, _, err := gl.Deployments.ListProjectDeployments(a.Repo, &client.ListProjectDeploymentsOptions{})
	for _, one := range must(a.t, found, err) {
		all = append(all, one.Environment.Name+" "+one.Ref+" "+one.Status)
	}
	return all
}

// TestDeploymentsOnGitLab reads and makes deployments while versions come and go, and while GitLab breaks.
func TestDeploymentsOnGitLab(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	gl := a.onGitLab()
	first := a.git("rev-parse", "HEAD")
	a.write("notes.md", "A note.\n")
	second := a.commit("second")
	a.git("push", "--quiet", "origin", first+":refs/tags/1.0", second+":refs/tags/1.1")
	p := a.project(gitlab.JobUser, a.Bed.Git.Job)
	is := func(commit, tag string) {
		t.Helper()
		got, err := p.LastDeployment(t.Context(), "eu")
		if err != nil || got.Commit != commit || got.Tag != tag {
			t.Errorf("eu has %+v, %v, want %s at %s", got, err, tag, commit)
		}
	}
	deploy := func(commit, tag string) {
		t.Helper()
		made := gitlab.Deployment{Environment: "eu", Commit: commit, Tag: tag}
		if err := p.CreateDeployment(t.Context(), made); err != nil {
			t.Error(err)
		}
	}

	is("", "")
	a.disturb(control.Fault{Operation: "deployments", Method: http.MethodPost, Kind: control.Barrier, Parties: 2,
		Count: 2})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() { deploy(first, "1.0") })
	}
	group.Wait()
	is(first, "1.0")

	a.disturb(control.Fault{Operation: "deployments", Method: http.MethodPost, Kind: control.CutResponse, Count: 1})
	deploy(second, "1.1")
	a.disturb(control.Fault{Operation: "deployments", Method: http.MethodGet, Kind: control.Status, Status: 502,
		Count: 1})
	is(second, "1.1")

	deploy(first, "1.0") // after a rollback
	is(first, "1.0")
	want := []string{"eu 1.0 success", "eu 1.1 success", "eu 1.0 success"}
	if all := a.deployments(gl); !slices.Equal(all, want) {
		t.Errorf("GitLab has the deployments %q, want %q", all, want)
	}

	failed := gitlab.Deployment{Environment: "eu", Commit: second, Tag: "9.9"}
	if err := p.CreateDeployment(t.Context(), failed); err == nil ||
		!strings.Contains(err.Error(), "The branch or tag does not exist") {
		t.Errorf("a tag that is not there: %v", err)
	}
	if err := a.project("oauth2", a.Bed.Git.Push).CreateDeployment(t.Context(), failed); !errors.Is(err,
		gitlab.ErrRefused) || !strings.Contains(err.Error(), "it needs the scope api") {
		t.Errorf("a token without the scope: %v", err)
	}
	is(first, "1.0")
}

// TestTellDeployments: GitLab's pages of environments say which version runs there, once for each, whatever fails.
func TestTellDeployments(t *testing.T) {
	t.Parallel()
	a := shaped(t, `[environments.test]
namespace = "NAME-test"
gitlab = "testing"
[environments.live]
namespace = "NAME-live"
gitlab = "live/eu"
[environments.last]
namespace = "NAME-last"
gitlab = "last"
manual = true
`)
	gl := a.onGitLab()
	tag := a.Name + "-0.1.0"
	is := func(want ...string) {
		t.Helper()
		if got := a.deployments(gl); !slices.Equal(got, want) {
			t.Errorf("GitLab's deployments are %q, want %q", got, want)
		}
	}
	a.disturb(control.Fault{
		Kind: control.Status, Operation: "deployments", Method: http.MethodPost, Status: http.StatusForbidden, Count: 1,
	})
	if out, err := a.ship("release"); err == nil ||
		!strings.Contains(out, "0.1.0 stays deployed: retry to have GitLab know of it") {
		t.Errorf("a deployment that GitLab refuses: %v", err)
	}
	is("live/eu " + tag + " success")
	a.says([]string{"plan"}, "> tell test", "GitLab's page of testing says nothing")
	a.release("resumed")
	is("live/eu "+tag+" success", "testing "+tag+" success")
	a.release("nothing to do")
	a.bump("0.2.0")
	a.release("released")
	if got := a.deployments(gl); len(got) != 4 {
		t.Errorf("GitLab's deployments are %q", got)
	}
	for range 2 { // a person's button tells of its environment itself
		a.says([]string{"deploy", "--environment=last", "version"}, "0.2.0")
	}
	if got := a.deployments(gl); len(got) != 5 || got[4] != "last "+a.Name+"-0.2.0 success" {
		t.Errorf("GitLab's deployments are %q", got)
	}
}
