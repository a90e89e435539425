// Package network is what Ship's own calls to servers have in common: which certificates are
// trusted, how long an answer may take, and what is tried again.
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

// maxUnread is how many bytes of a body are read so that its connection can be used again.
const maxUnread = 16 << 10

// New makes a client that trusts the certificates in ca (PEM; none: only the system's) beside the
// system's. Each attempt of a call ends after the deadline. Say is told what is tried again, and
// why.
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
		HTTP:     &http.Client{Transport: &recorder{transport}, CheckRedirect: keepCredentials},
		deadline: deadline,
		say:      say,
	}
}

// ConnectTo returns a client that reaches one server, host or host:port, at another address
// (host:port) than its own.
func (c *Client) ConnectTo(server, address string) *Client {
	transport := c.HTTP.Transport.(*recorder).base.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, to string) (net.Conn, error) {
		if to == server || strings.HasPrefix(to, server+":") {
			to = address
		}
		return new(net.Dialer).DialContext(ctx, network, to)
	}
	return newClient(transport, c.deadline, c.say)
}

// appendCertificates returns an error for what it cannot read, which the pool's own method skips.
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

// Do makes a call, and makes it again if it failed for a reason that may be over a moment later.
// Doing says what it is for, in errors and to whoever waits. The error wraps the last attempt's.
func (c *Client) Do(ctx context.Context, doing string, call func(context.Context) error) error {
	say := func(text string) { c.say(doing + ": " + text) }
	err := Retry(ctx, say, func() Failure {
		failed := new(lastError)
		recorded := context.WithValue(ctx, lastErrorKey{}, failed)
		limited, cancel := context.WithTimeoutCause(recorded, c.deadline, errSilent)
		err := call(limited)
		silent := errors.Is(context.Cause(limited), errSilent)
		cancel()
		switch {
		case err == nil:
			return Failure{}
		case silent:
			return Failure{Err: fmt.Errorf("%s within %s (see --deadline)", Silence, c.deadline), Temporary: true}
		case errors.As(err, new(x509.UnknownAuthorityError)):
			return Failure{
				Err: fmt.Errorf("%w; give the certificate of the authority that signed the server's with --ca", err),
			}
		}
		hideQuery(err)
		return Failure{
			Err:       err,
			Temporary: ctx.Err() == nil && (failed.temporary() || errors.Is(err, io.ErrUnexpectedEOF)),
			Response:  failed.response(), //nolint:bodyclose // StatusError has closed it
		}
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// hideQuery removes the query from the address in an error: a registry redirects to storage, and
// the query signs such an address.
func hideQuery(err error) {
	if failed := new(url.Error); errors.As(err, &failed) {
		failed.URL, _, _ = strings.Cut(failed.URL, "?")
	}
}

// errSilent ends an attempt that takes too long.
var errSilent = errors.New("no answer in time")

// StatusError is an answer by which a server says that it has failed.
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

func (e *StatusError) temporary() bool {
	code := e.Response.StatusCode
	return code == http.StatusTooManyRequests || code == http.StatusRequestTimeout ||
		code >= 500 && code != http.StatusNotImplemented
}

// recorder is a transport that turns answers of servers that failed into errors, and records in an
// attempt's context what went wrong: libraries above it wrap errors in ways of their own, or drop
// them.
type recorder struct{ base http.RoundTripper }

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	failed, _ := request.Context().Value(lastErrorKey{}).(*lastError)
	response, err := r.base.RoundTrip(request)
	if err == nil {
		status := &StatusError{Response: response}
		if !status.temporary() {
			failed.note(nil) // what went wrong before it is over
			response.Body = &recordedBody{response.Body, failed}
			return response, nil
		}
		status.Said = Said(response.Body)
		response.Body.Close()
		err = status
	}
	failed.note(err)
	return nil, err
}

// recordedBody is an answer's body, which may be cut. The unread rest of a short one is read before
// it is closed, so that its connection can be used again.
type recordedBody struct {
	io.ReadCloser
	failed *lastError
}

func (b *recordedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.failed.note(err)
	}
	return n, err
}

func (b *recordedBody) Close() error {
	_, _ = io.CopyN(io.Discard, b.ReadCloser, maxUnread)
	return b.ReadCloser.Close()
}
