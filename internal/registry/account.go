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
	Password  string // empty: anonymous
	PlainHTTP bool   // speak HTTP without TLS
	Elsewhere string // host of the registry that credentials were given for, if that is not this one

	Client *network.Client

	mu            sync.Mutex
	authenticated *auth.Client // remembers how the registry wants to be asked
	wary          atomic.Bool  // it does not like credentials that it has not asked for
}

// client sends the credentials at once, as most registries take them, rather than ask each registry
// first how it wants them. One that wants a token says so then as well.
//
// The library's client knows a place by its host alone, so it must only be given addresses of the
// registry itself (see Repository.url). On redirects it compares the scheme, too, and on the way to
// a token it goes from https to http neither by a realm nor by a redirect.
func (a *Account) client(host string) (*auth.Client, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.authenticated != nil {
		return a.authenticated, nil
	}
	plain := *a.Client.HTTP
	plain.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if err := stay(next, via); err != nil {
			return err
		}
		return a.Client.HTTP.CheckRedirect(next, via)
	}
	a.authenticated = &auth.Client{Client: &plain, Cache: auth.NewCache()}
	if a.Password == "" {
		return a.authenticated, nil
	}
	a.authenticated.Credential = auth.StaticCredential(host, auth.Credential{Username: a.User, Password: a.Password})
	if a.User == "" || a.wary.Load() {
		return a.authenticated, nil
	}
	basic := func(context.Context) (string, error) {
		return base64.StdEncoding.EncodeToString([]byte(a.User + ":" + a.Password)), nil
	}
	_, err := a.authenticated.Cache.Set(context.Background(), host, auth.SchemeBasic, "", basic)
	return a.authenticated, err
}

// stay lets a redirect lead what is only read to another server, as registries do with blobs, but
// nothing that changes something there: else a registry could have Ship write or delete in a
// network that only Ship can reach.
func stay(next *http.Request, via []*http.Request) error {
	first := via[0]
	reads := first.Method == http.MethodGet || first.Method == http.MethodHead
	if !reads && !network.SameServer(next.URL, first.URL) {
		return fmt.Errorf("it leads to %s://%s, where nothing is written", next.URL.Scheme, next.URL.Host)
	}
	return nil
}

// beWary has credentials sent only when they are asked for, from now on.
func (a *Account) beWary() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.authenticated = nil
	a.wary.Store(true)
}
