package main

import (
	"context"
	"fmt"
	"time"

	"dagger/ship/internal/network"
)

// retry does something, and again where it met trouble that may pass. It returns the trouble that is left; none is "".
func (r *release) retry(ctx context.Context, doing string, do func() (trouble string)) string {
	for attempt := 1; ; attempt++ {
		trouble := do()
		if attempt == network.Attempts || !network.Transient(trouble) {
			return trouble
		}
		if r.waitToRetry(ctx, doing+trouble, attempt) != nil {
			return trouble
		}
	}
}

// try has the engine do something that takes a server's answer, within the timeout, and again where it met trouble that may pass.
func (r *release) try(ctx context.Context, doing string, do func(context.Context) error) error {
	trouble := r.retry(ctx, doing+": ", func() string {
		limited, cancel := context.WithTimeout(ctx, r.timeout())
		defer cancel()
		switch err := do(limited); {
		case err == nil:
			return ""
		case limited.Err() != nil && ctx.Err() == nil:
			return fmt.Sprintf("not done within %s (see --timeout)", r.timeout())
		default:
			return explain(err)
		}
	})
	if trouble != "" {
		return fmt.Errorf("%s: %s", doing, trouble)
	}
	return nil
}

// waitToRetry says why something is tried again, and lets a moment pass before.
func (r *release) waitToRetry(ctx context.Context, trouble string, attempt int) error {
	r.say("%s; trying again (%d of %d)", trouble, attempt+1, network.Attempts)
	return sleep(ctx, time.Duration(attempt)*500*time.Millisecond)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// timeout and deadline are settings that New has checked.
func (s *Ship) timeout() time.Duration  { return duration(s.Timeout) }
func (s *Ship) deadline() time.Duration { return duration(s.Deadline) }

func duration(text string) time.Duration {
	d, _ := time.ParseDuration(text)
	return d
}
