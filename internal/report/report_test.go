package report

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestText(t *testing.T) {
	r := Report{Project: "shop 1.4.0", Commit: strings.Repeat("c", 40), Outcome: Released, Steps: []Step{
		{Name: "build", State: Done, Text: "Dockerfile", Took: 21340 * time.Millisecond},
		{Name: "tag", State: Skipped, Text: "shop-1.4.0 is at ccccccc", Took: 20 * time.Millisecond},
	}}
	want := "shop 1.4.0 at ccccccc: released (21.4s)\n" +
		"|- + build              Dockerfile (21.3s)\n" +
		"`- = tag                shop-1.4.0 is at ccccccc\n"
	if got := ASCII.Text(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	want = strings.NewReplacer("|-", "├─", "`-", "└─", "+", "✔").Replace(want)
	if got := Unicode.Text(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestTextOfStepsTogether has steps that went at the same time: their longest counts, and the text names the first that was taken.
func TestTextOfStepsTogether(t *testing.T) {
	r := Report{Project: "shop 1.4.0", Outcome: Released, Steps: []Step{
		{Name: "tag", State: Done, Took: time.Second},
		{Name: "deploy asia", State: Skipped, Text: "asia runs 1.4.0"},
		{Name: "deploy eu", State: Done, Text: "eu runs", Took: 2 * time.Second, Beside: true},
		{Name: "deploy us", State: Done, Text: "us runs", Took: 5 * time.Second, Beside: true},
		{Name: "deploy live", State: Planned, Took: 3 * time.Second},
		{Name: "deploy late", State: Planned, Beside: true},
	}}
	want := "shop 1.4.0: released (9s)\n" +
		"|- + tag (1s)\n" +
		"|- = deploy asia        asia runs 1.4.0\n" +
		"|- + deploy eu          eu runs (2s)\n" +
		"|- + deploy us          us runs (5s, together with deploy eu)\n" +
		"|- > deploy live (3s)\n" +
		"`- > deploy late (together with deploy live)\n"
	if got := ASCII.Text(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTextOfSeveral(t *testing.T) {
	reports := []Report{
		{Project: "api 1.3.0", Outcome: Released, Steps: []Step{{Name: "tag", State: Done, Text: "pushed"}, {Name: "deploy test", State: Done}}},
		{Project: "frontend 2.0.0", Outcome: Nothing, Steps: []Step{{Name: "tag", State: Skipped}}},
		{Project: "batch", Cause: "read: no manifest\nmore", Steps: []Step{{Name: "read", State: Failed}}},
	}
	want := "3 projects: 1 released, 1 nothing to do, 1 failed\n" +
		"|- + api 1.3.0      released\n" +
		"|  |- + tag                pushed\n" +
		"|  `- + deploy test\n" +
		"|- = frontend 2.0.0 nothing to do\n" +
		"`- x batch          read: no manifest\n" +
		"   `- x read\n"
	if got := ASCII.Text(reports...); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	plan := []Report{{Project: "a", Steps: []Step{{State: Planned}}}, {Project: "b", Steps: []Step{{State: Skipped}}}}
	if got, _, _ := strings.Cut(ASCII.Text(plan...), "\n"); got != "2 projects: 1 to be released, 1 nothing to do" {
		t.Errorf("a plan: %s", got)
	}
}

func TestRedactEveryForm(t *testing.T) {
	secret := `p@ss/w"rd+42%`
	var r Redactor
	r.Add(secret)
	quoted, _ := json.Marshal(secret)
	for name, text := range map[string]string{
		"as it is":       "https://oauth2:" + secret + "@host",
		"query":          "?token=" + url.QueryEscape(secret),
		"path":           "/" + url.PathEscape(secret),
		"JSON":           string(quoted),
		"base64":         base64.StdEncoding.EncodeToString([]byte(secret)),
		"header, 1":      base64.StdEncoding.EncodeToString([]byte("a:" + secret)),
		"header, 2":      base64.StdEncoding.EncodeToString([]byte("ab:" + secret)),
		"header, 3":      base64.StdEncoding.EncodeToString([]byte("abc:" + secret + "!")),
		"base64 for URL": base64.RawURLEncoding.EncodeToString([]byte(secret)),
	} {
		redacted := r.Redact("before " + text + " after")
		if !strings.Contains(redacted, "***") || !strings.HasPrefix(redacted, "before ") || !strings.HasSuffix(redacted, " after") {
			t.Errorf("%s: %q became %q", name, text, redacted)
		}
	}
}

func TestRedactKubeconfig(t *testing.T) {
	var r Redactor
	r.Add("users:\n- name: admin\n  user:\n    token: \"eyJhbGciOiJSUzI1NiIsImtpZCI6\"\nclusters:\n- cluster:\n    server: https://cluster.example:6443\n")
	got := r.Redact("x509: token eyJhbGciOiJSUzI1NiIsImtpZCI6 refused by https://cluster.example:6443 for admin")
	if want := "x509: token *** refused by https://cluster.example:6443 for admin"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRedactKubeconfigHoweverItIsWritten(t *testing.T) {
	for _, kubeconfig := range []string{
		`users: [{name: u, user: {token: "a-token-that-is-long-enough"}}]`,
		`{"users":[{"name":"u","user":{"token":"a-token-that-is-long-enough"}}]}`,
		`{"users": [{"name": "u", "user": {"password" : "hunter2"}}]}`,
		"users:\n- user:\n    password: hunter2\n",
		"users:\n- user: {username: u, password: hunter2}\n",
	} {
		var r Redactor
		r.Add(kubeconfig)
		for _, secret := range []string{"a-token-that-is-long-enough", "hunter2"} {
			if strings.Contains(kubeconfig, secret) && strings.Contains(r.Redact("said "+secret), secret) {
				t.Errorf("%s: %s shows", kubeconfig, secret)
			}
		}
		if got := r.Redact("users of u"); got != "users of u" {
			t.Errorf("%s: %q", kubeconfig, got)
		}
	}
}

func TestRedactLeavesOtherTextAlone(t *testing.T) {
	var r Redactor
	r.Add("", "abc")
	if got := r.Redact("abc def"); got != "abc def" {
		t.Errorf("got %q", got)
	}
}
