package gitlab

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"dagger/ship/internal/foreign"
)

// What an answer means, before it is explained.
var (
	errUnknownToken = errors.New("it does not know the token")
	errForbidden    = errors.New("the token may not do this")
	errScope        = errors.New("the token does not have the scope api")
	errNoProject    = errors.New("there is no such project, or the token may not see it")
	errNoAPI        = errors.New("this is not GitLab's API (see --gitlab)")
)

// said is what an answer says beside its status, in one of three forms: a message, the messages by
// field, or an OAuth error (https://docs.gitlab.com/api/rest/troubleshooting/).
type said struct {
	Message     any
	Error       string
	Description string `json:"error_description"`
}

func (s said) text() string {
	switch message := s.Message.(type) {
	case nil:
		return foreign.Joined(cmp.Or(s.Description, s.Error))
	case string:
		return foreign.Joined(message)
	}
	fields, _ := json.Marshal(s.Message)
	return foreign.Joined(string(fields))
}

// refusal is the error for an answer that is not a success.
func refusal(response *http.Response, answer []byte) error {
	var said said
	_ = json.Unmarshal(answer, &said) // if it is not JSON, it has nothing for people
	var cause error
	switch code := response.StatusCode; {
	case said.Error == "insufficient_scope":
		return errScope
	case said.Message == "404 Not Found":
		return ErrNotFound
	case said.Message == "404 Project Not Found":
		return errNoProject
	case code/100 == 3:
		return fmt.Errorf("%w: it redirects to %s", errNoAPI, response.Header.Get("Location"))
	case code == http.StatusConflict:
		return ErrExists
	case code == http.StatusUnauthorized:
		cause = errUnknownToken
	case code == http.StatusForbidden:
		cause = errForbidden
	case code == http.StatusNotFound:
		cause = errNoAPI
	default:
		cause = fmt.Errorf("it answered %s", response.Status)
	}
	if text := said.text(); text != "" {
		return fmt.Errorf("%w: it says: %s", cause, text)
	}
	return cause
}

// explain says what to do about a refusal by a part of the API.
func (p *Project) explain(err error, of part) error {
	const access = "Settings > Access tokens: role Developer or Maintainer, scope api"
	switch {
	case errors.Is(err, errUnknownToken) && p.Token == "":
		return fmt.Errorf("%w: it asks for one and none was given (--token)", ErrRefused)
	case errors.Is(err, errUnknownToken):
		return fmt.Errorf("%w: it is wrong or has expired: a CI_JOB_TOKEN ends with its job; access tokens are made "+
			"at %s", ErrRefused, access)
	case errors.Is(err, errScope):
		return fmt.Errorf("%w: it needs the scope api, beside write_repository for tags: make another at %s",
			ErrRefused, access)
	case errors.Is(err, errForbidden):
		return fmt.Errorf("%w: %w; it needs the role Developer (for a job token, that of whoever started the job); %s",
			ErrRefused, err, of.asks)
	}
	return err
}
