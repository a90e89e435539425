// Package e2e calls ship's functions as users do, from a command line, against a real git server, registry and
// Kubernetes, and then asks those servers what they hold.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"dagger/ship/e2e/bed"
)

var world *bed.Bed

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	state, err := os.MkdirTemp("", "ship-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(state)
	world, err = bed.Start(context.Background(), state, os.Stderr, "--toolchains")
	if errors.Is(err, bed.ErrNoEngine) {
		return 0, nil
	}
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, world.Stop()) }()
	return m.Run(), nil
}
