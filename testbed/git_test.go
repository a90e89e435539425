package main_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dagger/ship/testbed/control"
)

func TestWhoMayDoWhat(t *testing.T) {
	private := newCheckout(t, control.Repository{})
	public := &checkout{t, private.path + "-public", private.dir}
	check(t, control.Client{URL: bed.Git.Control}.Create(t.Context(),
		control.Repository{Path: public.path, Public: true}))
	public.must("push", "--quiet", public.url("oauth2", bed.Git.Token), "main")
	missing := &checkout{t, "tests/missing", private.dir}
	const (
		unauthorized = "HTTP Basic: Access denied."
		forbidden    = "remote: You are not allowed to upload code.\nfatal: unable to access"
		notFound     = "remote: The project you were looking for could not be found or you don't have permission to " +
			"view it."
	)
	for _, one := range []struct {
		user, token string
		repository  *checkout
		read, write string // "" where it is allowed
	}{
		{"oauth2", bed.Git.Token, private, "", ""},
		{"anything", bed.Git.Token, private, "", ""},
		{"gitlab-ci-token", bed.Git.Job, private, "", ""},
		{"oauth2", bed.Git.Job, private, unauthorized, unauthorized},
		{"oauth2", bed.Git.ReadOnly, private, "", forbidden},
		{"oauth2", "wrong", private, unauthorized, unauthorized},
		// Git tries without credentials first, and here that is good enough.
		{"oauth2", "wrong", public, "", unauthorized},
		{"oauth2", bed.Git.Token, missing, notFound, notFound},
		// Without credentials git asks for some, which tests do not let it.
		{"", "", private, "could not read Username", "could not read Username"},
		{"", "", public, "", "could not read Username"},
		{"", "", missing, "could not read Username", "could not read Username"},
	} {
		url := one.repository.url(one.user, one.token)
		out, err := private.git("ls-remote", url)
		expect(t, fmt.Sprint("read ", url), out, err, one.read)
		out, err = private.git("push", url, "main:refs/heads/by-"+one.user)
		expect(t, fmt.Sprint("write ", url), out, err, one.write)
	}
	// Wrong credentials are refused where none would do.
	request, err := http.NewRequest(http.MethodGet, public.url("", "")+"/info/refs?service=git-upload-pack", nil)
	check(t, err)
	request.SetBasicAuth("oauth2", "wrong")
	response, err := http.DefaultClient.Do(request)
	check(t, err)
	defer response.Body.Close()
	if got := response.Header.Get("WWW-Authenticate"); response.StatusCode != http.StatusUnauthorized ||
		got != `Basic realm="GitLab"` {
		t.Errorf("wrong credentials for a public repository: %s, %q", response.Status, got)
	}
}

// expect wants no error for "", and otherwise one whose output holds the words.
func expect(t *testing.T, what, out string, err error, words string) {
	t.Helper()
	if (err == nil) != (words == "") || !strings.Contains(out, words) {
		t.Errorf("%s: %v, want %q in\n%s", what, err, words, out)
	}
}

func TestJobTokenPushesOnlyWhereAllowed(t *testing.T) {
	c := newCheckout(t, control.Repository{})
	git := control.Client{URL: bed.Git.Control}
	check(t, git.Change(t.Context(), control.Repository{Path: c.path, NoJobPush: true}))
	url := c.url("gitlab-ci-token", bed.Git.Job)
	c.must("ls-remote", url)
	out, err := c.git("push", url, "main:again")
	expect(t, "push", out, err, "remote: You are not allowed to upload code.")
	check(t, git.Change(t.Context(), control.Repository{Path: c.path}))
	c.must("push", url, "main:again")
}

func TestProtectedTags(t *testing.T) {
	c := newCheckout(t, control.Repository{ProtectedTags: []string{"release-*", "v1"}})
	for tag, refused := range map[string]bool{"release-1": true, "v1": true, "v10": false, "1": false,
		"x-release-1": false} {
		c.must("tag", tag)
		out, err := c.git("push", "origin", tag)
		words := ""
		if refused {
			words = "remote: GitLab: You are not allowed to create this tag as it is protected."
		}
		expect(t, "push "+tag, out, err, words)
		if refused && !strings.Contains(out, "(pre-receive hook declined)") {
			t.Errorf("push %s: it was not the hook that declined:\n%s", tag, out)
		}
	}
	// A tag that was there before it was protected.
	check(t, control.Client{URL: bed.Git.Control}.Change(t.Context(),
		control.Repository{Path: c.path, ProtectedTags: []string{"v*"}}))
	out, err := c.git("push", "origin", ":v10")
	expect(t, "delete", out, err, "remote: GitLab: You can only delete protected tags using the web interface.")
	c.commit("second")
	c.must("tag", "--force", "v10")
	out, err = c.git("push", "--force", "origin", "v10")
	expect(t, "move", out, err, "remote: GitLab: Protected tags cannot be updated.")
}

