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
	asked bool   // as git asks before it fetches
}

// errLeads says that a server redirects to another one. A token is not taken there, since it was
// given for the first; git itself would take it along
// (https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpextraHeader).
type errLeads struct {
	to         string
	repository bool
}

func (e *errLeads) Error() string {
	if !e.repository {
		return "the git remote leads to " + e.to + ", which is on another server and no git repository"
	}
	return "the git remote leads to " + e.to + ": name that with --remote"
}

// Place is the address at which the repository answers: the remote's URL, or where that was
// redirected to on the same server. Fetchable tells whether the server was asked for it as git does
// that fetches: before that, nobody knows where git would take a token to.
func (r *Remote) Place() (address string, fetchable bool) {
	r.place.mu.Lock()
	defer r.place.mu.Unlock()
	if r.place.base == "" {
		return r.URL, r.place.asked
	}
	return r.place.base, r.place.asked
}

// Resolve asks where the repository is, as git does before it fetches, so that git itself meets no
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

// askRefs asks a service for its refs, and keeps in mind where the answer came from.
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

// repositoryAt is the repository below which an address is at a path, without what may be secret in
// the address.
func repositoryAt(address *url.URL, path string) (string, bool) {
	at := *address
	at.User, at.RawQuery, at.Fragment = nil, "", ""
	base, is := strings.CutSuffix(at.String(), path)
	if len(base) > 300 {
		return at.Scheme + "://" + at.Host, is
	}
	return base, is
}

// follow lets a request follow a redirect on the same server only. What is posted is not posted
// elsewhere: git has it that whoever is asked for the refs says where.
func follow(next *http.Request, via []*http.Request) error {
	switch {
	case !network.SameServer(next.URL, via[0].URL):
		leads := new(errLeads)
		for _, path := range []string{refsPath, "/" + uploadPack, "/" + receivePack} {
			if leads.to, leads.repository = repositoryAt(next.URL, path); leads.repository {
				break
			}
		}
		return leads
	case via[0].Method == http.MethodPost:
		return http.ErrUseLastResponse
	case len(via) >= 10:
		return errors.New("the git remote leads from one address to another, ten times")
	}
	return nil
}
