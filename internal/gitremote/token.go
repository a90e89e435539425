package gitremote

import (
	"errors"
	"fmt"
	"strings"

	"dagger/ship/internal/gitlab"
	"dagger/ship/internal/network"
)

// GitLab's settings (https://docs.gitlab.com/ci/jobs/ci_job_token/,
// https://docs.gitlab.com/user/project/protected_tags/).
const (
	accessTokens = "Settings > Access tokens: role Maintainer or Developer, scope write_repository"
	jobTokens    = "Settings > CI/CD > Job token permissions > Allow Git push requests to the repository, from " +
		"GitLab 18.4 on"
)

// isJobToken tells a GitLab job token from an access token, as far as that can be told.
func (r *Remote) isJobToken() bool { return gitlab.KindOf(r.User, r.Token) != gitlab.AccessToken }

// explain says what to do about refused credentials, in GitLab's words, since most users are on
// GitLab.
func (r *Remote) explain(err error) error {
	switch {
	case errors.Is(err, ErrRefused):
		return err
	case errors.Is(err, errUnauthorized):
		return fmt.Errorf("%w: %s%s", ErrRefused, r.unknownToken(), words(err, errUnauthorized))
	case errors.Is(err, errForbidden):
		return fmt.Errorf("%w: the token may not do this%s", ErrRefused, words(err, errForbidden))
	case errors.Is(err, errNoRepository):
		if r.isJobToken() && r.Token != "" {
			return errors.New("no such repository, or the token may not see it: a GitLab job token sees its own " +
				"project, and those that have it in Settings > CI/CD > Job token permissions")
		}
		return errors.New("no such repository, or the token may not see it")
	}
	return err
}

func (r *Remote) unknownToken() string {
	switch {
	case r.Token == "":
		return "it asks for a token and none was given (--token)"
	case r.isJobToken() && r.User != gitlab.JobUser:
		return fmt.Sprintf("a GitLab job token goes with the user %s, not %q (--user)", gitlab.JobUser, r.User)
	case r.isJobToken():
		return "the token is wrong or has expired: a CI_JOB_TOKEN ends with its job; as the user " + gitlab.JobUser +
			" an access token is good too (on GitLab, " + accessTokens + ")"
	}
	return "the token is wrong or has expired (on GitLab, access tokens are made at " + accessTokens + ")"
}

// explainPush says which right a push lacks and where it is given.
func (r *Remote) explainPush(err error) error {
	if !errors.Is(err, errForbidden) {
		return err
	}
	missing := "the access token may not push: it needs, on GitLab, " + accessTokens
	if r.isJobToken() {
		missing = "the job token may not push: allow it at " + jobTokens +
			"; or give --token a project access token of " + accessTokens
	}
	return fmt.Errorf("%w: %s%s", ErrRefused, missing, words(err, errForbidden))
}

// whereProtected says what to do if the server's words are GitLab's for a protected tag.
func (r *Remote) whereProtected(tag, said string) string {
	if !strings.Contains(said, "protected") {
		return ""
	}
	who := "the access token's role"
	if r.isJobToken() {
		who = "whoever started the job (a job token has that user's role)"
	}
	return fmt.Sprintf("\non GitLab, Settings > Repository > Protected tags has a rule that %s falls under: allow "+
		"%s to create such tags, or give --token an access token of a role that may", tag, who)
}

// words are what the server said beside a status, or "" if it said nothing for people.
func words(err, status error) string {
	_, said, _ := strings.Cut(err.Error(), status.Error()+": ")
	if said = network.Said(strings.NewReader(said)); said == "" {
		return ""
	}
	return "; it says: " + said
}
