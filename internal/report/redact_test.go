package report

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// TestRedactEveryForm has a secret as programs print it.
func TestRedactEveryForm(t *testing.T) {
	secret := `p@ss/w"rd+42% <ü&\>`
	var r Redactor
	r.Add(secret)
	quoted, _ := json.Marshal(secret)
	again, _ := json.Marshal(string(quoted))
	var plain strings.Builder
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(secret)
	file, _ := json.Marshal(map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte("ship:" + secret))})
	wrapped := base64.StdEncoding.EncodeToString([]byte("a:" + secret))
	every := strings.Builder{}
	for _, b := range []byte(secret) {
		fmt.Fprintf(&every, "%%%02x", b)
	}
	for name, text := range map[string]string{
		"as it is":               secret,
		"query":                  "?token=" + url.QueryEscape(secret),
		"path":                   "/" + url.PathEscape(secret),
		"lower-case digits":      strings.ToLower(url.QueryEscape(secret)),
		"every byte":             every.String(),
		"user of an address":     "https://" + url.User(secret).String() + "@host",
		"password of an address": "https://" + url.UserPassword("oauth2", secret).String() + "@host",
		"twice":                  url.QueryEscape(url.QueryEscape(secret)),
		"JSON":                   string(quoted),
		"JSON as others write":   strings.TrimSpace(plain.String()),
		"JSON with slashes":      strings.ReplaceAll(string(quoted), "/", `\/`),
		"JSON in JSON":           string(again),
		"JSON of ASCII":          strings.ReplaceAll(string(quoted), "ü", `\u00FC`),
		"Go":                     fmt.Sprintf("%q", secret),
		"Go of ASCII":            fmt.Sprintf("%+q", secret),
		"HTML":                   html.EscapeString(secret),
		"base64":                 base64.StdEncoding.EncodeToString([]byte(secret)),
		"header, 1":              base64.StdEncoding.EncodeToString([]byte("a:" + secret)),
		"header, 2":              base64.StdEncoding.EncodeToString([]byte("ab:" + secret)),
		"header, 3":              base64.StdEncoding.EncodeToString([]byte("abc:" + secret + "!")),
		"base64 for URL":         base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"base64 in an address":   "/" + url.QueryEscape(wrapped),
		"base64 of lines":        wrapped[:12] + "\n    " + wrapped[12:24] + "\r\n" + wrapped[24:],
		"base64 of JSON":         base64.StdEncoding.EncodeToString([]byte(string(quoted))),
		"Docker's file":          string(file),
		"a Secret of that":       base64.StdEncoding.EncodeToString(file),
	} {
		redacted := r.Redact("before " + text + " after")
		if !strings.Contains(redacted, "***") || !strings.HasPrefix(redacted, "before ") ||
			!strings.HasSuffix(redacted, " after") ||
			strings.Contains(redacted, "42") {
			t.Errorf("%s: %q became %q", name, text, redacted)
		}
	}
}

// used is the processor time of the test so far: others may use the machine too.
func used(t *testing.T) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// TestRedactLongText has a server's page of a megabyte, in which there is much that could be
// encoded.
func TestRedactLongText(t *testing.T) {
	secret := "glpat-0123456789abcdefghij"
	var r Redactor
	r.Add(secret, "another secret of words")
	for name, filling := range map[string]string{
		"words":   "the quick brown fox jumps over the lazy dog ",
		"base64":  base64.StdEncoding.EncodeToString([]byte("the quick brown fox jumps over the lazy dog")),
		"starts":  "glpat-01 glpat-0123 gl",
		"zeros":   "\x00",
		"escapes": `%5c%255c\\u0025\\\"&amp;&#38;+`,
	} {
		text := strings.Repeat(filling, 1<<20/len(filling)) + " " + secret
		start := used(t)
		var redacted string
		if name == "escapes" { // only an attacker writes so much of it
			redacted = r.Text(strings.Repeat(text, 10))
		} else if redacted = r.Redact(text); len(redacted) != len(text)-len(secret)+3 {
			t.Errorf("%s: %d letters, want %d", name, len(redacted), len(text)-len(secret)+3)
		}
		if took := used(t) - start; took > 8*time.Second {
			t.Errorf("%s: it took %s", name, took)
		} else {
			t.Log(name, took)
		}
		if strings.Contains(redacted, secret) {
			t.Errorf("%s: it shows", name)
		}
	}
}

// TestLongTextsShowNoHalfSecret has so many blanks, which become one, that only the ends of the
// text are read.
func TestLongTextsShowNoHalfSecret(t *testing.T) {
	secret := strings.Repeat("s3cr3t", 8)
	var r Redactor
	r.Add(secret)
	for at := maxEnd - len(secret); at <= maxEnd; at += 4 {
		text := strings.Repeat(" ", at) + secret + strings.Repeat(" ", 2*maxEnd)
		text += secret + strings.Repeat(" ", at)
		for _, got := range []string{r.Line(text), r.Text(text)} {
			if strings.Contains(got, "s3c") || strings.Contains(got, "r3t") {
				t.Fatalf("at %d: %q", at, strings.Join(strings.Fields(got), " "))
			}
		}
	}
}

func TestRedactLines(t *testing.T) {
	var r Redactor
	r.Add("-----BEGIN KEY-----\nc2VjcmV0IGxpbmUgb25l\nc2VjcmV0IGxpbmUgdHdv\n-----END KEY-----")
	got := r.Redact("-----BEGIN KEY-----: said c2VjcmV0IGxpbmUgdHdv, of\r\n  c2VjcmV0IGxpbmUgb25l")
	if want := "-----BEGIN KEY-----: said ***, of\r\n  ***"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRedactLeavesOtherTextAlone(t *testing.T) {
	var r Redactor
	r.Add("", "abc")
	for _, text := range []string{"abc def", "git clone ssh://git@host:22/shop.git", "https://host/a:b@c",
		"image host/shop:1.4.0@sha256:abc"} {
		if got := r.Redact(text); got != text {
			t.Errorf("got %q", got)
		}
	}
	if got, want := r.Redact("fatal: https://oauth2:zzz@host/shop.git and http://:y@h"),
		"fatal: https://***@host/shop.git and http://***@h"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestLineHidesBeforeItCuts has a token at the place of the cut.
func TestLineHidesBeforeItCuts(t *testing.T) {
	secret := strings.Repeat("s3cr3t", 8)
	var r Redactor
	r.Add(secret)
	for n := range 1100 {
		text := strings.Repeat("x", n) + secret + strings.Repeat("y", 600)
		for _, got := range []string{r.Line(text), r.Text("first\n" + text)} {
			if strings.Contains(got, "s3c") {
				t.Fatalf("after %d letters: %s", n, got)
			}
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add(`secret words`, "before ", "after")
	f.Add(`a+b%2`, `\`, `u0041`)
	f.Add("\u00fc\u2028ab", "&", "amp;")
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		if len(secret) < shortest || strings.Contains("***", secret) || strings.Contains(secret, "\n") ||
			!utf8.ValidString(secret) ||
			strings.ContainsFunc(secret, unicode.IsControl) {
			t.Skip()
		}
		var r Redactor
		r.Add(secret)
		for _, text := range []string{secret, url.QueryEscape(secret),
			base64.StdEncoding.EncodeToString([]byte("u:" + secret))} {
			redacted := r.Redact(before + " " + text + " " + after)
			if strings.Contains(redacted, text) && !strings.Contains(before+" *** "+after, text) {
				t.Errorf("%q in %q", text, redacted)
			}
		}
	})
}
