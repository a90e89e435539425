//go:build standalone

// The program ship calls the module's functions in whatever Dagger session there is, as `dagger call` does:
//
//	go build -tags standalone -overlay standalone/overlay.json -o ship .
//	ship --image=registry.example/shop plan
//
// The overlay puts this file where an engine would put the code that it generates; `make bindings` copies it there, for
// editors. Here it is no part of a package, since its name begins with "_".
package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	sdk "dagger.io/dagger"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/foreign"
	"dagger/ship/internal/report"
	"dagger/ship/standalone/cli"
)

var dag *dagger.Client

// The functions' documentation is their help, as in the engine. No hidden file and no folder is among these.
//
//go:embed *.go
var sources embed.FS

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if out, err := os.Stdout.Stat(); err == nil && out.Mode()&os.ModeCharDevice != 0 {
		style = report.Unicode
	}
	program := cli.Program{
		Name:    "ship",
		Sources: sources,
		New:     New,
		Connect: func(ctx context.Context) (*dagger.Client, error) {
			client, err := sdk.Connect(ctx, sdk.WithLogOutput(os.Stderr))
			dag = client
			return client, err
		},
	}
	if err := program.Run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", foreign.Visible(err.Error()))
		os.Exit(1)
	}
}
