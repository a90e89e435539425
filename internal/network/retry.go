package network

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"oras.land/oras-go/v2/registry/remote/retry"
)

// Attempts is how often something is tried in all if it may succeed a moment later.
const Attempts = 3

// How long to wait between attempts: half a second, then about twice that, or as a server asks for
// with Retry-After, but not longer than a person would.
const (
	firstWait = 500 * time.Millisecond
	maxWait   = 20 * time.Second
)

// Failure is what an attempt failed with.
type Failure struct {
	Err       error          // nil: it did not fail
	Temporary bool           // whether another attempt may succeed
	Response  *http.Response // the answer that said so, which may say how long to wait; nil: there is none
}

// Retry does something, and does it again if it failed for a reason that may be over a moment
// later. Say is told what is tried again, and why. The error is the last attempt's, and says so if
// there were several.
func Retry(ctx context.Context, say func(string), do func() Failure) error {
	backoff := retry.ExponentialBackoff(firstWait, 2, 0.2)
	for attempt := 1; ; attempt++ {
		failure := do()
		switch {
		case failure.Err == nil || !failure.Temporary:
			return failure.Err
		case attempt == Attempts:
			return fmt.Errorf("%w (tried %d times)", failure.Err, attempt)
		}
		wait := min(backoff(attempt-1, failure.Response), maxWait)
		say(fmt.Sprintf("%v; trying again in %s (%d of %d)", failure.Err, wait.Round(100*time.Millisecond), attempt+1,
			Attempts))
		if err := Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// Sleep waits. If the context ends first, it returns the context's error.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
