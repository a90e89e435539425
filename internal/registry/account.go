package registry

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"oras.land/oras-go/v2/registry/remote/auth"

	"dagger/ship/internal/network"
)

// Account is what all repositories of one registry are asked with.
type Account struct {
	User      string
	Password  string // empty: anonymous, or by the token
	Token     string // Docker's identity token, in place of user and password
	From      string // where the credentials were read, in words; empty: the settings login and password
	Lacks     string // why there are none, if anything is known about that
	PlainHTTP bool   // use HTTP without TLS
	Elsewhere string // host of the registry that credentials were given for, if that is not this one

	Client *network.Client

	mu            sync.Mutex
	authenticated *auth.Client // remembers how the registry wants to be asked
	askFirst      atomic.Bool  // send credentials only if the registry asks for them
}

// Anonymous tells whether the registry is asked without credentials.
func (a *Account) Anonymous() bool { return a.Password == "" && a.Token == "" }

// client sends the credentials at once, since most registries accept that, and does not first ask
// how the registry wants them. A registry that wants a token says so then as well.
//
// The library's client compares hosts alone, so it must only be given addresses of the registry
// itself (see Repository.url). On redirects it compares the scheme, too, and while it gets a token,
// neither a realm nor a redirect takes it from https to http.
func (a *Account) client(host string) (*auth.Client, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.authenticated != nil {
		return a.authenticated, nil
	}
	plain := *a.Client.HTTP
	plain.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if err := onlyReadElsewhere(next, via); err != nil {
			return err
		}
		return a.Client.HTTP.CheckRedirect(next, via)
	}
	a.authenticated = &auth.Client{Client: &plain, Cache: auth.NewCache()}
	if a.Anonymous() {
		return a.authenticated, nil
	}
	a.authenticated.Credential = auth.StaticCredential(host, auth.Credential{
		Username: a.User, Password: a.Password, RefreshToken: a.Token,
	})
	if a.User == "" || a.askFirst.Load() {
		return a.authenticated, nil
	}
	basic := func(context.Context) (string, error) {
		return base64.StdEncoding.EncodeToString([]byte(a.User + ":" + a.Password)), nil
	}
	_, err := a.authenticated.Cache.Set(context.Background(), host, auth.SchemeBasic, "", basic)
	return a.authenticated, err
}

// onlyReadElsewhere lets a request that only reads follow a redirect to another server, since
// registries do that with blobs. A request that changes something may not: otherwise a registry
// could make Ship write or delete in a network that only Ship can reach.
func onlyReadElsewhere(next *http.Request, via []*http.Request) error {
	first := via[0]
	reads := first.Method == http.MethodGet || first.Method == http.MethodHead
	if !reads && !network.SameServer(next.URL, first.URL) {
		return fmt.Errorf("it leads to %s://%s, where nothing is written", next.URL.Scheme, next.URL.Host)
	}
	return nil
}

// sendWhenAsked makes later requests send credentials only if the registry asks for them.
func (a *Account) sendWhenAsked() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.authenticated = nil
	a.askFirst.Store(true)
}
