package gitremote

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTriesAgain(t *testing.T) {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusInternalServerError,
		http.StatusTooManyRequests} {
		s, requests := newServer(t), 0
		s.disturb = func(w http.ResponseWriter, r *http.Request) bool {
			if requests++; requests == 1 {
				w.WriteHeader(status)
			}
			return requests == 1
		}
		if _, err := s.CommitTime(t.Context(), s.commits[1]); err != nil || requests != 2 {
			t.Errorf("status %d: %v after %d requests, want a second one that succeeds", status, err, requests)
		}
	}
}

func TestDoesNotTryAgain(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		s, requests := newServer(t), 0
		s.disturb = func(w http.ResponseWriter, r *http.Request) bool {
			requests++
			http.Error(w, "remote: the project is archived", status)
			return true
		}
		_, err := s.Tags(t.Context(), "")
		if requests != 1 || !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "the project is archived") {
			t.Errorf("status %d: %v after %d requests, want the server's words after one", status, err, requests)
		}
	}
}

// TestPushWithLostAnswer pushes a tag, and learns only from another look that the server has it.
func TestPushWithLostAnswer(t *testing.T) {
	s := newServer(t)
	s.cut = "/git-receive-pack"
	tag := Tag{Name: "shop-9.0.0", Commit: s.commits[1]}
	push := func(commit string) error {
		return s.PushTag(t.Context(), Tag{tag.Name, commit}, "Release shop 9.0.0", time.Unix(1, 0))
	}
	if err := push(tag.Commit); err != nil {
		t.Errorf("its own tag: %v", err)
	}
	if tags, err := s.Tags(t.Context(), tag.Name); err != nil || len(tags) != 1 || tags[0] != tag {
		t.Errorf("the remote has %v, %v", tags, err)
	}
	if err := push(tag.Commit); !errors.Is(err, ErrExists) {
		t.Errorf("a tag that another call pushed: %v", err)
	}
	s.cut = "/info/refs"
	if err := push(tag.Commit); !errors.Is(err, ErrExists) {
		t.Errorf("a tag that another call pushed, seen with the second look: %v", err)
	}
	if err := push(s.commits[0]); !errors.Is(err, ErrExists) {
		t.Errorf("a tag at another commit: %v", err)
	}
}

// TestPushToEmptyRepository: there is nothing to tag in it, and the server says so.
func TestPushToEmptyRepository(t *testing.T) {
	s := newServer(t)
	s.git(t, "update-ref", "-d", "refs/heads/main")
	if err := s.CheckPush(t.Context()); err != nil {
		t.Errorf("the right to push: %v", err)
	}
	err := s.PushTag(t.Context(), Tag{"shop-1.0.0", strings.Repeat("1", 40)}, "x", time.Unix(1, 0))
	if err == nil || errors.Is(err, ErrExists) {
		t.Errorf("a tag of a commit that is not there: %v", err)
	}
	t.Log(err)
}

func TestCutAnswerIsNoFallback(t *testing.T) {
	s, advertised := newServer(t), false
	s.git(t, "tag", "shop-1.0.0", s.commits[0])
	s.cut = "/git-upload-pack"
	s.disturb = func(_ http.ResponseWriter, r *http.Request) bool {
		advertised = advertised || strings.HasSuffix(r.URL.Path, "/info/refs")
		return false
	}
	if tags, err := s.Tags(t.Context(), ""); err != nil || len(tags) != 1 || advertised {
		t.Errorf("%d tags, %v, asked by protocol v0: %v", len(tags), err, advertised)
	}
}
