package helm

import (
	"regexp"
	"strings"
)

// reference is an image's as nodes read it, with the host and the path of Docker Hub written out
// (https://github.com/distribution/reference/blob/main/reference.go).
type reference struct{ repository, tag, digest string }

var (
	repository = regexp.MustCompile(`^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?` +
		`(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)+$`)
	validTag    = regexp.MustCompile(`^\w[\w.-]{0,127}$`)
	validDigest = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$`)
)

// parseReference reads an image's reference, as busybox, shop/web:1.4 or HOST/PATH:TAG@DIGEST.
func parseReference(text string) (r reference, valid bool) {
	name, digest, hasDigest := strings.Cut(text, "@")
	name, tag := cutTag(name)
	hasTag := tag != "" || strings.HasSuffix(text, ":")
	host, _, hasPath := strings.Cut(name, "/")
	switch {
	case !hasPath:
		name = "docker.io/library/" + name
	case !strings.ContainsAny(host, ".:") && host != "localhost" && strings.ToLower(host) == host:
		name = "docker.io/" + name
	}
	if path, hub := strings.CutPrefix(name, "index.docker.io/"); hub {
		name = "docker.io/" + path
	}
	if path, hub := strings.CutPrefix(name, "docker.io/"); hub && !strings.Contains(path, "/") {
		name = "docker.io/library/" + path
	}
	valid = repository.MatchString(name) && (!hasTag || validTag.MatchString(tag)) &&
		(!hasDigest || validDigest.MatchString(digest))
	return reference{name, tag, digest}, valid
}

// cutTag cuts a name at the colon before its tag, which is not that before a host's port.
func cutTag(name string) (repository, tag string) {
	if at := strings.LastIndex(name, ":"); at > strings.LastIndex(name, "/") {
		return name[:at], name[at+1:]
	}
	return name, ""
}
