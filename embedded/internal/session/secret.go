package session

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/session/secrets"

	"dagger/ship/embedded/internal/shim"
)

// Secret is a value that is read where it is needed, and no earlier.
type Secret struct {
	session *Session
	uri     string // env://NAME or file://PATH; empty: it was set under a name
	name    string
	key     string // stands for the plaintext in cache keys, where the caller gave one
}

func init() {
	field("Query.secret", func(ctx context.Context, s *Session, _ any, args struct {
		URI      string
		CacheKey *string
	}) (*Secret, error) {
		scheme, _, is := strings.Cut(args.URI, "://")
		if !is {
			return nil, fmt.Errorf("parse %q: malformed id", args.URI)
		}
		if scheme != "env" && scheme != "file" {
			return nil, fmt.Errorf("unsupported secret provider: %q (this session reads env://NAME and file://PATH)",
				scheme)
		}
		secret := &Secret{session: s, uri: args.URI}
		if args.CacheKey != nil {
			secret.key = *args.CacheKey
		}
		return secret, nil
	})
	field("Query.setSecret", func(ctx context.Context, s *Session, _ any, args struct {
		Name      string
		Plaintext *string
	}) (*Secret, error) {
		if args.Plaintext != nil { // an ID holds none
			s.plaintexts.Store(args.Name, []byte(*args.Plaintext))
		}
		return &Secret{session: s, name: args.Name}, nil
	})
	field("Secret.name", func(_ context.Context, _ *Session, secret *Secret, _ none) (string, error) {
		return secret.name, nil
	})
	field("Secret.uri", func(_ context.Context, _ *Session, secret *Secret, _ none) (string, error) {
		return secret.uri, nil
	})
	field("Secret.plaintext", func(_ context.Context, _ *Session, secret *Secret, _ none) (string, error) {
		value, err := secret.plaintext()
		return string(value), err
	})
}

// plaintext reads the secret. Errors have the engine's words: of a variable's name only the beginning is shown, since
// it may be a value given by mistake.
func (secret *Secret) plaintext() ([]byte, error) {
	scheme, place, _ := strings.Cut(secret.uri, "://")
	switch scheme {
	case "env":
		value, is := os.LookupEnv(place)
		if !is {
			if len(place) >= 4 {
				place = place[:3] + "..."
			}
			return nil, fmt.Errorf("secret env var not found: %q", place)
		}
		return []byte(value), nil
	case "file":
		if rest, is := strings.CutPrefix(place, "~/"); is {
			home, err := os.UserHomeDir()
			if err != nil {
				return nil, err
			}
			place = filepath.Join(home, rest)
		}
		if place != "" && !filepath.IsAbs(place) {
			place = filepath.Join(secret.session.workdir, place)
		}
		value, err := readSecret(place, secretLimit)
		if err != nil {
			return nil, fmt.Errorf("failed to read secret file %q: %w", place, err)
		}
		return value, nil
	}
	value, is := secret.session.plaintexts.Load(secret.name)
	if !is {
		return nil, fmt.Errorf("the secret %q was not set in this session", secret.name)
	}
	return value.([]byte), nil
}

// register returns the name that BuildKit asks for the secret by. It is part of cache keys, so it stands for the
// plaintext, or, as in the engine, for the name that the secret was set under. The salt keeps it from being guessed. A
// name has none, since it is no secret: it must be the same on all machines for what they share in a registry.
func (secret *Secret) register() (string, error) {
	kind, text, salt := "plaintext", []byte(secret.name), secret.session.salt
	switch {
	case secret.key != "":
		kind, text = "key", []byte(secret.key)
	case secret.uri == "":
		kind, salt = "name", nil
	default:
		var err error
		if text, err = secret.plaintext(); err != nil {
			return "", err
		}
	}
	mac := hmac.New(sha256.New, salt)
	fmt.Fprintf(mac, "%s:%s", kind, text)
	id := hex.EncodeToString(mac.Sum(nil))
	secret.session.registered.Store(id, secret)
	return id, nil
}

var _ secrets.SecretStore = (*Session)(nil)

// GetSecret answers BuildKit, which asks by the name that register gave.
func (s *Session) GetSecret(_ context.Context, id string) ([]byte, error) {
	secret, is := s.registered.Load(id)
	if !is {
		return nil, secrets.ErrNotFound
	}
	return secret.(*Secret).plaintext()
}

// scrub replaces every secret that a build of this session was given.
func (s *Session) scrub(text string) string {
	s.registered.Range(func(_, secret any) bool {
		if value, err := secret.(*Secret).plaintext(); err == nil {
			for _, value := range []string{string(value), strings.TrimSpace(string(value))} {
				if value != "" {
					text = strings.ReplaceAll(text, value, shim.Replacement)
				}
			}
		}
		return true
	})
	return text
}
