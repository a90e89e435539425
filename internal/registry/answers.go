package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"dagger/ship/internal/network"
)

var (
	// ErrNotFound is wrapped by errors about a tag that does not exist.
	ErrNotFound = errors.New("no such tag in the registry")
	// ErrRefused is wrapped by errors about credentials: missing, wrong, or without the right.
	ErrRefused = errors.New("the registry refused the credentials")
	// ErrFixed is wrapped by errors about a tag that may not be moved, by a rule of the registry's.
	ErrFixed = errors.New("the registry does not let it be moved")
)

// maxSaid is how many bytes are read of an answer that is not a success.
const maxSaid = 8 << 10

// refusal is an answer that is not a success, with the registry's own words.
type refusal struct {
	method string
	status int
	said   string // empty: it said nothing for people
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("the registry answered %d %s", r.status, http.StatusText(r.status))
	if r.said != "" {
		text += ": " + r.said
	}
	return text
}

// readRefusal reads errors in the distribution spec's form, or else the words of a server in front
// of the registry
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes).
func readRefusal(response *http.Response) *refusal {
	r := &refusal{method: response.Request.Method, status: response.StatusCode}
	data, _ := io.ReadAll(io.LimitReader(response.Body, maxSaid))
	var body struct{ Errors errcode.Errors }
	if json.Unmarshal(data, &body) != nil || len(body.Errors) == 0 {
		r.said = network.Said(bytes.NewReader(data))
		return r
	}
	r.said = words(body.Errors)
	return r
}

// asRefusal turns the library's error about the token server's answer into a refusal without the
// URL, which may be signed. It returns any other error as it is.
func asRefusal(err error) error {
	answer := new(errcode.ErrorResponse)
	if !errors.As(err, &answer) {
		return err
	}
	return &refusal{method: answer.Method, status: answer.StatusCode, said: words(answer.Errors)}
}

func words(errs errcode.Errors) string {
	var said []string
	for _, e := range errs {
		e.Detail = nil // which may be anything
		said = append(said, e.Error())
	}
	return strings.Join(said, "; ")
}

// refusedUnasked tells whether the registry may have refused credentials only because it had not
// asked for them.
func refusedUnasked(err error) bool {
	answer := new(refusal)
	return errors.As(err, &answer) && (answer.status == http.StatusForbidden || answer.status == http.StatusBadRequest)
}

// refusesMove tells whether the registry understood the request to move a tag, and will not do it.
// For a tag that may not be moved, registries answer 400, 403, 405, 409, 412 or 422.
func (r *refusal) refusesMove() bool {
	switch r.status {
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusRequestEntityTooLarge:
		return false
	}
	return r.method == http.MethodPut && r.status >= 400 && r.status < 500
}

func (r *Repository) explain(err error) error {
	answer := new(refusal)
	refused := errors.As(err, &answer) &&
		(answer.status == http.StatusUnauthorized || answer.status == http.StatusForbidden)
	anonymous := refused && r.Anonymous() || errors.Is(err, auth.ErrBasicCredentialNotFound)
	switch {
	case answer.refusesMove():
		return fmt.Errorf("%w: %w", ErrFixed, err)
	case err != nil && r.Password != "" && r.User == "" && // the second is in the library's own words
		(refused || strings.Contains(err.Error(), "missing username")):
		return fmt.Errorf("%w: a password was given without a user name (--login)", ErrRefused)
	case r.Token != "" && err != nil && strings.Contains(err.Error(), "missing username"): // the library's words
		return fmt.Errorf("%w: %s has an identity token for it, and it takes user and password only", ErrRefused,
			r.From)
	case anonymous && r.Lacks != "":
		return fmt.Errorf("%w: it asks for some, and there are none: %s", ErrRefused, r.Lacks)
	case anonymous && r.Elsewhere != "":
		return fmt.Errorf("%w: it asks for some, and what was given (--login, --password) is for %s", ErrRefused,
			r.Elsewhere)
	case anonymous:
		return fmt.Errorf("%w: it asks for some and none were given (--login, --password), nor by a secret "+
			"DOCKER_AUTH_CONFIG", ErrRefused)
	case refused:
		return r.refused(answer)
	case errors.Is(err, http.ErrSchemeMismatch) && r.Elsewhere != "":
		return fmt.Errorf("it speaks plain HTTP, and --insecure is about %s", r.Elsewhere)
	case errors.Is(err, http.ErrSchemeMismatch):
		return errors.New("it speaks plain HTTP, which needs --insecure")
	}
	return err
}

// refused is about credentials that the registry does not take, or not for this.
func (r *Repository) refused(answer *refusal) error {
	text := fmt.Sprintf("the password is wrong, or user %q may not do this", r.User)
	switch { // of what is in a secret, nothing is said
	case r.Token != "":
		text = fmt.Sprintf("the identity token in %s is wrong or has expired, or its user may not do this", r.From)
	case r.From != "":
		text = fmt.Sprintf("the password in %s is wrong, or its user may not do this", r.From)
	}
	if answer.status == http.StatusForbidden && answer.said != "" {
		text += ": " + answer.said
	}
	return fmt.Errorf("%w: %s", ErrRefused, text)
}
