// Command testbed brings up the other side of a release on one machine: a git server that answers as GitLab does,
// a registry, a stand-in for docker.io and ghcr.io, and a Kubernetes cluster. See `testbed --help`.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"dagger/ship/testbed/internal/commands"
)

// The cluster is told to end when the thread that started it ends: that must be the main one, which ends last.
func init() { runtime.LockOSThread() }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := commands.Root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "testbed:", err)
		stop()
		os.Exit(1)
	}
}
