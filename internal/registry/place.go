package registry

import (
	"fmt"
	"net"
	"strings"

	"oras.land/oras-go/v2/registry"
)

// Check tells whether address is one that images can be pushed to: host[:port]/path, as in the
// distribution spec.
func Check(address string) error {
	reference, err := registry.ParseReference(address)
	if err != nil || reference.Reference != "" || !HasHost(address) {
		return fmt.Errorf("%q is not an image's address: write HOST[:PORT]/PATH in lower case, without scheme, tag "+
			"or digest", address)
	}
	return nil
}

// HasHost tells whether an address begins with a registry's host. If the first part is no host's
// name, a push would read it as an account on Docker Hub.
func HasHost(address string) bool {
	host := Host(address)
	return strings.ContainsAny(host, ".:") || host == "localhost"
}

// Host is the part of an image's address that credentials belong to.
func Host(address string) string {
	host, _, _ := strings.Cut(address, "/")
	return host
}

// SamePlace tells whether two hosts are one server: the same name and the same port, written or
// not. Credentials for one place must be sent to no other.
func SamePlace(a, b string, plainHTTP bool) bool { return place(a, plainHTTP) == place(b, plainHTTP) }

func place(host string, plainHTTP bool) string {
	host = strings.ToLower(host)
	name, port, err := net.SplitHostPort(host)
	if err != nil { // it names no port
		name, port = strings.Trim(host, "[]"), "443"
		if plainHTTP {
			port = "80"
		}
	}
	switch name {
	case "index.docker.io", "registry-1.docker.io": // Docker Hub's other names
		name = "docker.io"
	}
	return net.JoinHostPort(name, port)
}
