package main_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/ship/testbed/control"
)

// trusting is a client's side of TLS that trusts the testbed's authority and nobody else.
func trusting(t *testing.T) *http.Transport {
	t.Helper()
	pem, err := os.ReadFile(bed.CA)
	check(t, err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("%s has no certificate", bed.CA)
	}
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
}

func TestGitOverTLS(t *testing.T) {
	c := newCheckout(t, control.Repository{})
	git := server(t, bed.Git.Control)
	host := strings.TrimPrefix(bed.Git.TLS, "https://")
	url := "https://" + bed.Git.User + ":" + bed.Git.Token + "@" + host + "/" + c.path + ".git"
	out, err := c.git("ls-remote", url)
	expect(t, "without its authority", out, err, "certificate")
	t.Setenv("GIT_SSL_CAINFO", bed.CA) // http.sslCAInfo in a variable, which goes before it
	c.must("tag", "secured")
	c.must("push", url, "secured")
	if !strings.Contains(c.must("ls-remote", "origin"), "refs/tags/secured") {
		t.Error("the repository is not the same over plain HTTP")
	}
	requests(t, git, 1, func(r control.Request) bool {
		return r.TLS && r.Operation == "push" &&
			r.Refs[0].Result == "ok"
	})

	_, err = git.Fault(t.Context(), control.Fault{Kind: control.Status, Operation: "advertise-fetch",
		Repository: c.path, Count: 1})
	check(t, err)
	out, err = c.git("ls-remote", url)
	expect(t, "disturbed", out, err, "503")

	check(t, git.Stop(t.Context()))
	for _, address := range []string{host, strings.TrimPrefix(bed.Git.URL, "http://")} {
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Close()
			t.Errorf("stopped, but something listens at %s", address)
		}
	}
	check(t, git.Start(t.Context()))
	c.must("ls-remote", url)
	c.must("ls-remote", "origin")
}

func TestRegistryOverTLS(t *testing.T) {
	log := server(t, bed.Registry.Control)
	to, err := name.ParseReference(bed.Registry.TLS + "/tests/tls:1")
	check(t, err)
	image := randomImage(t)
	if err := remote.Write(to, image, login(), once()); err == nil ||
		!strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("without its authority: %v", err)
	}
	check(t, remote.Write(to, image, login(), remote.WithTransport(trusting(t))))
	requests(t, log, 1, func(r control.Request) bool {
		return r.TLS && r.Operation == "manifest-write" &&
			r.Status == 201
	})
	if _, err := remote.Head(reference(t, bed.Registry.Address, "tests/tls:1"), login()); err != nil {
		t.Errorf("the registry is not the same over plain HTTP: %v", err)
	}
}
