package cluster

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"dagger/ship/internal/helm"
	"dagger/ship/internal/network"
	"dagger/ship/internal/tools"
)

// TestVerify deploys 1.1.0 where its rollout is verified by helm test, by an address, or by both.
func TestVerify(t *testing.T) {
	const (
		byTest  = "shop runs r/shop:1.1.0@sha256:1.1.0, verified by helm test"
		address = "http://shop/health"
		noRoute = "Error: Get \"https://10.0.0.1/api\": dial tcp 10.0.0.1:443: connect: connection refused"
	)
	test := Verification{Test: true}
	asked := Verification{URL: address, Answer: "v{version}"}
	both := Verification{Test: true, URL: address, Answer: "v{version}"}
	left := func(r *recorded) {
		r.upgrade("1.0.5")
		r.revisions[1].labels = map[string]string{"ship-operation": "2.80", helm.RolloutLabel: "2"}
		r.now = r.now.Add(81 * time.Second)
	}
	for name, c := range map[string]struct {
		verify  Verification
		before  func(*recorded)
		tests   []string // what helm test says each time, empty if it succeeds
		answers []string // what the address answers each time, empty if nothing does; the last one goes on
		said    string   // of what it says, or of its error
		failed  bool
		did     string
		runs    string
	}{
		"the test passes": {verify: test, tests: []string{""}, said: byTest, did: "upgrade test settle", runs: "1.1.0"},
		"the test fails": {
			verify: test, tests: []string{"Error: pod shop-test failed"}, failed: true,
			said: "the rollout failed: helm test: pod shop-test failed\n\nrolled back to revision 1",
			did:  "upgrade test fail claim rollback 1", runs: "1.0.0",
		},
		"the cluster is in trouble": {
			verify: test, tests: []string{noRoute, ""}, said: byTest, did: "upgrade test test settle", runs: "1.1.0",
		},
		"the cluster stays in trouble": { // the next run tests it
			verify: test, tests: []string{noRoute, noRoute, noRoute}, failed: true,
			said: "helm test: Get \"https://10.0.0.1/api\"", did: "upgrade test test test", runs: "1.1.0",
		},
		"the outcome is not told": {
			verify: test, tests: []string{"NAME: shop"}, failed: true,
			said: "helm test did not say whether the tests passed", did: "upgrade test", runs: "1.1.0",
		},
		"another release comes meanwhile": {
			verify: test, tests: []string{"1.2.0"},
			said: "live runs 1.2.0, which is newer by now", did: "upgrade test", runs: "1.2.0",
		},
		"the address answers": {
			verify: asked, answers: []string{"v1.1.0"}, did: "upgrade settle", runs: "1.1.0",
			said: "shop runs r/shop:1.1.0@sha256:1.1.0, verified by " + address,
		},
		"the old one answers first, then nothing": {
			verify: both, answers: []string{"v1.0.0", "", "v1.1.0"}, tests: []string{""},
			said: "shop runs r/shop:1.1.0@sha256:1.1.0, verified by " + address + " and helm test",
			did:  "upgrade test settle", runs: "1.1.0",
		},
		"the old one answers always": {
			verify: both, answers: []string{"v1.0.0"}, failed: true,
			said: "the rollout failed: not verified within 2s (see --timeout): " + address +
				" answers \"v1.0.0\", without \"v1.1.0\" in it\n\nrolled back to revision 1",
			did: "upgrade fail claim rollback 1", runs: "1.0.0",
		},
		"left by a run that died": {
			verify: test, before: left, tests: []string{"", ""},
			said: "revision 2 was left pending-rollout by a run that died, and is ready, verified by helm test; " +
				byTest,
			did: "claim test settle upgrade test settle", runs: "1.1.0",
		},
		"left by a run that died, of another version": {
			verify: asked, before: left, answers: []string{"v1.0.5", "v1.1.0"},
			said: "revision 2 was left pending-rollout by a run that died, and is ready, verified by " + address +
				"; shop runs r/shop:1.1.0@sha256:1.1.0",
			did: "claim settle upgrade settle", runs: "1.1.0",
		},
		"left by a run that died, and fails": {
			verify: test, before: left, tests: []string{"Error: pod shop-test failed", ""},
			said: "revision 2 was left pending-rollout by a run that died, and is not verified (helm test: pod " +
				"shop-test failed): rolled back to revision 1; " + byTest,
			did: "claim test claim rollback 1 upgrade test settle", runs: "1.1.0",
		},
		"left by a run that died, and the cluster stays in trouble": { // nobody has to wait for the claim
			verify: test, before: left, tests: []string{noRoute, noRoute, noRoute}, failed: true,
			said: "helm test: Get \"https://10.0.0.1/api\"", did: "claim test test test unclaim", runs: "1.0.5",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // some wait a second for another attempt
			r := newRecorded(t)
			if c.before != nil {
				c.before(r)
			}
			r.acts["upgrade"] = func([]string) tools.Answer {
				r.upgrade("1.1.0")
				last := &r.revisions[len(r.revisions)-1]
				last.labels = map[string]string{helm.RolloutLabel: map[int]string{2: "2", 3: "3", 4: "4"}[last.number]}
				return tools.Answer{}
			}
			r.acts["rollback 1"] = r.recovery
			r.acts["test"] = func([]string) tools.Answer {
				if len(c.tests) == 0 {
					t.Fatal("it is tested once more")
				}
				said := c.tests[0]
				c.tests = c.tests[1:]
				if said == "1.2.0" {
					r.upgrade(said)
					said = ""
				}
				if strings.HasPrefix(said, "Error: ") {
					return tools.Answer{Code: 1, Stderr: said}
				}
				if said != "" {
					return tools.Answer{Stdout: said}
				}
				return tools.Answer{Stdout: "passed\n"}
			}
			e := r.environment(t)
			e.Tools, e.Verify = values{r}, c.verify
			if c.failed && c.verify.URL != "" {
				e.Timeout = 2 * time.Second
			}
			e.Fetch = func(_ context.Context, url string) (network.Answer, error) {
				answer := c.answers[0]
				if len(c.answers) > 1 {
					c.answers = c.answers[1:]
				}
				if url != address || answer == "" {
					return network.Answer{}, errors.New("no route to " + url)
				}
				return network.Answer{Status: 200, Body: answer}, nil
			}
			said, err := e.Deploy(t.Context(), wanted(t, r, "1.1.0"))
			if err != nil {
				said = err.Error()
			}
			if (err != nil) != c.failed || !strings.HasPrefix(said, c.said) || len(c.tests) > 0 {
				t.Errorf("it said %q (%v), want %q; tests that did not run: %q", said, err, c.said, c.tests)
			}
			r.ended(c.did, c.runs)
		})
	}
}

