package gitremote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dagger/ship/internal/network"
)

// server is git itself behind HTTP: a bare repository with two commits and some tags.
type server struct {
	*Remote
	dir      string
	commits  []string
	date     string       // of what is committed; empty: some day
	protocol string       // "0" hides protocol v2, as an old server does
	answered atomic.Int64 // bytes sent

	cut string // the end of a path whose next answer is cut

	// refuse answers requests that are not allowed.
	refuse func(http.ResponseWriter)

	// disturb may answer a request itself, and says whether it did.
	disturb func(http.ResponseWriter, *http.Request) bool
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{dir: t.TempDir()}
	s.git(t, "init", "--quiet", "--bare", "--initial-branch=main", ".")
	for _, option := range []string{"http.receivepack=true", "uploadpack.allowFilter=true",
		"receive.advertisePushOptions=true"} {
		name, value, _ := strings.Cut(option, "=")
		s.git(t, "config", name, value)
	}
	tree := s.git(t, "hash-object", "-t", "tree", "-w", "/dev/null")
	for i := range 2 {
		args := []string{"commit-tree", tree, "-m", fmt.Sprint("commit ", i)}
		if i > 0 {
			args = append(args, "-p", s.commits[i-1])
		}
		s.commits = append(s.commits, s.git(t, args...))
	}
	s.git(t, "update-ref", "refs/heads/main", s.commits[1])

	execPath := s.git(t, "--exec-path")
	handler := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, token, _ := r.BasicAuth(); token != "secret" {
			if s.refuse != nil {
				s.refuse(w)
				return
			}
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "", http.StatusUnauthorized)
			return
		}
		if s.disturb != nil && s.disturb(w, r) {
			return
		}
		if s.protocol == "0" {
			r.Header.Del("Git-Protocol")
		}
		backend := cgi.Handler{Path: filepath.Join(execPath, "git-http-backend"), Env: []string{
			"GIT_PROJECT_ROOT=" + s.dir, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=ship", "GIT_PROTOCOL=" +
				r.Header.Get("Git-Protocol")}}
		counted := &counter{ResponseWriter: w}
		backend.ServeHTTP(counted, r)
		s.answered.Add(counted.bytes)
		if s.cut != "" && strings.HasSuffix(r.URL.Path, s.cut) {
			s.cut = ""
			panic(http.ErrAbortHandler) // git has done its work, and its answer gets lost
		}
	}))
	t.Cleanup(handler.Close)
	client, err := network.New("", 10*time.Second, func(text string) { t.Log(text) })
	if err != nil {
		t.Fatal(err)
	}
	s.Remote = &Remote{URL: handler.URL, User: "ship", Token: "secret", Client: client}
	return s
}

type counter struct {
	http.ResponseWriter
	bytes int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return c.ResponseWriter.Write(p)
}

func (s *server) git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@localhost", "GIT_COMMITTER_NAME=a",
		"GIT_COMMITTER_EMAIL=a@localhost", "GIT_COMMITTER_DATE="+cmp.Or(s.date, "2026-01-02T03:04:05+02:00"),
		"GIT_CONFIG_GLOBAL=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestTagsPeelsAndFilters(t *testing.T) {
	for _, protocol := range []string{"2", "0"} {
		s := newServer(t)
		s.protocol = protocol
		s.git(t, "tag", "-a", "-m", "x", "api-1.0.0", s.commits[0])
		s.git(t, "tag", "api-1.0.0-light", s.commits[1])
		s.git(t, "tag", "api-gateway-1.0.0", s.commits[1])
		s.git(t, "tag", "other", s.commits[1])

		tags, err := s.Tags(t.Context(), "api-1.0.0")
		if err != nil {
			t.Fatalf("protocol %s: %v", protocol, err)
		}
		slices.SortFunc(tags, func(a, b Tag) int { return strings.Compare(a.Name, b.Name) })
		want := []Tag{{"api-1.0.0", s.commits[0]}, {"api-1.0.0-light", s.commits[1]}}
		if !slices.Equal(tags, want) {
			t.Errorf("protocol %s: got %v, want %v", protocol, tags, want)
		}
	}
}

func TestTagsCostDoesNotGrowWithTheTags(t *testing.T) {
	s := newServer(t)
	var packed strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&packed, "%s refs/tags/api-0.0.%d\n", s.commits[0], i)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "packed-refs"), []byte(packed.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	tags, err := s.Tags(t.Context(), "api-0.0.4999")
	if err != nil || len(tags) != 1 {
		t.Fatalf("got %v, %v", tags, err)
	}
	if s.answered.Load() > 200 {
		t.Errorf("one tag of 5000 took %d bytes", s.answered.Load())
	}
}

func TestEmptyRepository(t *testing.T) {
	for _, protocol := range []string{"2", "0"} {
		s := newServer(t)
		s.protocol = protocol
		s.git(t, "update-ref", "-d", "refs/heads/main")
		if tags, err := s.Tags(t.Context(), ""); err != nil || len(tags) != 0 {
			t.Errorf("protocol %s: got %v, %v", protocol, tags, err)
		}
	}
}

func TestCommitTime(t *testing.T) {
	s := newServer(t)
	want := time.Date(2026, 1, 2, 1, 4, 5, 0, time.UTC)
	for _, filter := range []string{"true", "false"} {
		s.git(t, "config", "uploadpack.allowFilter", filter)
		for _, commit := range s.commits {
			if made, err := s.CommitTime(t.Context(), commit); err != nil || !made.Equal(want) {
				t.Errorf("filter %s: got %v, %v", filter, made, err)
			}
		}
	}
	if _, err := s.CommitTime(t.Context(), strings.Repeat("1", 40)); !errors.Is(err, ErrNoCommit) {
		t.Errorf("a commit that is not there: %v", err)
	}
}

