package logins

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"dagger/ship/internal/registry"
)

var (
	refused = regexp.MustCompile(`(?i)\b40[13] (unauthorized|forbidden)|authorization failed|failed to authorize|` +
		`no basic auth credentials|insufficient.scope|pull access denied|requested access to the resource is denied`)
	asked = regexp.MustCompile(`(?:source metadata for|failed to push|failed to resolve image) "?([A-Za-z0-9.:\[\]-]+)/`)
	token = regexp.MustCompile(`failed to fetch (?:oauth|anonymous) token: .*[?&]scope=([^&\s]+)`)
)

// Refused tells whether a text of an engine's, or of BuildKit's, may be about a registry that refused a
// login, or asks for one.
func Refused(text string) bool {
	return refused.MatchString(text) && (asked.MatchString(text) || token.MatchString(text))
}

// Explain says about such a text where the login came from, or why there was none. If the text names no
// registry, but what it was to give a token for, that is one of the images. It is empty if the text is
// about something else.
func (l List) Explain(text string, images ...string) string {
	if !Refused(text) {
		return ""
	}
	host, path := "", ""
	if at := asked.FindStringSubmatch(text); at != nil {
		host = hub(strings.ToLower(at[1]))
	} else {
		path = scope(token.FindStringSubmatch(text)[1])
		for _, image := range images {
			if of := placeOf(image); of.Path == path {
				host = of.Host
			}
		}
	}
	if host == "" {
		return fmt.Sprintf("the registry of %s wants a login, and was given none or a wrong one: give it in a secret "+
			"DOCKER_AUTH_CONFIG", path)
	}
	for _, login := range l.Hosts() {
		if registry.SamePlace(login.Place.Host, host, false) {
			return fmt.Sprintf("the login for %s, from %s, is wrong or may not do this", host, login.From)
		}
	}
	if why := l.Lacks(host + "/x"); why != "" {
		return fmt.Sprintf("there is no login for %s: %s", host, why)
	}
	return fmt.Sprintf("there is no login for %s, in case it wants one: give it in a secret DOCKER_AUTH_CONFIG", host)
}

// scope is the repository that a token is for
// (https://distribution.github.io/distribution/spec/auth/scope/).
func scope(query string) string {
	text, err := url.QueryUnescape(query)
	if err != nil {
		return query
	}
	text = strings.TrimPrefix(text, "repository:")
	if end := strings.LastIndexByte(text, ':'); end >= 0 {
		text = text[:end]
	}
	return text
}
