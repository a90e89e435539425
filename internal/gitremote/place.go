package gitremote

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"dagger/ship/internal/network"
)

// place is where a remote's repository is, once that is known: a redirect may have led to another
// path of its server.
type place struct {
	mu    sync.Mutex
	base  string // empty: at the remote's URL
	asked bool   // whether it was asked for as git does before it fetches
}

// redirectError says that a server redirects to another one. The token is not sent there, since it
// was given for the first server; git itself would send it
// (https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpextraHeader).
type redirectError struct {
	to         string
	repository bool
}

func (e *redirectError) Error() string {
	if !e.repository {
		return "the git remote leads to " + e.to + ", which is on another server and no git repository"
	}
	return "the git remote leads to " + e.to + ": name that with --remote"
}

// Place is the address at which the repository answers: the remote's URL, or the address on the
// same server that it redirects to. Fetchable tells whether the server was asked as git asks before
// it fetches: until then nobody knows which address git would send a token to.
func (r *Remote) Place() (address string, fetchable bool) {
	r.place.mu.Lock()
	defer r.place.mu.Unlock()
	if r.place.base == "" {
		return r.URL, r.place.asked
	}
	return r.place.base, r.place.asked
}

// Resolve asks where the repository is, as git does before it fetches, so that git itself gets no
// redirect. It asks once.
func (r *Remote) Resolve(ctx context.Context) error {
	if _, asked := r.Place(); asked {
		return nil
	}
	return r.do(ctx, "find the repository", r.resolve)
}

func (r *Remote) resolve(ctx context.Context) error {
	answer, err := r.askRefs(ctx, uploadPack, "Git-Protocol", "version=2")
	if err != nil {
		return err
	}
	return answer.Close()
}

// base is Place's address without a slash at its end.
func (r *Remote) base() string {
	address, _ := r.Place()
	return strings.TrimSuffix(address, "/")
}

const refsPath = "/info/refs"

// askRefs asks a service for its refs, and remembers where the answer came from.
func (r *Remote) askRefs(ctx context.Context, service string, headers ...string) (*answer, error) {
	answer, err := r.request(ctx, http.MethodGet, r.base()+refsPath+"?service="+service, service, nil, headers...)
	if err != nil {
		return nil, err
	}
	base, is := repositoryAt(answer.from, refsPath)
	if !is {
		answer.Close()
		return nil, errors.New("the git remote leads to " + base + ", which is no git repository")
	}
	r.place.mu.Lock()
	defer r.place.mu.Unlock()
	if base != strings.TrimSuffix(r.URL, "/") {
		r.place.base = base
	}
	r.place.asked = r.place.asked || service == uploadPack
	return answer, nil
}

// repositoryAt cuts path off an address and returns the repository's address, without the parts
// that may be secret.
func repositoryAt(address *url.URL, path string) (string, bool) {
	at := *address
	at.User, at.RawQuery, at.Fragment = nil, "", ""
	base, is := strings.CutSuffix(at.String(), path)
	if len(base) > 300 {
		return at.Scheme + "://" + at.Host, is
	}
	return base, is
}

// checkRedirect lets a request follow a redirect on the same server only. A POST follows no
// redirect: in git's protocol, the answer about the refs says where the repository is.
func checkRedirect(next *http.Request, via []*http.Request) error {
	switch {
	case !network.SameServer(next.URL, via[0].URL):
		redirect := new(redirectError)
		for _, path := range []string{refsPath, "/" + uploadPack, "/" + receivePack} {
			if redirect.to, redirect.repository = repositoryAt(next.URL, path); redirect.repository {
				break
			}
		}
		return redirect
	case via[0].Method == http.MethodPost:
		return http.ErrUseLastResponse
	case len(via) >= 10:
		return errors.New("the git remote leads from one address to another, ten times")
	}
	return nil
}
