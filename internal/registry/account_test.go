package registry

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestIdentityToken: Docker's identity token is given to the server that makes tokens, and to nothing else
// (https://distribution.github.io/distribution/spec/auth/oauth/).
func TestIdentityToken(t *testing.T) {
	const identity = "identity-of-somebody"
	for kind, c := range map[string]struct {
		challenge string
		token     string
		want      string // the error's; empty: none
	}{
		"taken": {`Bearer realm="https://HOST/token",service="r"`, identity, ""},
		"expired": {`Bearer realm="https://HOST/token",service="r"`, "an-old-one",
			"the identity token in the secret X is wrong or has expired, or its user may not do this"},
		"of no use": {`Basic realm="r"`, identity,
			"the secret X has an identity token for it, and it takes user and password only"},
	} {
		var f *fake
		f = newFake(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/token":
				if r.Method != http.MethodPost || r.FormValue("grant_type") != "refresh_token" ||
					r.FormValue("refresh_token") != identity || r.Header.Get("Authorization") != "" {
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				fmt.Fprint(w, `{"access_token": "for-now"}`)
			case r.Header.Get("Authorization") == "Bearer for-now":
				image(true)(w, r)
			default:
				if strings.Contains(r.Header.Get("Authorization"), identity) {
					t.Errorf("%s: %s %s got the identity token", kind, r.Method, r.URL.Path)
				}
				w.Header().Set("WWW-Authenticate", strings.ReplaceAll(c.challenge, "HOST", Host(f.Address)))
				w.WriteHeader(http.StatusUnauthorized)
			}
		})
		f.User, f.Password, f.Token, f.From = "", "", c.token, "the secret X"
		_, err := f.Look(t.Context(), "1.0.0")
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrRefused) ||
			!strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", kind, err, c.want)
		}
	}
}

// TestRefusedLogins: an error says where the credentials are from, or why there are none, and not who the user in a
// secret is.
func TestRefusedLogins(t *testing.T) {
	for want, account := range map[string]*Account{
		"the password is wrong, or user \"ship\" may not do this": {User: user, Password: password},
		"the password in the secret X is wrong, or its user may not do this": {
			User: user, Password: password, From: "the secret X",
		},
		"it asks for some, and there are none: the secret X leaves it":           {Lacks: "the secret X leaves it"},
		"it asks for some and none were given (--login, --password), nor by a s": {},
	} {
		f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Basic realm="r"`)
			w.WriteHeader(http.StatusUnauthorized)
		})
		account.Client = f.Account.Client
		f.Repository.Account = account
		_, err := f.Look(t.Context(), "1.0.0")
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), ErrRefused.Error()+": "+want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
