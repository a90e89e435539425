package network

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// SameServer tells whether two addresses have scheme, host and port in common. Credentials that
// were given for one belong to the other only then.
func SameServer(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if u.Port() == "" {
		return map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return u.Port()
}

// Private is an error where what is sent to an address can be read on the way: it is not encrypted,
// and leaves this machine. An address that is empty or no URL is not sent anything.
func Private(address string) error {
	u, err := url.Parse(address)
	if err != nil || !strings.EqualFold(u.Scheme, "http") {
		return nil
	}
	host := strings.ToLower(u.Hostname())
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() || host == "localhost" ||
		strings.HasSuffix(host, ".localhost") {
		return nil
	}
	return fmt.Errorf("%s speaks plain HTTP, so that the token could be read on the way: name it with https, or "+
		"allow it with --insecure", u.Redacted())
}

// credentials are the headers that Ship's requests carry them in.
var credentials = []string{"Authorization", "Cookie", "Private-Token", "Job-Token"}

// keepCredentials lets no credentials follow a redirect to another server. Go's own client compares
// hosts only: another port, a subdomain, and plain HTTP after HTTPS would get them.
func keepCredentials(next *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("the server leads from one address to another, ten times")
	}
	if !SameServer(next.URL, via[0].URL) {
		for _, header := range credentials {
			next.Header.Del(header)
		}
	}
	return nil
}
