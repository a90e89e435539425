package source

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"dagger/ship/internal/gitremote"
)

// TestConceal: what a server says in confidence is kept out of all that is printed, and plain words are not.
func TestConceal(t *testing.T) {
	const signature = "0123456789abcdef"
	for name, c := range map[string]struct {
		gitremote.Download
		want []string
	}{
		"a header":         {gitremote.Download{URL: "https://a/x", Authorization: "Basic dTpw"}, []string{"dTpw"}},
		"a word":           {gitremote.Download{URL: "https://a/x", Authorization: "token"}, []string{"token"}},
		"a signed address": {gitremote.Download{URL: "https://a/x?ref=main&sig=" + signature}, []string{signature}},
		"encoded":          {gitremote.Download{URL: "https://a/x?sig=%2F" + signature}, []string{"/" + signature}},
		"a plain address":  {gitremote.Download{URL: "https://a/x?ref=main"}, nil},
		"an error":         {gitremote.Download{Err: errors.New("none")}, nil},
	} {
		var hidden []string
		commit := &Commit{hide: func(secrets ...string) { hidden = append(hidden, secrets...) }}
		commit.conceal(c.Download)
		hidden = slices.DeleteFunc(hidden, func(secret string) bool { return secret == "" })
		if !slices.Equal(hidden, c.want) {
			t.Errorf("%s: hides %q, want %q", name, hidden, c.want)
		}
	}
}

// TestUnsigned: the error of a download does not show what signs its address.
func TestUnsigned(t *testing.T) {
	const address = "https://s.example.com/x?sig=secret&a=b"
	for said, want := range map[string]string{
		"get " + address + ": refused":       "get https://s.example.com/x?...: refused",
		"refused":                            "refused",
		"tls: x509: certificate has expired": "SSL_CERT_FILE",
	} {
		got := unsigned(errors.New(said), address).Error()
		if !strings.Contains(got, want) || strings.Contains(got, "secret") {
			t.Errorf("%s: %s, want %s", said, got, want)
		}
	}
	if got := unsigned(errors.New("what?"), "https://a/x?"); got.Error() != "what?" {
		t.Error(got)
	}
}

// TestMissing: the error names the first file by its place in the repo, and says how many more there are.
func TestMissing(t *testing.T) {
	commit := &Commit{Path: "services/api"}
	err := commit.missing([]large{{file: "a.bin"}, {file: "b.bin"}, {file: "c.bin"}}, errors.New("why"))
	const want = "services/api/a.bin (and 2 more) is in Git LFS, and the contents cannot be had: why\n"
	if !strings.HasPrefix(err.Error(), want) {
		t.Error(err)
	}
}
