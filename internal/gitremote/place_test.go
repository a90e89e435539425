package gitremote

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// at is the same repository as a new call of Ship finds it, at another address.
func (s *server) at(url string) *Remote {
	return &Remote{URL: url, User: s.User, Token: s.Token, Client: s.Client}
}

// TestMoved follows redirects on the same server with every request that a remote gets.
func TestMoved(t *testing.T) {
	s := newServer(t)
	s.git(t, "tag", "shop-1.0.0", s.commits[0])
	for _, status := range []int{301, 302, 307, 308} {
		for _, posts := range []string{"redirected", "not found", "not allowed", "served"} {
			t.Run(fmt.Sprint(status, " ", posts), func(t *testing.T) {
				s.disturb = func(w http.ResponseWriter, r *http.Request) bool {
					path, moved := strings.CutPrefix(r.URL.Path, "/old")
					switch post := r.Method == http.MethodPost; {
					case !moved:
						return false
					case !post || posts == "redirected":
						http.Redirect(w, r, "/new"+path+"?"+r.URL.RawQuery, status)
					case posts == "served":
						r.URL.Path = path
						return false
					case posts == "not found":
						w.WriteHeader(http.StatusNotFound)
					default:
						w.WriteHeader(http.StatusMethodNotAllowed)
					}
					return true
				}
				// git http-backend knows one repository only
				inner := s.disturb
				s.disturb = func(w http.ResponseWriter, r *http.Request) bool {
					if path, is := strings.CutPrefix(r.URL.Path, "/new"); is {
						r.URL.Path = path
						return false
					}
					return inner(w, r)
				}
				tag := Tag{fmt.Sprintf("shop-2.%d.%d", status, len(posts)), s.commits[0]}
				for name, call := range map[string]func(*Remote) error{
					"tags": func(r *Remote) error {
						tags, err := r.Tags(t.Context(), "shop-1.0.0")
						if len(tags) != 1 {
							err = errors.Join(err, fmt.Errorf("%v", tags))
						}
						return err
					},
					"time": func(r *Remote) error {
						_, err := r.CommitTime(t.Context(),
							s.commits[1])
						return err
					},
					"right to push": func(r *Remote) error { return r.CheckPush(t.Context()) },
					"push": func(r *Remote) error {
						return r.PushTag(t.Context(), tag, "x",
							time.Unix(1, 0))
					},
					"order": func(r *Remote) error {
						order, _, err := r.Order(t.Context(), s.commits[1], s.commits[0])
						if order != After {
							err = errors.Join(err, errors.New(order.String()))
						}
						return err
					},
					"history": func(r *Remote) error {
						_, err := r.History(t.Context(),
							Range{To: s.commits[1]})
						return err
					},
					"what git needs": func(r *Remote) error { return r.Resolve(t.Context()) },
				} {
					moved := s.at(s.URL + "/old/")
					if err := call(moved); err != nil {
						t.Errorf("%s: %v", name, err)
					}
					if err := moved.Resolve(t.Context()); err != nil {
						t.Errorf("resolve after %s: %v", name, err)
					}
					if address, fetchable := moved.Place(); address != s.URL+"/new" || !fetchable {
						t.Errorf("after %s it is at %s, %v", name, address, fetchable)
					}
				}
			})
		}
	}
}

// TestRedirectsElsewhere holds that nothing is sent to another server that a redirect names, and
// that the error names it.
func TestRedirectsElsewhere(t *testing.T) {
	s := newServer(t)
	var asked atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, gets := range []bool{true, false} { // whether only those are redirected
			s.disturb = func(w http.ResponseWriter, r *http.Request) bool {
				if gets && r.Method == http.MethodPost {
					return false
				}
				http.Redirect(w, r, strings.Replace(elsewhere.URL, "//", "//user:private@", 1)+"/acme"+r.URL.Path+
					"?private_token=private", status)
				return true
			}
			for name, call := range map[string]func(*Remote) error{
				"tags": func(r *Remote) error { _, err := r.Tags(t.Context(), ""); return err },
				"time": func(r *Remote) error {
					_, err := r.CommitTime(t.Context(),
						s.commits[1])
					return err
				},
				"order": func(r *Remote) error {
					_, _, err := r.Order(t.Context(), s.commits[1], s.commits[0])
					return err
				},
				"history": func(r *Remote) error {
					_, err := r.History(t.Context(),
						Range{To: s.commits[1]})
					return err
				},
				"right to push": func(r *Remote) error { return r.CheckPush(t.Context()) },
				"push": func(r *Remote) error {
					return r.PushTag(t.Context(), Tag{"shop-1.0.0", s.commits[0]}, "x", time.Unix(1, 0))
				},
				"what git needs": func(r *Remote) error { return r.Resolve(t.Context()) },
			} {
				remote := s.at(s.URL)
				err := call(remote)
				if gets && slices.Contains([]string{"tags", "time", "history", "order"}, name) {
					if err != nil {
						t.Errorf("%s, which is not redirected: %v", name, err)
					}
					if _, fetchable := remote.Place(); fetchable {
						t.Errorf("after %s git may fetch, though it was not asked where from", name)
					}
					continue
				}
				want := "the git remote leads to " + elsewhere.URL + "/acme: name that with --remote"
				if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "private") {
					t.Errorf("%s, status %d: %v, want %s", name, status, err, want)
				}
				if _, fetchable := remote.Place(); fetchable {
					t.Errorf("after %s git may fetch", name)
				}
			}
		}
	}
	if asked.Load() != 0 {
		t.Errorf("the other server was asked %d times", asked.Load())
	}
}

// TestTooLongName holds that nothing is asked: without the argument that is too long, git would
// send all refs.
func TestTooLongName(t *testing.T) {
	s, requests := newServer(t), 0
	s.disturb = func(http.ResponseWriter, *http.Request) bool { requests++; return false }
	if tags, err := s.Tags(t.Context(), strings.Repeat("a", 70_000)); err == nil || requests != 0 ||
		len(err.Error()) > 400 {
		t.Errorf("%d tags, %.400v, %d requests", len(tags), err, requests)
	}
	long := Tag{strings.Repeat("a", 70_000), s.commits[0]}
	if err := s.PushTag(t.Context(), long, "x", time.Unix(1, 0)); err == nil {
		t.Error("pushed a tag with a name that is too long")
	}
	s.git(t, "tag", "shop-1.0.0", s.commits[0])
	if tags, err := s.Tags(t.Context()); err != nil || len(tags) != 0 {
		t.Errorf("no names: %v, %v", tags, err)
	}
}