// TestArrivedTwice has two releases find the same revision left: one of them tests it, so that their tests do not
// remove each other's pods.
func TestArrivedTwice(t *testing.T) {
	r := newRecorded(t)
	r.upgrade("1.0.5")
	r.revisions[1].labels = map[string]string{helm.RolloutLabel: "2"}
	r.rival = "B"
	e := r.environment(t)
	e.Verify.Test = true
	last, err := e.last(t.Context())
	if err == nil {
		_, _, err = e.arrived(t.Context(), e.helm(), last)
	}
	if !errors.Is(err, errTaken) {
		t.Errorf("it is not left to the other one: %v", err)
	}
	r.ended("claim", "1.0.5")
}

func TestVerificationCheck(t *testing.T) {
	for address, want := range map[string]string{
		"https://shop.example.com/{version}":  "",
		"shop.example.com/health":             "write it as https://HOST/PATH",
		"file:///etc/passwd":                  "write it as https://HOST/PATH",
		"https://me:hunter2@shop.example.com": "holds credentials",
		"":                                    "of no address",
	} {
		err := Verification{Test: true, URL: address, Answer: "v{version}", Status: 204}.Check()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) ||
			err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, want %q", address, err, want)
		}
	}
	if err := (Verification{URL: "https://shop.example.com", Status: 100}).Check(); err == nil {
		t.Error("it expects a status that no server answers with in the end")
	}
	if err := (Verification{}).Check(); err != nil {
		t.Error(err)
	}
}

func TestLack(t *testing.T) {
	const url = "https://shop/health"
	for name, c := range map[string]struct {
		v      Verification
		answer network.Answer
		err    error
		want   string
	}{
		"good": {Verification{URL: url}, network.Answer{Status: 200, Body: "x"}, nil, ""},
		"good, and so": {Verification{URL: url, Status: 503, Answer: "v1"},
			network.Answer{Status: 503, Body: "a v1"}, nil, ""},
		"down": {Verification{URL: url}, network.Answer{Status: 503}, nil,
			url + " answers 503 Service Unavailable, not 200 OK"},
		"a login": {Verification{URL: url}, network.Answer{Status: 302, Elsewhere: "sso"}, nil,
			url + " leads to sso (302 Found), and does not answer 200 OK itself"},
		"another": {Verification{URL: url, Answer: "v1"},
			network.Answer{Status: 200, Body: strings.Repeat("é", 200)}, nil,
			url + ` answers "` + strings.Repeat("é", 36)},
		"silent": {Verification{URL: url}, network.Answer{}, errors.New("no answer"), url + ": no answer"},
	} {
		got := c.v.lack(c.answer, c.err, func(text string) string { return text })
		if name == "another" && strings.HasPrefix(got, c.want) && len(got) < 400 {
			continue
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestLastWord: the request that the timeout ends early does not hide what the address answered before.
func TestLastWord(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		deadline time.Duration
		want     string
	}{
		"cut":            {time.Minute, "answers 503 Service Unavailable, not 200 OK"},
		"not within its": {time.Second, ": no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRecorded(t)
			e := r.environment(t)
			e.Deadline = c.deadline
			asked := 0
			e.Fetch = func(ctx context.Context, _ string) (network.Answer, error) {
				if asked++; asked == 1 {
					return network.Answer{Status: 503}, nil
				}
				<-ctx.Done()
				return network.Answer{}, ctx.Err()
			}
			failure, err := e.awaitAnswer(t.Context(), Verification{URL: "https://shop/health"},
				time.Now().Add(2500*time.Millisecond))
			if err != nil || !strings.HasSuffix(failure.words, c.want) {
				t.Errorf("%q, %v, want %s", failure.words, err, c.want)
			}
		})
	}
}
