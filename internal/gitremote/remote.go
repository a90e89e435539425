// Package gitremote looks at the tags of a git remote over HTTP(S) and pushes new ones, without a
// clone. It asks the remote's LFS server where large files are.
//
// It reads with protocol v2 (https://git-scm.com/docs/protocol-v2), whose ref-prefix makes the
// answer as small as the question; servers that do not speak it are asked in protocol v0. Pushing
// sends one tag object and one command with an all-zero old id, so that the server itself refuses a
// tag that exists.
package gitremote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"dagger/ship/internal/network"
)

// Remote is a repository on a git server.
type Remote struct {
	URL   string // https://host/group/project.git, without credentials
	User  string // sent with Token; most servers take any name with an access token
	Token string // empty: anonymous

	Client *network.Client

	place place
}

// Tag is a tag on a remote.
type Tag struct {
	Name   string // without refs/tags/
	Commit string // the commit that it peels to, 40 hexadecimal digits
}

var (
	// ErrRefused is wrapped by errors about credentials: missing, wrong, or without the right.
	ErrRefused = errors.New("the git remote refused the credentials")
	// ErrExists is wrapped by PushTag's error when the tag is there already, at whatever commit.
	ErrExists = errors.New("the tag exists on the git remote")
	// ErrNoCommit is wrapped by errors about a commit that the remote does not have.
	ErrNoCommit = errors.New("the git remote does not have the commit")
)

// Address turns a remote's address in .git/config into a URL that a token can be sent to: SSH
// addresses (git@host:group/project.git, ssh://…) become HTTPS ones, and URLs lose credentials and
// queries.
func Address(remote string) (string, error) {
	// [user@]host:path, as for scp(1)
	if host, path, is := strings.Cut(remote, ":"); is && !strings.ContainsAny(host, `/\`) &&
		!strings.HasPrefix(path, "//") && !strings.HasPrefix(path, `\`) {
		remote = "ssh://" + host + "/" + strings.TrimPrefix(path, "/")
	}
	u, err := url.Parse(remote)
	if err != nil {
		return "", errors.New("not a git address") // the cause would repeat what may hold a token
	}
	// some addresses have a token in their query, as ?private_token=
	u.User, u.RawQuery, u.ForceQuery, u.Fragment = nil, "", false, ""
	switch {
	case u.Host == "" || u.Hostname() == "":
		return "", errors.New("a path cannot be pushed to with a token: give an https URL")
	case u.Scheme == "http" || u.Scheme == "https":
		return u.String(), nil
	case u.Scheme == "ssh":
		return "https://" + u.Hostname() + "/" + strings.TrimPrefix(u.Path, "/"), nil
	}
	return "", fmt.Errorf("%s addresses cannot be pushed to with a token: give an https URL", u.Scheme)
}

// Tags returns the tags whose names begin with one of the prefixes, which may be whole names: other
// names can begin with them too. It takes one request, however many there are.
func (r *Remote) Tags(ctx context.Context, prefixes ...string) (tags []Tag, err error) {
	if len(prefixes) == 0 {
		return nil, nil // git takes no prefix for all of them
	}
	return r.tags(ctx, beginsWith(prefixes), prefixes...)
}

// TagsThat returns those of the tags with a prefix whose names are wanted. The others may be many:
// nothing of them is kept.
func (r *Remote) TagsThat(ctx context.Context, wanted func(name string) bool, prefix string) ([]Tag, error) {
	begins := beginsWith([]string{prefix})
	both := func(ref string) bool { return begins(ref) && wanted(strings.TrimPrefix(ref, "refs/tags/")) }
	return r.tags(ctx, both, prefix)
}

func (r *Remote) tags(ctx context.Context, wanted func(ref string) bool, prefixes ...string) (tags []Tag, err error) {
	err = r.do(ctx, "list tags", func(ctx context.Context) (err error) {
		tags, err = r.lsRefs(ctx, wanted, prefixes)
		if errors.Is(err, errNotGit) {
			tags, err = r.advertised(ctx, wanted)
		}
		return err
	})
	return tags, err
}

// advertised lists tags with protocol v0, in which a server names all of its refs.
func (r *Remote) advertised(ctx context.Context, wanted func(ref string) bool) ([]Tag, error) {
	server, err := r.advertise(ctx, uploadPack, wanted)
	if err != nil {
		return nil, err
	}
	var tags []Tag
	for ref, hash := range server.refs {
		if !strings.HasSuffix(ref, "^{}") {
			commit := cmp.Or(server.refs[ref+"^{}"], hash)
			tags = append(tags, Tag{Name: strings.TrimPrefix(ref, "refs/tags/"), Commit: commit})
		}
	}
	return tags, nil
}

// do calls the remote, and says what to do about the errors that users meet most.
func (r *Remote) do(ctx context.Context, doing string, call func(context.Context) error) error {
	return r.Client.Do(ctx, doing+": "+r.URL, func(ctx context.Context) error { return r.explain(call(ctx)) })
}
