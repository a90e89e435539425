// Package logins finds the login for an image's registry among all that were given.
package logins

import (
	"net"
	"regexp"
	"strings"

	"dagger/ship/internal/registry"
)

// Login is what a registry is asked with.
type Login struct {
	Place    Place
	User     string
	Password string
	Token    string // Docker's identity token, in place of user and password
	From     string // where it was read, in words
}

// Same tells whether two logins are of one account.
func (l Login) Same(other Login) bool {
	return l.User == other.User && l.Password == other.Password && l.Token == other.Token
}

// Place is what a login is for: a registry, or the images below a path there.
type Place struct {
	Host string // HOST[:PORT]
	Path string // empty: all of the registry
}

func (p Place) String() string { return strings.TrimSuffix(p.Host+"/"+p.Path, "/") }

// Hosts are the ways to write the place's host: over TLS, with its port and without.
func (p Place) Hosts(plainHTTP bool) []string {
	name, port, err := net.SplitHostPort(p.Host)
	switch {
	case plainHTTP || p.Host == "docker.io":
	case err != nil:
		return []string{p.Host, p.Host + ":443"}
	case port == "443" && !strings.Contains(name, ":"):
		return []string{p.Host, name}
	}
	return []string{p.Host}
}

// Usual tells whether an engine takes the host for a registry's: it has a dot, or is this machine.
func (p Place) Usual() bool {
	return !strings.HasPrefix(p.Host, "[") && (strings.Contains(p.Host, ".") || strings.HasPrefix(p.Host, "localhost"))
}

// List is the logins that were given, and what is known of those that were not.
type List struct {
	logins []Login
	lacks  []lack
}

// lack is why there is no login for a place.
type lack struct {
	place Place // zero: any that has none
	why   string
}

func (l *List) lack(place Place, why string) { l.lacks = append(l.lacks, lack{place, why}) }

// Pair is the list of one login, whose user and password were given one by one. It is false if the host is
// none.
func Pair(from, host, user, password string) (List, bool) {
	place, is := parsePlace(host)
	return List{logins: []Login{{Place: place, User: user, Password: password, From: from}}}, is
}

// Missing is the list of a login that was not given, and why.
func Missing(why string) List { return List{lacks: []lack{{why: why}}} }

// Over is the list with a login that counts for all of its registry.
func (l List) Over(login Login) List {
	all := List{logins: []Login{login}, lacks: l.lacks}
	for _, other := range l.logins {
		if !registry.SamePlace(other.Place.Host, login.Place.Host, false) {
			all.logins = append(all.logins, other)
		}
	}
	return all
}

// And is the list with another one behind it: of two logins for one place, the first counts.
func (l List) And(other List) List {
	return List{append(l.logins[:len(l.logins):len(l.logins)], other.logins...),
		append(l.lacks[:len(l.lacks):len(l.lacks)], other.lacks...)}
}

// For is the login for an image, by the longest path of those that lead to it.
func (l List) For(image string) (found Login, is bool) {
	of := placeOf(image)
	for _, login := range l.logins {
		if login.Place.holds(of) && (!is || len(login.Place.Path) > len(found.Place.Path)) {
			found, is = login, true
		}
	}
	return found, is
}

// Lacks says why there is no login for an image, if anything is known about that.
func (l List) Lacks(image string) string {
	of, general := placeOf(image), ""
	for _, lack := range l.lacks {
		switch {
		case lack.place == Place{}:
			if general == "" {
				general = lack.why
			}
		case lack.place.holds(of):
			return lack.why
		}
	}
	return general
}

// Hosts has a login for each registry: that for all of it, or else the first for a path. A session
// knows one for each.
func (l List) Hosts() (found []Login) {
	for _, login := range l.logins {
		at := -1
		for i := range found {
			if registry.SamePlace(found[i].Place.Host, login.Place.Host, false) {
				at = i
			}
		}
		switch {
		case at < 0:
			found = append(found, login)
		case found[at].Place.Path != "" && login.Place.Path == "":
			found[at] = login
		}
	}
	return found
}

// parsePlace reads a key of Docker's: a host, with a scheme or without, and behind it a path that is the
// version of an API or leads to images.
func parsePlace(key string) (Place, bool) {
	if _, rest, is := strings.Cut(key, "://"); is {
		key = rest
	}
	host, path, _ := strings.Cut(strings.ToLower(strings.Trim(key, " \t\r\n")), "/")
	path = strings.Trim(path, "/")
	for _, api := range []string{"v1", "v2"} {
		if path == api {
			path = ""
		} else if rest, is := strings.CutPrefix(path, api+"/"); is {
			path = rest
		}
	}
	is := validHost.MatchString(host) && registry.HasHost(host) && validPath.MatchString(path)
	return Place{Host: hub(host), Path: path}, is
}

var (
	validHost = regexp.MustCompile(`^([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:\d{1,5})?$`)
	validPath = regexp.MustCompile(`^[a-z0-9._/-]*$`)
)

// placeOf is where an image is, without tag and digest.
func placeOf(image string) Place {
	image, _, _ = strings.Cut(image, "@")
	host, path, _ := strings.Cut(image, "/")
	if !registry.HasHost(image) || path == "" {
		host, path = "docker.io", image
	}
	if name, _, is := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], ":"); is {
		path = path[:strings.LastIndexByte(path, '/')+1] + name
	}
	host = hub(strings.ToLower(host))
	if host == "docker.io" && !strings.Contains(path, "/") {
		path = "library/" + path
	}
	return Place{host, path}
}

// hub gives Docker Hub's names its one name.
func hub(host string) string {
	if registry.SamePlace(host, "docker.io", false) {
		return "docker.io"
	}
	return host
}

// holds tells whether a place is within another one.
func (p Place) holds(other Place) bool {
	return registry.SamePlace(p.Host, other.Host, false) &&
		(p.Path == "" || other.Path == p.Path || strings.HasPrefix(other.Path, p.Path+"/"))
}
