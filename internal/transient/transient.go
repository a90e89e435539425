// Package transient tells trouble that may be over a moment later from what will not go away by itself, by the words of the
// programs that met it: Helm, kubectl, git, and the engine's own client of registries. It does nothing itself.
package transient

import "regexp"

// In tells whether text, which programs said of a failure, names a network or a server in trouble: connections that are refused,
// lost or time out, and the HTTP statuses 429, 500, 502, 503 and 504.
func In(text string) bool { return trouble.MatchString(text) }

var trouble = regexp.MustCompile(`(?i)connection refused|connection reset|connection timed out|broken pipe|\bEOF\b|i/o timeout|` +
	`TLS handshake timeout|server misbehaving|temporary failure in name resolution|client connection lost|server closed the connection|` +
	`the remote end hung up|empty reply from server|RPC failed|` +
	`429 too many requests|500 internal server error|502 bad gateway|503 service unavailable|504 gateway time-?out|` +
	`returned error: (429|500|502|503|504)|` + // git
	`unable to handle the request|too many requests|an error on the server \(|etcdserver: |` + // Kubernetes
	Silence)

// Silence is what Ship says of a server that did not answer in time.
const Silence = "no answer"
