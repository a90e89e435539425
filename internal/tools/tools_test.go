package tools

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"dagger/ship/internal/dagger"
)

func TestExplain(t *testing.T) {
	plain := errors.New("no such file")
	if got := Explain(plain); got != "no such file" {
		t.Errorf("got %q", got)
	}
	failed := &dagger.ExecError{Cmd: []string{"helm", "upgrade\nx"}, ExitCode: 3, Stderr: "Error: one\ntwo\n"}
	got := Explain(failed)
	if want := "helm upgrade x: exit code 3\nit printed last:\n  | Error: one\n  | two"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTry has what an engine does fail, take too long and meet trouble that passes.
func TestTry(t *testing.T) {
	var said []string
	tools := &Tools{Timeout: 50 * time.Millisecond, Say: func(text string) { said = append(said, text) }}
	for name, c := range map[string]struct {
		do    func(attempt int) func(context.Context) error
		want  string // of the error; empty if there is none
		times int
	}{
		"good": {func(int) func(context.Context) error { return func(context.Context) error { return nil } }, "", 1},
		"fails": {func(int) func(context.Context) error {
			return func(context.Context) error { return errors.New("denied") }
		}, "push: denied", 1},
		"hangs": {func(int) func(context.Context) error {
			return func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		}, "push: not done within 50ms (see --timeout)", 1},
		"passes": {func(attempt int) func(context.Context) error {
			return func(context.Context) error {
				if attempt == 1 {
					return errors.New("dial tcp: connection refused")
				}
				return nil
			}
		}, "", 2},
	} {
		said = nil
		attempts := 0
		err := tools.Try(t.Context(), "push", func(ctx context.Context) error {
			attempts++
			return c.do(attempts)(ctx)
		})
		if (err != nil) != (c.want != "") || err != nil && err.Error() != c.want || attempts != c.times {
			t.Errorf("%s: %v after %d attempts, want %q after %d", name, err, attempts, c.want, c.times)
		}
		if len(said) != attempts-1 || len(said) > 0 &&
			!strings.HasPrefix(said[0], "push: dial tcp: connection refused; trying again in ") {
			t.Errorf("%s: it said %q", name, said)
		}
	}
}
