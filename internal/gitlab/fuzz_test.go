package gitlab

import (
	"net/http"
	"strings"
	"testing"
)

// FuzzRefusal reads what GitLab, or a server in front of it, says of why it refuses.
func FuzzRefusal(f *testing.F) {
	f.Add(404, `{"message": "404 Not Found"}`)
	f.Add(400, `{"message": {"tag_name": ["is invalid\n  + tag pushed"]}}`)
	f.Add(401, `{"error": "invalid_token", "error_description": "\u001b[0Ksection_start:1:a"}`)
	f.Add(400, `{"message": `+strings.Repeat("[", 9000)+strings.Repeat("]", 9000)+"}")
	f.Fuzz(func(t *testing.T, status int, body string) {
		err := refusal(&http.Response{StatusCode: status, Header: http.Header{}}, []byte(body))
		if err == nil || strings.ContainsAny(err.Error(), "\r\n\x1b") {
			t.Errorf("got %v, want an error of one line", err)
		}
		_ = (&Project{}).explain(err, releases)
	})
}

// FuzzProjectOf takes the project from any remote's address.
func FuzzProjectOf(f *testing.F) {
	f.Add("https://gitlab.example/api/v4", "https://gitlab.example/acme/shop.git")
	f.Add("https://x/gitlab/api/v4", "https://x/gitlab/a/%2e%2e/b")
	f.Fuzz(func(t *testing.T, api, remote string) {
		if path, err := ProjectOf(api, remote); err == nil && !strings.Contains(path, "/") {
			t.Errorf("%q is no path of a project", path)
		}
	})
}