// TestCommitTimeOfLargeCommit: a server without partial clone sends the commit's files too.
func TestCommitTimeOfLargeCommit(t *testing.T) {
	s := newServer(t)
	s.git(t, "config", "uploadpack.allowFilter", "false")
	noise := make([]byte, 24<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	file := filepath.Join(t.TempDir(), "noise")
	if err := os.WriteFile(file, noise, 0o644); err != nil {
		t.Fatal(err)
	}
	s.git(t, "config", "core.compression", "0")
	s.git(t, "update-index", "--add", "--cacheinfo", "100644,"+s.git(t, "hash-object", "-w", file)+",noise")
	commit := s.git(t, "commit-tree", s.git(t, "write-tree"), "-m", "large")
	s.git(t, "update-ref", "refs/heads/main", commit)
	used := peak(func() {
		if _, err := s.CommitTime(t.Context(), commit); err != nil {
			t.Error(err)
		}
	})
	if used > 12 {
		t.Errorf("it took %d MB", used)
	}
}

func TestPushTag(t *testing.T) {
	s := newServer(t)
	tag := Tag{Name: "api-1.0.0", Commit: s.commits[0]}
	if err := s.PushTag(t.Context(), tag, "Release api 1.0.0", time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	if got := s.git(t, "rev-parse", "api-1.0.0^{commit}"); got != tag.Commit {
		t.Errorf("the tag peels to %s, want %s", got, tag.Commit)
	}
	if got := s.git(t, "cat-file", "-t", "api-1.0.0"); got != "tag" {
		t.Errorf("the tag is a %s, want an annotated one", got)
	}
	other := Tag{Name: tag.Name, Commit: s.commits[1]}
	if err := s.PushTag(t.Context(), other, "x", time.Unix(0, 0)); !errors.Is(err, ErrExists) {
		t.Errorf("a second push: %v", err)
	}
	if got := s.git(t, "rev-parse", "api-1.0.0^{commit}"); got != tag.Commit {
		t.Errorf("the second push moved the tag to %s", got)
	}
}

func TestPushTagRaceHasOneWinner(t *testing.T) {
	s := newServer(t)
	const racers = 6
	errs := make([]error, racers)
	var group sync.WaitGroup
	for i := range racers {
		group.Go(func() {
			tag := Tag{Name: "api-1.0.0", Commit: s.commits[i%2]}
			errs[i] = s.PushTag(context.Background(), tag, "x", time.Unix(0, 0))
		})
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, ErrExists):
			t.Errorf("a loser got %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d racers won", won, racers)
	}
}

func TestRefusals(t *testing.T) {
	s := newServer(t)
	hook := "#!/bin/sh\necho 'You are not allowed to create this tag as it is protected.' >&2\nexit 1\n"
	if err := os.WriteFile(filepath.Join(s.dir, "hooks", "pre-receive"), []byte(hook), 0o755); err != nil {
		t.Fatal(err)
	}
	tag := Tag{Name: "api-1.0.0", Commit: s.commits[0]}
	err := s.PushTag(t.Context(), tag, "x", time.Unix(0, 0))
	if err == nil || !strings.Contains(err.Error(), "it is protected") {
		t.Errorf("a protected tag: %v", err)
	}

	s.Token = "wrong-token"
	_, err = s.Tags(t.Context(), "")
	if !errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "wrong-token") {
		t.Errorf("a wrong token: %v", err)
	}
	s.Token = ""
	if _, err = s.Tags(t.Context(), ""); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "--token") {
		t.Errorf("no token: %v", err)
	}
}

func TestAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"https://gitlab.example/group/shop.git":                       "https://gitlab.example/group/shop.git",
		"https://gitlab-ci-token:t0ken@gitlab.example/group/shop.git": "https://gitlab.example/group/shop.git",
		"git@gitlab.example:group/shop.git":                           "https://gitlab.example/group/shop.git",
		"ssh://git@gitlab.example:2222/group/shop.git":                "https://gitlab.example/group/shop.git",
		"http://127.0.0.1:8080/shop.git":                              "http://127.0.0.1:8080/shop.git",
		"https://gitlab.example/group/shop.git?private_token=t0ken":   "https://gitlab.example/group/shop.git",
		"https://gitlab.example/group/shop.git?#t0ken":                "https://gitlab.example/group/shop.git",
		"ssh://git@gitlab.example/group/shop.git?private_token=t0ken": "https://gitlab.example/group/shop.git",
	} {
		if got, err := Address(remote); err != nil || got != want {
			t.Errorf("Address(%q) = %q, %v; want %q", remote, got, err, want)
		}
	}
	if got, err := Address("/srv/git/shop.git"); err == nil {
		t.Errorf("a path gave %q", got)
	}
}

func FuzzReadPacket(f *testing.F) {
	f.Add([]byte("0000"))
	f.Add([]byte("0009hello0001"))
	f.Add([]byte("000eERR no way"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := strings.NewReader(string(data))
		for {
			if _, err := readPacket(r); err != nil {
				break
			}
		}
		_, _ = io.Copy(io.Discard, &sideband{packets: strings.NewReader(string(data))})
	})
}
