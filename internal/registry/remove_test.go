package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// tagged is a registry that has tags by digest, in pages of two, and removes what kind says.
func tagged(tags map[string]string, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, of, _ := strings.Cut(r.URL.Path, "/manifests/")
		isDigest := strings.HasPrefix(of, "sha256:")
		switch {
		case strings.HasSuffix(r.URL.Path, "/tags/list"):
			names := slices.Sorted(maps.Keys(tags))
			from := slices.IndexFunc(names, func(name string) bool { return name > r.URL.Query().Get("last") })
			page := names[max(from, 0):min(max(from, 0)+2, len(names))]
			if from >= 0 && from+2 < len(names) {
				w.Header().
					Set("Link", fmt.Sprintf(`<http://elsewhere.example.com/v2/x?last=%s&n=2>; rel="next"`, page[1]))
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"name": name, "tags": page})
		case r.Method == http.MethodDelete && (kind == "nothing" || kind == "digests" && !isDigest):
			w.WriteHeader(http.StatusMethodNotAllowed)
		case r.Method == http.MethodDelete:
			maps.DeleteFunc(tags, func(tag, digest string) bool { return tag == of || digest == of })
			w.WriteHeader(http.StatusAccepted)
		case tags[of] == "":
			w.WriteHeader(http.StatusNotFound)
		default:
			w.Header().Set(digestHeader, tags[of])
		}
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	one, two := "sha256:"+strings.Repeat("1", 64), "sha256:"+strings.Repeat("2", 64)
	for what, c := range map[string]struct {
		kind, tag, want string
		left            string
	}{
		"a tag":                     {"tags", "b", "", "a c d e"},
		"its manifest":              {"digests", "b", "", "a c d e"},
		"a manifest with two tags":  {"digests", "d", "two tags are of one", "a b c d e"},
		"a tag of two":              {"tags", "d", "", "a b c e"},
		"nothing":                   {"nothing", "b", "the registry removes nothing", "a b c d e"},
		"a tag that is not there":   {"tags", "f", "", "a b c d e"},
		"a tag that was moved here": {"digests", "c", "two tags are of one", "a b c d e"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			tags := map[string]string{"a": "", "b": one, "c": "sha256:" + strings.Repeat("3", 64), "d": two, "e": two}
			tags["a"] = "sha256:" + strings.Repeat("4", 64)
			f := newFake(t, tagged(tags, c.kind))
			digest := tags[c.tag]
			if what == "a tag that was moved here" {
				digest = "sha256:" + strings.Repeat("5", 64)
			}
			err := f.Remove(t.Context(), c.tag, digest)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("removed with %v, want %q", err, c.want)
			}
			if left := strings.Join(slices.Sorted(maps.Keys(tags)), " "); left != c.left {
				t.Errorf("left are %s, want %s", left, c.left)
			}
			found, err := f.Tags(t.Context())
			if err != nil || strings.Join(found, " ") != c.left {
				t.Errorf("the tags are %v: %v", found, err)
			}
			for _, line := range f.sent {
				if strings.Contains(line, "elsewhere") {
					t.Error(line)
				}
			}
		})
	}
}

// TestNoTags: a repository that nothing was pushed to has no tags. What is no list is an error.
func TestNoTags(t *testing.T) {
	t.Parallel()
	none := newFake(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	if tags, err := none.Tags(t.Context()); err != nil || len(tags) > 0 {
		t.Errorf("%v, %v", tags, err)
	}
	odd := newFake(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	if _, err := odd.Tags(t.Context()); err == nil {
		t.Error("a page is no list")
	}
	endless := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `</v2/x?last=`+r.URL.Query().Get("last")+`a>; rel="next"`)
		_, _ = w.Write([]byte(`{"tags": ["` + strings.Repeat("a", 1<<20) + `"]}`))
	})
	if _, err := endless.Tags(t.Context()); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("a list without an end: %v", err)
	}
}
