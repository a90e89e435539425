package network

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// SameServer tells whether two addresses have scheme, host and port in common. Only then may
// credentials for one be sent to the other.
func SameServer(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if u.Port() == "" {
		return map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return u.Port()
}

// Private returns an error if others could read what is sent to an address: it is not encrypted,
// and leaves this machine. Nothing is sent to an address that is empty or no URL.
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

// credentials are the headers of Ship's requests that hold credentials.
var credentials = []string{"Authorization", "Cookie", "Private-Token", "Job-Token"}

// keepCredentials removes credentials from a request that is redirected to another server. Go's own
// client compares hosts only: another port, a subdomain, and plain HTTP after HTTPS would get them.
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
