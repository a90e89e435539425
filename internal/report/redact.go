package report

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Redactor takes secrets out of text: as they are, URL-encoded, base64-encoded and as a JSON string holds them.
// The zero value redacts nothing. It may be used from several goroutines.
type Redactor struct {
	mu    sync.RWMutex
	forms []string
}

// confidential are the kubeconfig's keys that hold secrets.
var confidential = regexp.MustCompile(`^(token|password|client-key-data):?$`)

// shortest is the length from which a string can be told from plain words. A shorter secret is none.
const shortest = 4

// Add makes the redactor know secrets. Of one that holds others (a kubeconfig, as YAML or JSON) every long word is a
// secret too, and whatever is called a token, password or key.
func (r *Redactor) Add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range secrets {
		r.add(secret)
		label := ""
		for _, word := range strings.FieldsFunc(secret, func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune("{}[],\"'", c) }) {
			// A kubeconfig's tokens and keys are long; its names and addresses are no secrets.
			if len(word) >= 20 && !strings.Contains(word, "://") || confidential.MatchString(label) && word != ":" {
				r.add(word)
			}
			if word != ":" { // JSON's colon stands alone, and keeps the label before it
				label = word
			}
		}
	}
	// the longest first: a secret that holds another goes whole
	slices.SortFunc(r.forms, func(a, b string) int { return len(b) - len(a) })
	r.forms = slices.Compact(r.forms)
}

func (r *Redactor) add(secret string) {
	if len(secret) < shortest {
		return
	}
	quoted, _ := json.Marshal(secret)
	r.forms = append(r.forms, secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`))
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		// Text before the secret (a user's name and a colon) shifts its base64 by up to two bytes, and what
		// follows mixes with its last ones: the characters that depend on the secret alone are looked for.
		for shift := range 3 {
			encoded := encoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + secret))
			first, last := (shift*8+5)/6, (shift+len(secret))*8/6
			if last-first >= shortest {
				r.forms = append(r.forms, encoded[first:last])
			}
		}
	}
}

// Redact returns text with *** for each secret.
func (r *Redactor) Redact(text string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, form := range r.forms {
		text = strings.ReplaceAll(text, form, "***")
	}
	return text
}
