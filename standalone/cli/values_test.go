package cli

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"dagger.io/dagger"
)

// queries keeps what a client asks a session, and answers nothing.
type queries []string

func (q *queries) Host() string { return "session" }
func (q *queries) Close() error { return nil }
func (q *queries) Do(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	*q = append(*q, string(text))
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"data":{}}`))}, err
}

// TestSecrets looks which secrets the session is asked for.
func TestSecrets(t *testing.T) {
	asked := &queries{}
	client, err := dagger.Connect(t.Context(), dagger.WithConn(asked))
	if err != nil {
		t.Fatal(err)
	}
	uri := func(text string) []string { return []string{fmt.Sprintf("uri:%q", text)} }
	const places = "env://A, file:///builds/app.tmp/B ,vault://c.d"
	for _, c := range []struct {
		text string
		list bool
		want [][]string // for each secret, what is in the query for it
	}{
		{"", false, nil},
		{"", true, nil},
		{"  ", true, nil},
		{"env://A", false, [][]string{uri("env://A")}},
		{"env://A", true, [][]string{uri("env://A")}},
		{places, true, [][]string{uri("env://A"), uri("file:///builds/app.tmp/B"), uri("vault://c.d")}},
		{"env://A?cacheKey=a,env://B", true, [][]string{append(uri("env://A"), `cacheKey:"a"`), uri("env://B")}},
		{"gcp://a/b?version=2&cacheKey=a%20b", false, [][]string{append(uri("gcp://a/b?version=2"), `cacheKey:"a b"`)}},
		{"gcp://a/b?version=2", false, [][]string{uri("gcp://a/b?version=2")}},
		{"file:///a?b", false, [][]string{uri("file:///a?b")}},
	} {
		want := reflect.TypeFor[*dagger.Secret]()
		if c.list {
			want = reflect.TypeFor[[]*dagger.Secret]()
		}
		value, err := convert(t.Context(), client, want, c.text)
		if err != nil || value.Type() != want {
			t.Errorf("%q: %v, %v", c.text, value, err)
			continue
		}
		list, isList := value.Interface().([]*dagger.Secret)
		if one, is := value.Interface().(*dagger.Secret); !isList && is && one != nil {
			list = []*dagger.Secret{one}
		}
		if len(list) != len(c.want) {
			t.Errorf("%q: %d secrets, want %d", c.text, len(list), len(c.want))
			continue
		}
		for i, secret := range list {
			*asked = nil
			_, _ = secret.Plaintext(t.Context())
			got := strings.ReplaceAll(strings.Join(*asked, " "), `\"`, `"`)
			for _, part := range c.want[i] {
				if !strings.Contains(got, part) || strings.Contains(got, "cacheKey") != (len(c.want[i]) > 1) {
					t.Errorf("%q: asked %s, want %s", c.text, got, c.want[i])
				}
			}
		}
	}
	for _, text := range []string{"A", "env://A,B", "env://A,", ",", "s3cret"} {
		_, err := convert(t.Context(), client, reflect.TypeFor[[]*dagger.Secret](), text)
		if err == nil || !strings.Contains(err.Error(), "give a secret as env://NAME") ||
			strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