func TestRequestLogTellsWhatWasPushed(t *testing.T) {
	c := newCheckout(t, control.Repository{ProtectedTags: []string{"no"}})
	log := server(t, bed.Git.Control)
	head := c.must("rev-parse", "HEAD")
	c.must("tag", "yes")
	c.must("tag", "no")
	c.must("push", "--quiet", "--push-option=ci.skip", "origin", "yes")
	c.git("push", "origin", "no")
	c.must("-c", "protocol.version=2", "ls-remote", "origin", "yes")

	pushes := requests(t, log, 2, func(r control.Request) bool { return r.Operation == "push" && len(r.Refs) > 0 })
	zero := strings.Repeat("0", 40)
	want := []control.RefUpdate{
		{Name: "refs/tags/yes", Old: zero, New: head, Result: "ok"},
		{Name: "refs/tags/no", Old: zero, New: head, Result: "pre-receive hook declined"},
	}
	for i, push := range pushes {
		if push.Repository != c.path || push.Status != 200 || push.User != "oauth2" || push.In == 0 || push.Out == 0 ||
			len(push.Refs) != 1 || push.Refs[0] != want[i] {
			t.Errorf("got %+v, want %+v", push, want[i])
		}
	}
	if !slices.Equal(pushes[0].PushOptions, []string{"ci.skip"}) || len(pushes[1].PushOptions) != 0 {
		t.Errorf("push options %q and %q", pushes[0].PushOptions, pushes[1].PushOptions)
	}
	requests(t, log, 1, func(r control.Request) bool { return r.Operation == "fetch" && r.Command == "ls-refs" })

	check(t, log.Reset(t.Context()))
	requests(t, log, 0, func(control.Request) bool { return true })
}

func TestOneTagHasOneWinner(t *testing.T) {
	c := newCheckout(t, control.Repository{})
	git := server(t, bed.Git.Control)
	const racers = 4
	// All of them have seen that there is no such tag before any of them pushes.
	_, err := git.Fault(t.Context(), control.Fault{Kind: control.Barrier, Operation: "push",
		Parties: racers, Count: racers})
	check(t, err)
	results := make([]error, racers)
	outputs := make([]string, racers)
	commits := make([]string, racers)
	for i := range racers {
		commits[i] = c.commit(fmt.Sprint(i))
	}
	var wait sync.WaitGroup
	for i := range racers {
		wait.Go(func() { outputs[i], results[i] = c.git("push", "origin", commits[i]+":refs/tags/one") })
	}
	wait.Wait()
	winner := -1
	for i, err := range results {
		if err == nil && winner >= 0 {
			t.Errorf("%d and %d have both won", winner, i)
		}
		if err == nil {
			winner = i
		}
	}
	if winner < 0 {
		t.Fatalf("nobody has won: %q", outputs)
	}
	if got := c.must("ls-remote", "origin", "refs/tags/one"); !strings.HasPrefix(got, commits[winner]) {
		t.Errorf("the tag is at %s, but %s was pushed", got, commits[winner])
	}
}

// Git sends a pack of more than a megabyte in chunks, after a probe, and compresses long requests of its own.
func TestLargePushAndFetch(t *testing.T) {
	c := newCheckout(t, control.Repository{})
	log := server(t, bed.Git.Control)
	data := make([]byte, 3<<20)
	rand.Read(data)
	check(t, os.WriteFile(filepath.Join(c.dir, "large"), data, 0o644))
	c.must("add", "large")
	head := c.commit("large")
	c.must("push", "--quiet", "origin", "main")
	push := requests(t, log, 1, func(r control.Request) bool { return r.Operation == "push" && len(r.Refs) > 0 })[0]
	if push.In < 3<<20 || push.Refs[0].Result != "ok" || push.Refs[0].New != head {
		t.Errorf("logged as %+v", push)
	}
	other := &checkout{t, c.path, t.TempDir()}
	other.must("clone", "--quiet", c.url(bed.Git.User, bed.Git.ReadOnly), ".")
	for i := range 60 { // a request with so many "have" lines is compressed
		other.commit(fmt.Sprint(i))
	}
	c.commit("new")
	c.must("push", "--quiet", "origin", "main")
	check(t, log.Reset(t.Context()))
	other.must("fetch", "--quiet", "origin", "main")
	// Git decides how many rounds it takes.
	first := time.Time{}
	requests(t, log, 1, func(r control.Request) bool {
		if first.IsZero() && r.Command == "fetch" {
			first = r.Time
		}
		return r.Time.Equal(first) && r.Command == "fetch"
	})
}

func TestFetchAsGitLabAllows(t *testing.T) {
	c := newCheckout(t, control.Repository{})
	lost := c.commit("lost")
	c.must("push", "--quiet", "origin", "main")
	c.must("push", "--quiet", "--force", "origin", "HEAD~:main")
	other := &checkout{t, c.path, t.TempDir()}
	other.must("init", "--quiet")
	// A commit that no ref leads to any more, without its blobs.
	other.must("fetch", "--quiet", "--depth=1", "--filter=blob:none", c.url("oauth2", bed.Git.ReadOnly), lost)
	if got := other.must("rev-parse", "FETCH_HEAD"); got != lost {
		t.Errorf("fetched %s, want %s", got, lost)
	}
	// Without .git in the path GitLab redirects.
	if out := c.must("ls-remote", strings.TrimSuffix(c.url("oauth2", bed.Git.Token), ".git")); out == "" {
		t.Error("nothing listed")
	}
}

func TestRepositoryPaths(t *testing.T) {
	git := control.Client{URL: bed.Git.Control}
	for _, path := range []string{"", "one", "../up/x", "a/../../b", "/a/b", "a//b", "a/b.git", "a/.b"} {
		if err := git.Create(t.Context(), control.Repository{Path: path}); err == nil {
			t.Errorf("%q was made", path)
		}
	}
	check(t, git.Create(t.Context(), control.Repository{Path: "tests/sub/group/x.y-z"}))
	if err := git.Create(t.Context(), control.Repository{Path: "tests/sub/group/x.y-z"}); err == nil {
		t.Error("the same repository was made twice")
	}
}
