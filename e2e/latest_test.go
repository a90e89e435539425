package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"dagger/ship/e2e/bed"
	"dagger/ship/testbed/control"
)

// TestLateLatest has the write of latest come late: after that of a higher version's release, and after that one has
// looked at what it wrote.
func TestLateLatest(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	a.Settings["deadline"] = "2m"
	a.release("released")
	first := a.look("0.1.0")
	a.bump("0.2.0")
	a.release("released")
	second := a.look("0.2.0")
	repository := a.images()
	move := func(to bed.Image) { must(t, 0, repository.Move(t.Context(), to.Digest, "latest")) }

	move(first) // so that all that is left to do for 0.2.0 is latest
	server := control.Client{URL: a.Registry.Control}
	late := func(racer *app, after bool, meanwhile func()) string {
		t.Helper()
		hang := control.Fault{Repository: a.Repo, Operation: "manifest-write", Method: http.MethodPut,
			Kind: control.Hang}
		hang.After, hang.Count = after, 1
		fault, err := server.Fault(t.Context(), hang)
		must(t, 0, err)
		done := make(chan string)
		go func() {
			out, err := racer.ship("release")
			if err != nil {
				t.Error(err)
			}
			done <- out
		}()
		must(t, 0, server.AwaitWaiting(t.Context(), fault.ID, 1))
		meanwhile()
		must(t, 0, server.EndFault(t.Context(), fault.ID))
		return <-done
	}
	b := &app{App: copyOf(a), t: t}
	a.git("clone", "--quiet", a.Dir, b.Dir)
	b.git("remote", "set-url", "origin", a.git("remote", "get-url", "origin"))
	b.bump("0.3.0")
	out := late(a, false, func() { b.release("released") })
	third := a.look("0.3.0")
	if a.look("latest") != third ||
		!strings.Contains(out, "latest is 0.3.0, which came out meanwhile (moved 2 times)") {
		t.Errorf("after a late write of 0.2.0, latest is %+v, want %+v", a.look("latest"), third)
	}

	move(first)
	out = late(b, true, func() { move(second) })
	if a.look("latest") != third || !strings.Contains(out, "latest is 0.3.0 (moved 2 times, since something else") {
		t.Errorf("after a late write before 0.3.0 looked again, latest is %+v, want %+v", a.look("latest"), third)
	}
	b.release("nothing to do")
}

// TestFixedLatest: a registry may have a rule that no tag is moved. Environments run digests, and do without latest.
func TestFixedLatest(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "production=" + a.Name
	a.release("released")
	first := a.look("0.1.0")
	a.bump("0.2.0")
	// the version's own tag is written first
	rule := control.Fault{Repository: a.Repo, Operation: "manifest-write", Method: http.MethodPut, Kind: control.Status}
	rule.Status, rule.Skip = http.StatusPreconditionFailed, 1
	_, err := control.Client{URL: a.Registry.Control}.Fault(t.Context(), rule)
	must(t, 0, err)
	for _, outcome := range []string{"released", "resumed"} {
		out, err := a.ship("release")
		if err != nil || !strings.Contains(out, ": "+outcome) || !strings.Contains(out, "not moved: move "+a.Image()+
			":latest: the registry does not let it be moved: the registry answered 412 Precondition Failed") {
			t.Errorf("release where tags are fixed: %v, want %q", err, outcome)
		}
	}
	running := a.running(a.Name)
	if !strings.Contains(running, ":0.2.0@"+a.look("0.2.0").Digest) || a.look("latest") != first {
		t.Errorf("%s runs, latest is %+v", running, a.look("latest"))
	}
}

// TestNoDigestHeader releases to a registry that leaves out what the distribution spec lets it leave out.
func TestNoDigestHeader(t *testing.T) {
	t.Parallel()
	if world.OnEngine() {
		t.Skip("the servers are on loopback, where a Dagger engine is not")
	}
	a := newLight(t)
	delete(a.Settings, "environments")
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: a.Registry.Address}) },
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del("Docker-Content-Digest")
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	a.Settings["image"] = strings.TrimPrefix(server.URL, "http://") + "/" + a.Repo
	a.release("released")
	a.release("nothing to do")
	a.bump("0.2.0")
	a.release("released")
	if a.look("latest") != a.look("0.2.0") {
		t.Errorf("latest is %+v, want %+v", a.look("latest"), a.look("0.2.0"))
	}
}
