package network

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"regexp"
)

// Transient tells whether text, which a program said of its failure, names a failure of a network
// or a server that may be over a moment later: connections that are refused, lost or time out, and
// the HTTP statuses 429, 500, 502, 503 and 504. Helm, kubectl, git and an engine's registry client
// report failures only as text.
func Transient(text string) bool { return transient.MatchString(text) }

var transient = regexp.MustCompile(
	`(?i)connection refused|connection reset|connection timed out|broken pipe|\bEOF\b|i/o timeout|` +
		`TLS handshake timeout|server misbehaving|temporary failure in name resolution|` +
		`client connection lost|server closed the connection|` +
		`the remote end hung up|empty reply from server|RPC failed|` +
		`429 too many requests|500 internal server error|502 bad gateway|` +
		`503 service unavailable|504 gateway time-?out|` +
		`returned error: (429|500|502|503|504)|` + // git
		// Kubernetes
		`the connection to the server \S+ was refused|unable to handle the request|too many requests|` +
		`an error on the server \(|etcdserver: |` +
		Silence,
)

// Silence is what Ship says of a server that did not answer in time.
const Silence = "no answer"

// temporary tells the same of an error of Ship's own HTTP client.
func temporary(err error) bool {
	var (
		status    *StatusError
		name      *net.DNSError
		socket    *net.OpError
		untrusted *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &status):
		return status.temporary()
	case errors.As(err, &socket) && socket.Op == "remote error",
		errors.As(err, &untrusted),
		errors.As(err, new(x509.UnknownAuthorityError)):
		return false
	case errors.As(err, &name):
		return name.IsTemporary || name.IsTimeout
	case errors.As(err, &socket),
		errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, context.DeadlineExceeded):
		return true
	}
	return err != nil && Transient(err.Error())
}
