package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/opencontainers/go-digest"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote/auth"

	"dagger/ship/internal/limit"
	"dagger/ship/internal/network"
)

// digestHeader is the header in which a registry may say the digest of what it sends.
const digestHeader = "Docker-Content-Digest"

// document is a manifest or a config.
type document struct {
	data      []byte
	digest    string
	mediaType string // as the registry says
}

// read gets a document. It must have the digest want. If that is empty, it must have the digest
// that the registry says. If the registry says none, the digest is computed.
func (r *Repository) read(ctx context.Context, path, want string) (document, error) {
	if want != "" && !isDigest(want) {
		return document{}, fmt.Errorf("%q is not a digest", want)
	}
	response, err := r.ask(ctx, http.MethodGet, path, nil)
	if err != nil {
		return document{}, err
	}
	defer response.Body.Close()
	budget := limit.New(ctx, Host(r.Address))
	data, err := io.ReadAll(budget.Reader(limit.Document, response.Body)) // whatever its Content-Length says
	if err != nil {
		return document{}, err
	}
	said := response.Header.Get(digestHeader)
	if want == "" && isDigest(said) {
		want = said
	}
	got := digest.FromBytes(data)
	if want != "" {
		got = digest.Digest(want).Algorithm().FromBytes(data)
		if got.String() != want {
			return document{}, fmt.Errorf("the registry sent %s for %s, not %s", got, path, want)
		}
	}
	mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return document{data, got.String(), mediaType}, nil
}

func isDigest(text string) bool { return digest.Digest(text).Validate() == nil }

// ask makes a request of the repository, and turns an answer that is not a success into an error: a
// *refusal, or ErrNotFound for what is read. A document is what is to be written.
func (r *Repository) ask(ctx context.Context, method, path string, written *document) (*http.Response, error) {
	reference, err := registry.ParseReference(r.Address)
	if err != nil {
		return nil, err
	}
	client, err := r.client(reference.Registry)
	if err != nil {
		return nil, err
	}
	actions := []string{auth.ActionPull}
	var body io.Reader
	switch method {
	case http.MethodPut, http.MethodPost:
		actions = append(actions, auth.ActionPush)
	case http.MethodDelete:
		actions = append(actions, auth.ActionDelete)
	}
	if written != nil {
		body = bytes.NewReader(written.data) // it can be sent again with a token
	}
	ctx = auth.AppendRepositoryScope(ctx, reference, actions...)
	request, err := http.NewRequestWithContext(ctx, method, r.url(reference, path).String(), body)
	if err != nil {
		return nil, err
	}
	if written != nil {
		request.Header.Set("Content-Type", written.mediaType)
	}
	if strings.HasPrefix(path, "/manifests/") {
		request.Header.Set("Accept", strings.Join(mediaTypes, ", "))
	}
	return send(client, request)
}

// url is an address of the registry itself.
func (r *Repository) url(reference registry.Reference, path string) *url.URL {
	scheme := "https"
	if r.PlainHTTP {
		scheme = "http"
	}
	path, query, _ := strings.Cut(path, "?")
	return &url.URL{
		Scheme: scheme, Host: reference.Host(), Path: "/v2/" + reference.Repository + path, RawQuery: query,
	}
}

func send(client *auth.Client, request *http.Request) (*http.Response, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, asRefusal(err)
	}
	if response.StatusCode < 300 {
		return response, nil
	}
	defer response.Body.Close()
	read := request.Method == http.MethodGet || request.Method == http.MethodHead
	if read && response.StatusCode == http.StatusNotFound {
		return nil, ErrNotFound
	}
	return nil, readRefusal(response)
}

// do calls the registry, and says what to do about the errors that users meet most.
func (r *Repository) do(ctx context.Context, doing string, call func(context.Context) error) error {
	return r.Client.Do(ctx, doing, func(ctx context.Context) error {
		askFirst := r.askFirst.Load()
		err := call(ctx)
		if refusedUnasked(err) && r.Password != "" && !askFirst {
			r.sendWhenAsked()
			err = call(ctx)
		}
		return r.explain(err)
	})
}

// CheckPush tells whether the credentials may push, by beginning an upload and cancelling it
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#post-then-put).
func (r *Repository) CheckPush(ctx context.Context) error {
	return r.do(ctx, "ask for the right to push to "+r.Address, r.checkPush)
}

func (r *Repository) checkPush(ctx context.Context) error {
	begun, err := r.ask(ctx, http.MethodPost, "/blobs/uploads/", nil)
	if err != nil {
		return err
	}
	begun.Body.Close()
	// the registry expires uploads that are left
	if response, err := r.askUpload(ctx, begun, http.MethodDelete, "", nil); err == nil {
		response.Body.Close()
	}
	return nil
}

// askUpload makes a request of an upload that has begun, at the Location that the registry gave, if that is
// on the registry itself: it may name any server, or this one without TLS. A digest ends the upload.
func (r *Repository) askUpload(
	ctx context.Context, begun *http.Response, method, digest string, data []byte,
) (*http.Response, error) {
	reference, err := registry.ParseReference(r.Address)
	if err != nil {
		return nil, err
	}
	own := r.url(reference, "")
	location, err := begun.Location()
	if err != nil || location.User != nil || !network.SameServer(location, own) {
		return nil, errors.New("the registry has blobs put on another server, where nothing is written")
	}
	location.Scheme, location.Host = own.Scheme, own.Host // the client finds the credentials by these
	if digest != "" {
		query := location.Query()
		query.Set("digest", digest)
		location.RawQuery = query.Encode()
	}
	client, err := r.client(reference.Registry)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	if data != nil {
		body = bytes.NewReader(data) // it can be sent again with a token
	}
	ctx = auth.AppendRepositoryScope(ctx, reference, auth.ActionPull, auth.ActionPush)
	request, err := http.NewRequestWithContext(ctx, method, location.String(), body)
	if err != nil {
		return nil, err
	}
	if data != nil {
		request.Header.Set("Content-Type", "application/octet-stream")
	}
	return send(client, request)
}
