// Package registry looks at images in a registry and moves tags there, by the OCI distribution spec
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md).
package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"dagger/ship/internal/network"
)

// Repository is where one image's tags are.
type Repository struct {
	Address string // host[:port]/path, without tag or digest
	*Account
}

// Account is what all repositories of one registry are asked with.
type Account struct {
	User      string
	Password  string // empty: anonymous
	PlainHTTP bool   // speak HTTP without TLS

	Client *network.Client

	mu            sync.Mutex
	authenticated *auth.Client // remembers how the registry wants to be asked
	wary          atomic.Bool  // it does not like credentials that it has not asked for
}

// Image is what a tag points at.
type Image struct {
	Digest   string // sha256:…
	Revision string // org.opencontainers.image.revision, annotation or label; empty where there is neither
}

var (
	// ErrNotFound is wrapped by errors about a tag that does not exist.
	ErrNotFound = errors.New("no such tag in the registry")
	// ErrRefused is wrapped by errors about credentials: missing, wrong, or without the right.
	ErrRefused = errors.New("the registry refused the credentials")
)

// Digest returns the digest that tag points at, sha256:…. Its error wraps ErrNotFound where there is none.
func (r *Repository) Digest(ctx context.Context, tag string) (digest string, err error) {
	err = r.do(ctx, "look at "+r.Address+":"+tag, func(ctx context.Context) error {
		repository, err := r.open()
		if err != nil {
			return err
		}
		descriptor, err := repository.Resolve(ctx, tag)
		digest = descriptor.Digest.String()
		return err
	})
	return digest, err
}

// Look returns the image that tag points at. Its error wraps ErrNotFound where there is none.
func (r *Repository) Look(ctx context.Context, tag string) (image Image, err error) {
	err = r.do(ctx, "look at "+r.Address+":"+tag, func(ctx context.Context) (err error) {
		image, err = r.look(ctx, tag)
		return err
	})
	return image, err
}

func (r *Repository) look(ctx context.Context, tag string) (Image, error) {
	repository, err := r.open()
	if err != nil {
		return Image{}, err
	}
	descriptor, body, err := repository.FetchReference(ctx, tag)
	if err != nil {
		return Image{}, err
	}
	defer body.Close()
	manifest, err := content.ReadAll(body, descriptor)
	if err != nil {
		return Image{}, err
	}
	revision, err := readRevision(ctx, repository, manifest)
	return Image{descriptor.Digest.String(), revision}, err
}

// readRevision takes it from the manifest of an image or of an index. Where that has no annotation it is a label in the config, of an index
// that of its first platform: one request more, or two, and a registry may have to be asked for the config elsewhere.
func readRevision(ctx context.Context, repository *remote.Repository, data []byte) (string, error) {
	var manifest struct {
		Annotations map[string]string
		Config      ocispec.Descriptor
		Manifests   []ocispec.Descriptor
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return "", fmt.Errorf("read the manifest: %w", err)
	}
	if revision := manifest.Annotations[ocispec.AnnotationRevision]; revision != "" {
		return revision, nil
	}
	if len(manifest.Manifests) > 0 {
		data, err := content.FetchAll(ctx, repository.Manifests(), manifest.Manifests[0])
		if err != nil {
			return "", err
		}
		return readRevision(ctx, repository, data)
	}
	data, err := content.FetchAll(ctx, repository.Blobs(), manifest.Config)
	if err != nil {
		return "", err
	}
	var config ocispec.Image
	if err := json.Unmarshal(data, &config); err != nil {
		return "", fmt.Errorf("read the image's config: %w", err)
	}
	return config.Config.Labels[ocispec.AnnotationRevision], nil
}

// Move makes tag point at what the digest names, which must be in the repository already.
func (r *Repository) Move(ctx context.Context, digest, tag string) error {
	return r.do(ctx, "move "+r.Address+":"+tag, func(ctx context.Context) error {
		repository, err := r.open()
		if err != nil {
			return err
		}
		descriptor, err := repository.Resolve(ctx, digest)
		if err != nil {
			return err
		}
		return repository.Tag(ctx, descriptor, tag)
	})
}

// Check tells whether address is one that images can be pushed to: host[:port]/path, as the distribution spec has it.
func Check(address string) error {
	reference, err := registry.ParseReference(address)
	if err != nil || reference.Reference != "" || !HasHost(address) {
		return fmt.Errorf("%q is not an image's address: write HOST[:PORT]/PATH in lower case, without scheme, tag or digest", address)
	}
	return nil
}

// HasHost tells whether an address begins with a registry's host. A first part that is no host's name would be taken for an
// account on Docker Hub when the image is pushed.
func HasHost(address string) bool {
	host := Host(address)
	return strings.ContainsAny(host, ".:") || host == "localhost"
}

