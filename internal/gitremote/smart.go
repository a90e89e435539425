package gitremote

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"dagger/ship/internal/limit"
	"dagger/ship/internal/network"
)

// Services of a git server (https://git-scm.com/docs/http-protocol).
const (
	uploadPack  = "git-upload-pack"
	receivePack = "git-receive-pack"
)

// What a server answers instead of what it was asked for.
var (
	errUnauthorized = errors.New("authentication required")
	errForbidden    = errors.New("authorization failed")
	errNoRepository = errors.New("repository not found")
)

// advertisement is what a server says of itself before it is asked for something, in protocol v0.
type advertisement struct {
	refs         map[string]string // hashes by full names; under NAME^{}, what an annotated tag points at
	capabilities []string
}

func (a *advertisement) can(capability string) bool {
	return slices.Contains(a.capabilities, capability)
}

// advertise asks a service of the server for its capabilities, and for those of its refs that are
// wanted, each with what it peels to.
func (r *Remote) advertise(ctx context.Context, service string, wanted func(ref string) bool) (*advertisement, error) {
	answer, err := r.askRefs(ctx, service)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	a := &advertisement{refs: map[string]string{}}
	for flushes := 0; flushes < 2; {
		line, err := readPacket(answer)
		switch {
		case err != nil:
			return nil, fmt.Errorf("read the refs: %w", err)
		case line == nil:
			flushes++
		case flushes == 1:
			if err := a.add(string(line), wanted, answer.Budget); err != nil {
				return nil, fmt.Errorf("read the refs: %w", err)
			}
		}
	}
	return a, nil
}

// beginsWith wants the tags with names that begin with one of the prefixes.
func beginsWith(prefixes []string) func(ref string) bool {
	return func(ref string) bool {
		name, is := strings.CutPrefix(ref, "refs/tags/")
		return is && slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	}
}

// add reads one line: HASH SP NAME, the first with NUL and the capabilities after it. Other lines
// say what is shallow.
func (a *advertisement) add(line string, wanted func(ref string) bool, budget *limit.Budget) error {
	line, capabilities, first := strings.Cut(strings.TrimSuffix(line, "\n"), "\x00")
	if first && a.capabilities == nil {
		a.capabilities = strings.Fields(capabilities)
	}
	hash, name, _ := strings.Cut(line, " ")
	if !plumbing.IsHash(hash) || name == "capabilities^{}" || !wanted(strings.TrimSuffix(name, "^{}")) {
		return nil
	}
	a.refs[strings.Clone(name)] = strings.Clone(hash)
	return budget.Spend(limit.Kept, overhead+int64(len(name)))
}

// newBudget is a variable so that a test can give a budget that is nearly spent.
var newBudget = limit.New

// answer is what a server says to one request, within limits.
type answer struct {
	io.ReadCloser
	*limit.Budget
	from *url.URL // after redirects
}

type bounded struct {
	io.Reader
	io.Closer
}

// request asks a service of the server; with POST, that is a body of its kind. Credentials are sent
// to the remote's own server only.
func (r *Remote) request(
	ctx context.Context,
	method, address, service string,
	body []byte,
	headers ...string,
) (*answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	kind := "application/x-" + service + "-advertisement"
	if method == http.MethodPost {
		kind = "application/x-" + service + "-result"
		request.Header.Set("Content-Type", "application/x-"+service+"-request")
	}
	request.Header.Set("Accept", kind)
	request.Header.Set("User-Agent", "git/ship") // GitLab routes by the name "git"
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	if origin, err := url.Parse(r.URL); err == nil && r.Token != "" && network.SameServer(request.URL, origin) {
		request.SetBasicAuth(r.User, r.Token)
	}
	client := *r.Client.HTTP
	client.CheckRedirect = checkRedirect
	response, err := client.Do(request)
	if redirect := new(redirectError); errors.As(err, &redirect) {
		return nil, redirect
	}
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK && response.Header.Get("Content-Type") == kind {
		budget := newBudget(ctx, request.URL.Host)
		body := bufio.NewReaderSize(budget.Reader(limit.Bytes, response.Body), 32<<10) // most packets are small
		return &answer{bounded{body, response.Body}, budget, response.Request.URL}, nil
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusUnauthorized:
		return nil, fmt.Errorf("%w: %s", errUnauthorized, network.Said(response.Body))
	case http.StatusForbidden:
		return nil, fmt.Errorf("%w: %s", errForbidden, network.Said(response.Body))
	case http.StatusNotFound:
		return nil, errNoRepository
	}
	return nil, fmt.Errorf("%w: it answered %s", errNotGit, response.Status)
}
