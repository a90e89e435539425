package registry

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"dagger/ship/internal/limit"
)

// maxMemory is how many bytes a request may need: all that it ever allocates here, though most of
// that is soon free again.
const maxMemory = 64 << 20

// flood sends a text again and again until its client goes away, or a number of times, and says
// that it has a size.
func flood(w http.ResponseWriter, text string, times int64) {
	block := []byte(strings.Repeat(text, 1+(1<<16)/len(text)))
	for sent := int64(0); sent < times; sent += int64(len(block) / len(text)) {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

const forEver = 1 << 40

// TestMemory holds that a request stays within its memory, whatever a registry sends.
func TestMemory(t *testing.T) {
	fill := func(begin, text, end string) []byte { // as much as is read
		return []byte(begin + strings.Repeat(text, (4<<20-len(begin)-len(end))/len(text)) + end)
	}
	send := func(data []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }
	}
	var bomb bytes.Buffer
	packed, _ := gzip.NewWriterLevel(&bomb, gzip.BestCompression)
	_, _ = io.Copy(packed, io.LimitReader(zeros{}, 256<<20))
	_ = packed.Close()
	first := func(then func(http.ResponseWriter)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/1.0.0") {
				fmt.Fprintf(w, `{"config": {"digest": "sha256:%064d", "size": %d}}`, 1, int64(1)<<62)
				return
			}
			then(w)
		}
	}
	for kind, c := range map[string]struct {
		handle   http.HandlerFunc
		exceeded bool // else it is any other error, or none
	}{
		"a manifest without end": {func(w http.ResponseWriter, _ *http.Request) { flood(w, "{", forEver) }, true},
		"a manifest of 2^62 bytes": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.FormatInt(1<<62, 10))
			flood(w, "{", forEver)
		}, true},
		"a manifest that unpacks": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		}, true},
		"a config without end": {first(func(w http.ResponseWriter) { flood(w, "x", forEver) }), true},
		"a config of 2^62 bytes": {first(func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", strconv.FormatInt(1<<62, 10))
			flood(w, "x", forEver)
		}), true},
		"an error without end": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			flood(w, "x", forEver)
		}, false},
		"errors without end": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprint(w, `{"errors":[{}`)
			flood(w, ",{}", forEver)
		}, false},
		"a token without end": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				fmt.Fprint(w, `{"token":"`)
				flood(w, "x", forEver)
				return
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="https://`+r.Host+`/token"`)
			w.WriteHeader(http.StatusUnauthorized)
		}, false},
		"an index of many":    {send(fill(`{"manifests":[{}`, `,{}`, `]}`)), false},
		"an index of nothing": {send(fill(`{"manifests":[0`, `,0`, `]}`)), false},
		"many annotations":    {send(fill(`{"annotations":{"":""`, `,"":""`, `}}`)), false},
		"a deep one":          {send(fill(``, `[`, ``)), false},
		"deep indexes":        {deep(), true},
	} {
		f := newFake(t, c.handle)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		found, err := f.Look(t.Context(), "1.0.0")
		runtime.ReadMemStats(&after)
		if errors.Is(err, limit.ErrExceeded) != c.exceeded || errors.Is(err, ErrNotFound) ||
			len(fmt.Sprint(err)) > 64<<10 { // it is shortened when it is printed, after secrets are hidden
			t.Errorf("%s: %+v, %.1200v", kind, found, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > maxMemory {
			t.Errorf("%s: it took %d MB", kind, took>>20)
		}
	}
}

// deep is an index of an index of an index, and so on.
func deep() http.HandlerFunc {
	manifests := map[string][]byte{}
	data := []byte(`{}`)
	for range 20 {
		digest := digest.FromBytes(data).String()
		manifests[digest] = data
		data = fmt.Appendf(nil, `{"manifests":[{"digest":%q}]}`, digest)
	}
	manifests["1.0.0"] = data
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(manifests[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]])
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
