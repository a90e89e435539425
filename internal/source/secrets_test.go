package source

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	sdk "dagger.io/dagger"

	"dagger/ship/internal/dagger"
)

// session answers what the SDK asks about secrets, as an engine does, and counts which fields were
// asked for.
type session struct {
	mu    sync.Mutex
	asked map[string]int
}

// secretQuery is a query for one field of a secret, which is from a place or was set under a name.
var secretQuery = regexp.MustCompile(`\{(secret|setSecret)\(.*(?:uri|name):("(?:[^"\\]|\\.)*").*\)\{(\w+)\}\}$`)

func (s *session) Host() string { return "session" }
func (s *session) Close() error { return nil }

func (s *session) Do(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var ask struct{ Query string }
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		return nil, err
	}
	parts := secretQuery.FindStringSubmatch(ask.Query)
	if parts == nil {
		return nil, fmt.Errorf("unexpected query %s", ask.Query)
	}
	kind, field, place, value, failed := parts[1], parts[3], "", "", ""
	if err := json.Unmarshal([]byte(parts[2]), &place); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.asked[field]++
	s.mu.Unlock()
	switch {
	case field == "uri" && kind == "secret", field == "name" && kind == "setSecret":
		value = place
	case field == "plaintext" && strings.HasPrefix(place, "file://"):
		failed = "no such file"
	case field == "plaintext":
		var is bool
		if value, is = os.LookupEnv(strings.TrimPrefix(place, "env://")); !is {
			failed = fmt.Sprintf("secret env var not found: %q", place)
		}
	}
	answer := map[string]any{"data": map[string]any{kind: map[string]string{field: value}}}
	if failed != "" {
		answer = map[string]any{"errors": []map[string]string{{"message": failed}}}
	}
	text, err := json.Marshal(answer)
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(text)))}, err
}

func connect(t *testing.T) (*dagger.Client, *session) {
	t.Helper()
	s := &session{asked: map[string]int{}}
	client, err := sdk.Connect(t.Context(), sdk.WithConn(s))
	if err != nil {
		t.Fatal(err)
	}
	return client, s
}

func TestSecrets(t *testing.T) {
	client, s := connect(t)
	secret := func(uri string) *dagger.Secret { return client.Secret(uri) }
	set := func(name string) *dagger.Secret { return client.SetSecret(name, "x") }
	for name, c := range map[string]struct {
		list []*dagger.Secret
		want string // NAME, with / if it is a file; or the error's beginning
	}{
		"none":        {nil, ""},
		"only a hole": {[]*dagger.Secret{nil}, ""},
		"each kind": {[]*dagger.Secret{
			secret("env://DB_PASSWORD"), nil, secret("file:///builds/app.tmp/GOOGLE_APPLICATION_CREDENTIALS"),
			secret("file://~/key.json"), secret("file://plain"), secret("vault://team/app.password"),
			secret("op://vault/item/field"), secret("cmd://pass show team/TOKEN"), set("mine"),
			secret("gcp://project/KEY?version=2"), secret("aws+sm://team/PLACE#field"),
		}, "DB_PASSWORD GOOGLE_APPLICATION_CREDENTIALS/ KEY PLACE TOKEN app.password field key.json/ mine plain/"},
		"names differ by case": {[]*dagger.Secret{secret("env://a"), secret("env://A")}, "A a"},
		"one name": {
			[]*dagger.Secret{secret("env://KEY"), secret("file:///run/KEY")},
			"--secrets has two secrets that are called KEY: env://KEY and file:///run/KEY: give one",
		},
		"one name, set": {
			[]*dagger.Secret{set("KEY"), secret("env://KEY")},
			"--secrets has two secrets that are called KEY: a secret that was set as KEY and env://KEY: give one",
		},
		"one place": {
			[]*dagger.Secret{secret("env://KEY"), secret("env://KEY")},
			"--secrets has env://KEY twice, or with another secret of the same value",
		},
		"no name":       {[]*dagger.Secret{secret("env://")}, "--secrets has env://, which gives no name"},
		"a file's root": {[]*dagger.Secret{secret("file:///")}, "--secrets has file:///, which gives no name"},
		"others' place": {[]*dagger.Secret{secret("vault://#x")}, "--secrets has vault://#x, which gives no name"},
		"a set one":     {[]*dagger.Secret{set("")}, "--secrets has a secret that was set as , which gives no name"},
		"on one line": {
			[]*dagger.Secret{secret("env://a\nb"), secret("file:///a\nb")},
			"--secrets has two secrets that are called a b: env://a b and file:///a b: give one",
		},
	} {
		got, err := Secrets(t.Context(), c.list)
		var names []string
		for _, name := range slices.Sorted(maps.Keys(got)) {
			if n := got[name]; n.Name != name || n.Secret == nil {
				t.Errorf("%s: %s is %+v", name, name, n)
			}
			if got[name].File {
				name += "/"
			}
			names = append(names, name)
		}
		text := strings.Join(names, " ")
		if err != nil {
			text = err.Error()
		}
		if text != c.want && (err == nil || !strings.HasPrefix(text, c.want)) {
			t.Errorf("%s:\n got %s\nwant %s", name, text, c.want)
		}
	}
	if s.asked["plaintext"] > 0 {
		t.Errorf("%d secrets were read", s.asked["plaintext"])
	}
	if _, err := Secrets(canceled(t), []*dagger.Secret{secret("env://A")}); err == nil ||
		!strings.Contains(err.Error(), "ask where --secrets are from") {
		t.Errorf("a session that does not answer: %v", err)
	}
}

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// TestSecretsAreReadLate: what is not set is an error once it is needed, and then every time.
func TestSecretsAreReadLate(t *testing.T) {
	client, s := connect(t)
	t.Setenv("SHIP_TEST_SET", " value\n")
	t.Setenv("SHIP_TEST_EMPTY", "")
	list := []*dagger.Secret{client.Secret("env://SHIP_TEST_SET"), client.Secret("env://SHIP_TEST_EMPTY"),
		client.Secret("env://SHIP_TEST_NONE"), client.Secret("file:///none/KEY")}
	secrets, err := Secrets(t.Context(), list)
	if err != nil || len(secrets) != 4 || s.asked["plaintext"] > 0 {
		t.Fatalf("%v, %v, %v", secrets, err, s.asked)
	}
	if text, err := secrets["SHIP_TEST_SET"].Text(t.Context()); err != nil || text != "value" {
		t.Errorf("%q, %v", text, err)
	}
	for _, name := range []string{"SHIP_TEST_EMPTY", "SHIP_TEST_NONE"} {
		want := "the secret " + name + " (env://" + name + ") is not set, or empty: set it."
		if text, err := secrets[name].Text(t.Context()); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	text, err := secrets["KEY"].Text(t.Context())
	if err == nil || !strings.Contains(err.Error(), "read --secrets=file:///none/KEY: ") {
		t.Errorf("a file that is not there: %q, %v", text, err)
	}
}
