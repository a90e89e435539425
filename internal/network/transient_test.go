package network

import (
	"strings"
	"testing"
)

func TestTransient(t *testing.T) {
	transient := []string{
		"The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?",
		`Error: Kubernetes cluster unreachable: Get "https://h/version": ` +
			`dial tcp 127.0.0.1:1: connect: connection refused`,
		"Error: the server is currently unable to handle the request (get secrets)",
		"Error: query: failed to query with labels: unexpected EOF",
		"failed to push h/shop:1: unexpected status from POST request to http://h/v2/: 503 Service Unavailable",
		"fatal: unable to access 'http://h/shop.git/': The requested URL returned error: 502",
		"fatal: unable to access 'http://h/shop.git/': Failed to connect to h port 1 after 0 ms: Connection refused",
		"error: RPC failed; curl 18 transfer closed with outstanding read data remaining",
	}
	lasting := []string{
		"Error: UPGRADE FAILED: context deadline exceeded",
		`Error: secrets is forbidden: User "u" cannot list resource "secrets"`,
		"Error: another operation (install/upgrade/rollback) is in progress",
		"failed to push h/shop:1: unexpected status from POST request to http://h/v2/: 401 Unauthorized",
		"fatal: unable to access 'https://h/shop.git/': server certificate verification failed. CAfile: none",
		"process \"/bin/sh -c exit 7\" did not complete successfully: exit code: 7",
		"tls: failed to verify certificate: x509: certificate signed by unknown authority",
	}
	for _, text := range transient {
		if !Transient(text) {
			t.Errorf("%s: want true", text)
		}
	}
	for _, text := range lasting {
		if Transient(text) {
			t.Errorf("%s: want false", text)
		}
	}
}

// TestSaid has what servers say beside a status. What is shown is never cut here: a secret in it is
// hidden later, as a whole.
func TestSaid(t *testing.T) {
	secret := strings.Repeat("s3cr3t", 8)
	for name, c := range map[string]struct{ page, want string }{
		"words":                      {"too many\n  requests for you\n", "too many requests for you"},
		"a secret at the 300th byte": {strings.Repeat("x ", 140) + secret, strings.Repeat("x ", 140) + secret},
		"a page":                     {"<html>", ""},
		"no text":                    {"a\x1b[0m", ""},
		"no end":                     {strings.Repeat("x", maxSaid) + secret, ""},
	} {
		if got := Said(strings.NewReader(c.page)); got != c.want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}
