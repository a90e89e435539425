package registry

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// FuzzRefusal reads what a registry, or a server in front of it, says of why it refuses.
func FuzzRefusal(f *testing.F) {
	f.Add(403, `{"errors": [{"code": "DENIED", "message": "no", "detail": {"a": [1]}}]}`)
	f.Add(502, "<html><title>Bad\x1b[0K Gateway</title>")
	f.Add(400, `{"errors": [`+strings.Repeat(`{"detail": [`, 3000))
	f.Add(400, strings.Repeat("<", 100_000))
	f.Fuzz(func(t *testing.T, status int, body string) {
		request, _ := http.NewRequest(http.MethodGet, "https://r.example/v2/", nil)
		answer := io.NopCloser(strings.NewReader(body))
		r := readRefusal(&http.Response{StatusCode: status, Request: request, Body: answer})
		if said := r.Error(); strings.ContainsAny(said, "\x1b\r") {
			t.Errorf("control characters in %q", said)
		}
		r.refusesMove()
	})
}

// FuzzImage reads a manifest, and the config that it names, as a registry answers them.
func FuzzImage(f *testing.F) {
	f.Add(`{"annotations": {"org.opencontainers.image.revision": "c"}}`)
	f.Add(`{"config": {"digest": "sha256:1"}}`)
	f.Add(`{"manifests": [{"digest": "sha256:` + strings.Repeat("0", 64) + `"}]}`)
	f.Add(`{"manifests": ` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}")
	f.Add(`{"config": null, "manifests": []}`)
	f.Fuzz(func(t *testing.T, data string) {
		// whatever else it names is asked for at a place that does not answer
		fake := newFake(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, data) })
		_, _ = fake.says(t.Context(), []byte(data), 0)
	})
}
