// Package network is what Ship's own calls to servers have in common: whose certificates count, how
// long an answer may take, and what is tried again.
package network

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client calls servers over HTTP. Its connections are kept for all calls.
type Client struct {
	HTTP *http.Client

	deadline time.Duration
	say      func(string)
}

// maxUnread is how much of a body, in bytes, is read for its connection's sake.
const maxUnread = 16 << 10

// New makes a client that trusts the certificates in ca (PEM; none: only the system's) beside the
// system's. Each attempt of a call ends after the deadline. What is tried again, and why, is told
// to say.
func New(ca string, deadline time.Duration, say func(string)) (*Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// by default it keeps two, and many projects ask one registry
	transport.MaxIdleConnsPerHost = transport.MaxIdleConns
	transport.MaxResponseHeaderBytes = 1 << 20
	if ca != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("read the system's certificates: %w", err)
		}
		if err := appendCertificates(pool, ca); err != nil {
			return nil, err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return newClient(transport, deadline, say), nil
}

func newClient(transport *http.Transport, deadline time.Duration, say func(string)) *Client {
	return &Client{
		HTTP:     &http.Client{Transport: &noting{transport}, CheckRedirect: keepCredentials},
		deadline: deadline,
		say:      say,
	}
}

// ConnectTo returns a client that reaches one server, host or host:port, under another address
// (host:port) than its own.
func (c *Client) ConnectTo(server, address string) *Client {
	transport := c.HTTP.Transport.(*noting).base.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, to string) (net.Conn, error) {
		if to == server || strings.HasPrefix(to, server+":") {
			to = address
		}
		return new(net.Dialer).DialContext(ctx, network, to)
	}
	return newClient(transport, c.deadline, c.say)
}

// appendCertificates is strict where the pool's own method passes over what it cannot read.
func appendCertificates(pool *x509.CertPool, ca string) error {
	found := 0
	for block, rest := pem.Decode([]byte(ca)); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("read certificate %d in it: %w", found+1, err)
		}
		pool.AddCert(certificate)
		found++
	}
	if found == 0 {
		return errors.New("there is no certificate in it: give them as PEM (-----BEGIN CERTIFICATE-----)")
	}
	return nil
}

// Do makes a call, and again where it met trouble that may pass. Doing says what it is for, in
// errors and to whoever waits. An error that comes back wraps the last attempt's.
func (c *Client) Do(ctx context.Context, doing string, call func(context.Context) error) error {
	say := func(text string) { c.say(doing + ": " + text) }
	err := Retry(ctx, say, func() Failure {
		met := new(encounter)
		limited, cancel := context.WithTimeoutCause(context.WithValue(ctx, encounterKey{}, met), c.deadline, errSilent)
		err := call(limited)
		silent := errors.Is(context.Cause(limited), errSilent)
		cancel()
		switch {
		case err == nil:
			return Failure{}
		case silent:
			return Failure{Err: fmt.Errorf("%s within %s (see --deadline)", Silence, c.deadline), Passes: true}
		case errors.As(err, new(x509.UnknownAuthorityError)):
			return Failure{
				Err: fmt.Errorf("%w; give the certificate of the authority that signed the server's with --ca", err),
			}
		}
		hideQuery(err)
		return Failure{
			Err:      err,
			Passes:   ctx.Err() == nil && (met.trouble() || errors.Is(err, io.ErrUnexpectedEOF)),
			Response: met.response(),
		}
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// hideQuery takes the query out of the address in an error: a registry redirects to storage with
// addresses that are signed there.
func hideQuery(err error) {
	if failed := new(url.Error); errors.As(err, &failed) {
		failed.URL, _, _ = strings.Cut(failed.URL, "?")
	}
}

// errSilent ends an attempt that takes too long.
var errSilent = errors.New("no answer in time")

// StatusError is an answer that says that a server is in trouble.
type StatusError struct {
	Response *http.Response // its body is closed
	Said     string         // what its body says to people
}

func (e *StatusError) Error() string {
	text := "the server answered " + e.Response.Status
	if e.Said != "" {
		text += ": " + e.Said
	}
	return text
}

func (e *StatusError) passes() bool {
	code := e.Response.StatusCode
	return code == http.StatusTooManyRequests || code == http.StatusRequestTimeout ||
		code >= 500 && code != http.StatusNotImplemented
}

// noting is a transport that turns answers of servers in trouble into errors, and notes in an
// attempt's context what it met: libraries above it wrap errors in ways of their own, or drop them.
type noting struct{ base http.RoundTripper }

func (n *noting) RoundTrip(request *http.Request) (*http.Response, error) {
	met, _ := request.Context().Value(encounterKey{}).(*encounter)
	response, err := n.base.RoundTrip(request)
	if err == nil {
		status := &StatusError{Response: response}
		if !status.passes() {
			met.note(nil) // what went wrong before it is over
			response.Body = &notingBody{response.Body, met}
			return response, nil
		}
		status.Said = Said(response.Body)
		response.Body.Close()
		err = status
	}
	met.note(err)
	return nil, err
}

// notingBody is an answer's body, which may be cut. What nobody wanted to read of a short one is
// read before it is closed, so that its connection can be used again.
type notingBody struct {
	io.ReadCloser
	met *encounter
}

func (b *notingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.met.note(err)
	}
	return n, err
}

func (b *notingBody) Close() error {
	_, _ = io.CopyN(io.Discard, b.ReadCloser, maxUnread)
	return b.ReadCloser.Close()
}