// Host is the part of an image's address that credentials belong to.
func Host(address string) string {
	host, _, _ := strings.Cut(address, "/")
	return host
}

func (r *Repository) open() (*remote.Repository, error) {
	repository, err := remote.NewRepository(r.Address)
	if err != nil {
		return nil, err
	}
	repository.PlainHTTP = r.PlainHTTP
	repository.Client, err = r.client(repository.Reference.Registry)
	return repository, err
}

// client sends the credentials at once, as most registries take them, rather than ask each registry first how it wants them. One that
// wants a token says so then as well.
func (a *Account) client(host string) (*auth.Client, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.authenticated != nil {
		return a.authenticated, nil
	}
	a.authenticated = &auth.Client{Client: a.Client.HTTP, Cache: auth.NewCache()}
	if a.Password == "" {
		return a.authenticated, nil
	}
	a.authenticated.Credential = auth.StaticCredential(host, auth.Credential{Username: a.User, Password: a.Password})
	if a.User == "" || a.wary.Load() {
		return a.authenticated, nil
	}
	_, err := a.authenticated.Cache.Set(context.Background(), host, auth.SchemeBasic, "", func(context.Context) (string, error) {
		return base64.StdEncoding.EncodeToString([]byte(a.User + ":" + a.Password)), nil
	})
	return a.authenticated, err
}

// beWary has credentials sent only when they are asked for, from now on.
func (a *Account) beWary() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.authenticated = nil
	a.wary.Store(true)
}

// displeased tells whether an error may be about credentials that came unasked.
func displeased(err error) bool {
	answer := new(errcode.ErrorResponse)
	return errors.As(err, &answer) && (answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusBadRequest)
}

// do calls the registry, and says what to do about the errors that users meet most.
func (r *Repository) do(ctx context.Context, doing string, call func(context.Context) error) error {
	return r.Client.Do(ctx, doing, func(ctx context.Context) error {
		wary := r.wary.Load()
		err := call(ctx)
		if displeased(err) && r.Password != "" && !wary {
			r.beWary()
			err = call(ctx)
		}
		return r.explain(err)
	})
}

func (r *Repository) explain(err error) error {
	answer := new(errcode.ErrorResponse)
	refused := errors.As(err, &answer) && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden)
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		return ErrNotFound
	case err != nil && r.Password != "" && r.User == "" && (refused || strings.Contains(err.Error(), "missing username")): // the library's own words
		return fmt.Errorf("%w: a password was given without a user name (--login)", ErrRefused)
	case refused && r.Password == "" || errors.Is(err, auth.ErrBasicCredentialNotFound):
		return fmt.Errorf("%w: it asks for some and none were given (--login, --password)", ErrRefused)
	case refused:
		return fmt.Errorf("%w: the password is wrong, or user %q may not do this", ErrRefused, r.User)
	case answer.StatusCode != 0: // without its URL, which a redirect may have signed
		return fmt.Errorf("the registry answered %d %s: %w", answer.StatusCode, http.StatusText(answer.StatusCode), answer.Errors)
	case errors.Is(err, http.ErrSchemeMismatch):
		return errors.New("it speaks plain HTTP, which must be asked for (--insecure)")
	}
	return err
}

// CheckPush tells whether the credentials may push, by beginning an upload and taking it back
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#post-then-put).
func (r *Repository) CheckPush(ctx context.Context) error {
	return r.do(ctx, "ask for the right to push to "+r.Address, r.checkPush)
}

func (r *Repository) checkPush(ctx context.Context) error {
	repository, err := r.open()
	if err != nil {
		return err
	}
	ctx = auth.AppendRepositoryScope(ctx, repository.Reference, auth.ActionPull, auth.ActionPush)
	scheme := "https"
	if repository.PlainHTTP {
		scheme = "http"
	}
	uploads := url.URL{Scheme: scheme, Host: repository.Reference.Host(), Path: "/v2/" + repository.Reference.Repository + "/blobs/uploads/"}
	begun, err := send(ctx, repository.Client, http.MethodPost, uploads.String())
	if err != nil {
		return err
	}
	if location, err := begun.Location(); err == nil {
		_, _ = send(ctx, repository.Client, http.MethodDelete, location.String()) // the registry expires it otherwise
	}
	return nil
}

// send makes a request without a body and turns an answer that is no success into an error.
func send(ctx context.Context, client remote.Client, method, address string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return nil, &errcode.ErrorResponse{Method: method, URL: request.URL, StatusCode: response.StatusCode}
	}
	return response, nil
}
