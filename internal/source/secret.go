package source

import (
	"context"
	"fmt"
	"strings"
	"time"

	"dagger/ship/internal/dagger"
)

// How long reading a secret may take, which a program may have to fetch from a vault, and how many
// bytes it may have. A session on BuildKit has its own limits below these.
const (
	secretLimit = time.Minute
	maxSecret   = 1 << 20
)

// Secret reads the secret of a setting. One that is not given, or that an unset variable leaves
// empty, missing or a file without a name, is "": looking may do without, and what cannot says
// which setting it lacks.
func Secret(ctx context.Context, setting string, secret *dagger.Secret) (string, error) {
	if secret == nil {
		return "", nil
	}
	limited, cancel := context.WithTimeout(ctx, secretLimit)
	defer cancel()
	text, err := secret.Plaintext(limited)
	switch {
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		return "", fmt.Errorf(
			"read --%s: nothing came within %s: name a file that is there, not one that another program is to write",
			setting,
			secretLimit,
		)
	case err != nil && (strings.Contains(err.Error(), "env var not found") ||
		strings.Contains(err.Error(), `secret file ""`)):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("read --%s: %w", setting, err)
	case len(text) > maxSecret:
		return "", fmt.Errorf(
			"read --%s: it has more than %d KiB, which no secret has: name the file that holds it",
			setting,
			maxSecret>>10,
		)
	}
	return strings.TrimSpace(text), nil
}
