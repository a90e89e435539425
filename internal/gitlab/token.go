package gitlab

import "strings"

// TokenKind is a kind of GitLab token.
type TokenKind int

// The kinds of tokens.
const (
	AccessToken  TokenKind = iota // of a person, a project or a group
	JobToken                      // a CI_JOB_TOKEN
	UnclearToken                  // one of the two: most likely a job token
)

// JobUser is the only user name that a job token goes with.
const JobUser = "gitlab-ci-token"

// KindOf returns the kind of a token, which its prefix says. An instance may have prefixes of its
// own: then only the user name tells, and JobUser is also the default name beside an access token.
func KindOf(user, token string) TokenKind {
	switch {
	case strings.HasPrefix(token, "glcbt-"):
		return JobToken
	case strings.HasPrefix(token, "glpat-"), user != JobUser:
		return AccessToken
	}
	return UnclearToken
}
