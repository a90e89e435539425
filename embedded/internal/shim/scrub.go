package shim

import (
	"bytes"
	"cmp"
	"io"
	"os"
	"slices"
	"sync"
)

// Replacement stands where a secret was; the engine's.
const Replacement = "***"

// secrets reads the values that must not be seen in output: each as it is and, where that is shorter, without
// surrounding space. What this process may not read, the command may not either.
func (r Request) secrets() [][]byte {
	var values [][]byte
	add := func(value []byte) {
		for _, v := range [][]byte{value, bytes.TrimSpace(value)} {
			if len(v) > 0 {
				values = append(values, v)
			}
		}
	}
	for _, name := range r.SecretEnv {
		add([]byte(os.Getenv(name)))
	}
	for _, name := range r.SecretFiles {
		if value, err := os.ReadFile(name); err == nil {
			add(value)
		}
	}
	slices.SortFunc(values, func(a, b []byte) int { return cmp.Compare(len(b), len(a)) })
	return values
}

// scrubber replaces secrets in what is written to it, also where one is written in pieces.
type scrubber struct {
	w       io.Writer
	secrets [][]byte // longest first
	held    []byte   // may be the beginning of a secret
}

func newScrubber(w io.Writer, secrets [][]byte) *scrubber { return &scrubber{w: w, secrets: secrets} }

// Write passes on what cannot become a secret any more.
func (s *scrubber) Write(data []byte) (int, error) {
	if len(s.secrets) == 0 {
		return s.w.Write(data)
	}
	s.held = append(s.held, data...)
	return len(data), s.pass(false)
}

// Flush passes on the rest, when no more is to come.
func (s *scrubber) Flush() error { return s.pass(true) }

func (s *scrubber) pass(all bool) error {
	var out []byte
	at := 0
	for at < len(s.held) {
		length, maybe := s.match(s.held[at:])
		if maybe && !all {
			break
		}
		if length > 0 {
			out = append(out, Replacement...)
			at += length
			continue
		}
		out = append(out, s.held[at])
		at++
	}
	s.held = append([]byte(nil), s.held[at:]...)
	_, err := s.w.Write(out)
	return err
}

// match returns how long a secret at the beginning of data is, and whether more data could make a longer one.
func (s *scrubber) match(data []byte) (length int, maybe bool) {
	for _, secret := range s.secrets {
		if bytes.HasPrefix(data, secret) {
			return len(secret), maybe
		}
		if len(data) < len(secret) && bytes.HasPrefix(secret, data) {
			maybe = true
		}
	}
	return 0, maybe
}

// shared lets two writers take turns.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(data)
}
