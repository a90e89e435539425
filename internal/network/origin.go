package network

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// SameServer tells whether two addresses have scheme, host and port in common. Credentials that were given for one belong to the other
// only then.
func SameServer(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if u.Port() == "" {
		return map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return u.Port()
}

// Private tells whether what is sent to an address can be read by nobody on the way: it is encrypted, or stays on this machine.
func Private(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(u.Scheme, "https") || host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.IsLoopback()
}

// credentials are the headers that Ship's requests carry them in.
var credentials = []string{"Authorization", "Cookie", "Private-Token", "Job-Token"}

// keepCredentials lets no credentials follow a redirect to another server. Go's own client compares hosts only: another port, a
// subdomain, and plain HTTP after HTTPS would get them.
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
