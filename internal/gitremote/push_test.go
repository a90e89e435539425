package gitremote

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPushOptions lets a hook on the server see the options of the push.
func TestPushOptions(t *testing.T) {
	for _, c := range []struct {
		advertised string
		options    []string
		seen       string
	}{
		{"true", []string{"ci.skip"}, "2 ci.skip mr.title=a b"},
		{"true", nil, ""},
		{"false", []string{"ci.skip"}, ""},
	} {
		s := newServer(t)
		s.git(t, "config", "receive.advertisePushOptions", c.advertised)
		seen := filepath.Join(t.TempDir(), "seen")
		hook := "#!/bin/sh\necho ${GIT_PUSH_OPTION_COUNT:-} ${GIT_PUSH_OPTION_0:-} ${GIT_PUSH_OPTION_1:-} >" + seen +
			"\n"
		if err := os.WriteFile(filepath.Join(s.dir, "hooks", "pre-receive"), []byte(hook), 0o755); err != nil {
			t.Fatal(err)
		}
		if c.options != nil {
			c.options = append(c.options, "mr.title=a b")
		}
		tag := Tag{Name: "api-1.0.0", Commit: s.commits[0]}
		if err := s.PushTag(t.Context(), tag, "x", time.Unix(0, 0), c.options...); err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		said, err := os.ReadFile(seen)
		got := strings.TrimSpace(string(said))
		if got = strings.TrimPrefix(got, "0"); err != nil || got != c.seen {
			t.Errorf("advertised: %s, sent: %q, the server saw %q, %v; want %q", c.advertised, c.options, got, err,
				c.seen)
		}
		if got := s.git(t, "rev-parse", "api-1.0.0^{commit}"); got != tag.Commit {
			t.Errorf("%+v: the tag peels to %s", c, got)
		}
	}
}

// TestRefusedTokens holds that a refusal says which token is in use and what it lacks.
func TestRefusedTokens(t *testing.T) {
	const allow, scope = "Job token permissions > Allow Git push requests", "scope write_repository"
	for _, c := range []struct {
		user, token string
		status      int
		want        []string
		not         string
	}{
		{
			"gitlab-ci-token",
			"glcbt-x",
			http.StatusForbidden,
			[]string{"the job token may not push", allow, "18.4", scope, "not allowed to upload"},
			"the access token",
		},
		{
			"gitlab-ci-token",
			"eyJhb.x.y",
			http.StatusForbidden,
			[]string{"the job token may not push", allow},
			"the access token",
		},
		{"gitlab-ci-token", "glpat-x", http.StatusForbidden, []string{"the access token may not push", scope}, "job"},
		{"release-bot", "x1234", http.StatusForbidden, []string{"the access token may not push", scope}, "job"},
		{"gitlab-ci-token", "glcbt-x", http.StatusUnauthorized, []string{"CI_JOB_TOKEN ends with its job"}, "--user"},
		{
			"release-bot",
			"glcbt-x",
			http.StatusUnauthorized,
			[]string{"goes with the user gitlab-ci-token", `"release-bot" (--user)`},
			"scope",
		},
		{"release-bot", "glpat-x", http.StatusUnauthorized, []string{"wrong or has expired", scope}, "JOB"},
	} {
		s := newServer(t)
		s.User, s.Token = c.user, c.token
		s.refuse = func(w http.ResponseWriter) { http.Error(w, "You are not allowed to upload code.", c.status) }
		for name, err := range map[string]error{
			"check": s.CheckPush(t.Context()),
			"push":  s.PushTag(t.Context(), Tag{Name: "api-1.0.0", Commit: s.commits[0]}, "x", time.Unix(0, 0)),
		} {
			if !errors.Is(err, ErrRefused) || strings.Contains(err.Error(), c.not) ||
				strings.Contains(err.Error(), c.token) {
				t.Errorf("%s as %s with %s, status %d: %v", name, c.user, c.token, c.status, err)
			}
			for _, want := range c.want {
				if err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%s as %s with %s, status %d: %v; want %q", name, c.user, c.token, c.status, err, want)
				}
			}
		}
	}
}

func TestUnseenRepository(t *testing.T) {
	for user, want := range map[string]bool{"gitlab-ci-token": true, "release-bot": false} {
		s := newServer(t)
		s.URL, s.User, s.Token = s.URL+"/acme/shop.git", user, "other"
		s.refuse = func(w http.ResponseWriter) { http.NotFound(w, nil) }
		_, err := s.Tags(t.Context(), "")
		if err == nil || !strings.Contains(err.Error(), "no such repository") ||
			strings.Contains(err.Error(), "Job token permissions") != want {
			t.Errorf("as %s: %v", user, err)
		}
	}
}

func TestProtectedTag(t *testing.T) {
	for user, want := range map[string]string{"gitlab-ci-token": "whoever started the job",
		"release-bot": "the access token's role"} {
		s := newServer(t)
		s.User = user
		hook := "#!/bin/sh\necho 'GitLab: You are not allowed to create this tag as it is protected.' >&2\nexit 1\n"
		if err := os.WriteFile(filepath.Join(s.dir, "hooks", "pre-receive"), []byte(hook), 0o755); err != nil {
			t.Fatal(err)
		}
		err := s.PushTag(t.Context(), Tag{Name: "api-1.0.0", Commit: s.commits[0]}, "x", time.Unix(0, 0))
		if err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "Protected tags has a rule that api-1.0.0") {
			t.Errorf("as %s: %v", user, err)
		}
	}
}

// TestTagInTheWay names the tag that makes another one impossible.
func TestTagInTheWay(t *testing.T) {
	s := newServer(t)
	s.git(t, "tag", "release", s.commits[0])
	s.git(t, "tag", "-a", "-m", "x", "shop/1.0.0/x", s.commits[0])
	s.git(t, "tag", "shop-1", s.commits[0])
	s.git(t, "branch", "ship", s.commits[0])
	for tag, other := range map[string]string{"release/1.0.0": "release", "shop/1.0.0": "shop/1.0.0/x",
		"shop/1.0.0/x/y": "shop/1.0.0/x"} {
		err := s.PushTag(t.Context(), Tag{tag, s.commits[0]}, "x", time.Unix(1, 0))
		if err == nil || errors.Is(err, ErrExists) ||
			!strings.Contains(err.Error(), "a tag "+other+", which is in the way of "+tag+":") {
			t.Errorf("%s: %v", tag, err)
		}
	}
	for _, tag := range []string{"shop-1/2", "shop-1.0.0", "releases/1", "ship/1", "shop/1.0"} {
		err := s.PushTag(t.Context(), Tag{tag, s.commits[0]}, "x", time.Unix(1, 0))
		if want := tag == "shop-1/2"; (err != nil) != want {
			t.Errorf("%s: %v", tag, err)
		}
	}
}
