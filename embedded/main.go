// The program embedded is a Dagger session on BuildKit, for machines without a Dagger engine.
//
//	embedded session                          what Dagger's SDKs start through _EXPERIMENTAL_DAGGER_CLI_BIN
//	embedded daemon --root DIR --config FILE  runs buildkitd in the foreground
//	embedded shim                             runs a command in a container; the session starts it there
//
// A session uses the buildkitd that BUILDKIT_HOST names, as unix:///run/buildkit/buildkitd.sock. Without, it starts
// one of its own, with the configuration file that BUILDKITD_CONFIG names, and ends it with itself. What
// sessions keep is in $SHIP_CACHE, by default $XDG_CACHE_HOME/ship or ~/.cache/ship.
//
// Registries with a certificate of an own authority are named in that configuration. For git remotes of that kind,
// which a session reads with the program git, the session's GIT_SSL_CAINFO names a file with the authorities to trust
// (git help git-config, http.sslCAInfo); a buildkitd that is started with that variable trusts them for downloads, too,
// as it does those of SSL_CERT_FILE. The program git gets nothing of the user's own configuration, so that a commit's
// files are the same on every machine.
//
// A Dockerfile's commands have a network of their own, in which this machine's loopback is not, if BuildKit can make
// one (package daemon says what it needs). SHIP_BUILD_NETWORK=host puts them into the machine's own: for a package
// index on its loopback, if all who may change a Dockerfile are trusted with whatever listens there.
//
// The program must be static, since it runs in containers too: build it with CGO_ENABLED=0.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"dagger/ship/embedded/internal/daemon"
	"dagger/ship/embedded/internal/session"
	"dagger/ship/embedded/internal/shim"
)

func main() {
	command := ""
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	if command == "shim" {
		os.Exit(shim.Main())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch command {
	case "session":
		err = serve(ctx, os.Args[2:])
	case "daemon":
		err = runDaemon(ctx, os.Args[2:])
	case "version":
		fmt.Println(session.Version)
	default:
		err = errors.New("usage: embedded session | embedded daemon --root DIR [--config FILE] | embedded version")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "embedded:", err)
		os.Exit(1)
	}
}

// serve prints where the session is and answers queries until standard input closes.
func serve(ctx context.Context, args []string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	workdir, err := filepath.Abs(option(args, "--workdir"))
	if err != nil {
		return err
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	hostBuilds := false
	switch network := os.Getenv("SHIP_BUILD_NETWORK"); network {
	case "":
	case "host":
		hostBuilds = true
	default:
		return fmt.Errorf("SHIP_BUILD_NETWORK is %q: it may be host, or not set", network)
	}
	// BuildKit is still needed while the session ends
	below, stopBelow := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBelow()
	address := os.Getenv("BUILDKIT_HOST")
	if address == "" {
		starting := context.AfterFunc(ctx, stopBelow)
		private, err := daemon.Private(below, cache, os.Getenv("BUILDKITD_CONFIG"))
		if err != nil {
			return err
		}
		starting()
		defer private.Wait()
		defer stopBelow()
		address = private.Address
	}
	s, err := session.New(ctx, session.Options{BuildKit: address, Workdir: workdir, Cache: cache, Log: os.Stderr,
		HostBuilds: hostBuilds})
	if err != nil {
		return err
	}
	server, err := s.Listen()
	if err != nil {
		return fmt.Errorf("listen for queries: %w", err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(server); err != nil {
		return err
	}
	err = server.Serve(ctx)
	s.Wait()
	return err
}

// option reads one of the flags that SDKs give; the others say nothing that matters here.
func option(args []string, name string) string {
	for i, arg := range args {
		if value, is := strings.CutPrefix(arg, name+"="); is {
			return value
		}
		if arg == name && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

func cacheDir() (string, error) {
	if dir := os.Getenv("SHIP_CACHE"); dir != "" {
		return filepath.Join(dir, "embedded"), nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for what sessions keep: %w; name one with SHIP_CACHE", err)
	}
	return filepath.Join(dir, "ship", "embedded"), nil
}

func runDaemon(ctx context.Context, args []string) error {
	var o daemon.Options
	flags := flag.NewFlagSet("embedded daemon", flag.ContinueOnError)
	flags.StringVar(&o.Root, "root", "", "folder for buildkitd's state; its socket is buildkitd.sock there")
	flags.StringVar(&o.Config, "config", "", "buildkitd.toml, with registries and mirrors")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.Root == "" {
		return errors.New("--root names the folder for buildkitd's state")
	}
	o.Log = os.Stderr
	// this process may stay after the job that starts it, as buildkitd does
	if clean := daemon.Environment(); len(os.Environ()) > len(clean) {
		self, err := os.Executable()
		if err == nil {
			err = syscall.Exec(self, os.Args, clean)
		}
		return fmt.Errorf("start again without the job's variables: %w", err)
	}
	d, err := daemon.Start(ctx, o)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	return d.Wait()
}
