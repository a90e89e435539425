package daemon

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// allowed are the variables that programs of Ship's need, whatever they do. A job's secrets stand in the environment
// too, and a process that outlives the job would show them to whoever may read its /proc/PID/environ.
var allowed = []string{
	"PATH", "HOME", "TMPDIR", "LANG", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
}

// allowedBeginnings are those of families of variables: folders of the user, languages, and what rootlesskit says to
// buildkitd.
var allowedBeginnings = []string{"XDG_", "LC_", "ROOTLESSKIT_"}

// Environment is what this process hands to programs that may outlive it: none of its variables but those that are
// needed, with more added or put in their place (NAME=VALUE). Authorities that git is told to trust are trusted by all,
// beside the system's.
func Environment(more ...string) []string {
	kept := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return !slices.Contains(allowed, name) &&
			!slices.ContainsFunc(allowedBeginnings, func(beginning string) bool {
				return strings.HasPrefix(name, beginning)
			})
	})
	return slices.Concat(kept, authorities(), more)
}

// authorities makes programs in Go trust what git is told to trust: buildkitd downloads files of Git LFS from the
// servers that git fetches from.
func authorities() []string {
	trusted, is := os.LookupEnv("GIT_SSL_CAINFO")
	if _, own := os.LookupEnv("SSL_CERT_FILE"); !is || own {
		return nil
	}
	return []string{"SSL_CERT_FILE=" + trusted}
}

// GitEnvironment is what the program git gets, so that it reads the same bytes on every machine: no configuration,
// attributes, templates or credentials of this machine or its user, none of the variables by which a hook tells git
// about another repository, no questions, and no other protocol than HTTP(S). Authorities that the session is told to
// trust (GIT_SSL_CAINFO) and proxies stay. Each setting is a pair of a name and a value, as http.followRedirects and
// false; arguments can be seen by others, these cannot.
func GitEnvironment(settings ...[2]string) []string {
	variables := Environment(
		"HOME=/nonexistent", "XDG_CONFIG_HOME=/nonexistent",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_ATTR_NOSYSTEM=1",
		"GIT_TEMPLATE_DIR=", "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=http:https", "LC_ALL=C",
	)
	if authorities, is := os.LookupEnv("GIT_SSL_CAINFO"); is {
		variables = append(variables, "GIT_SSL_CAINFO="+authorities)
	}
	variables = append(variables, "GIT_CONFIG_COUNT="+strconv.Itoa(len(settings)))
	for i, setting := range settings {
		n := strconv.Itoa(i)
		variables = append(variables, "GIT_CONFIG_KEY_"+n+"="+setting[0], "GIT_CONFIG_VALUE_"+n+"="+setting[1])
	}
	return variables
}
