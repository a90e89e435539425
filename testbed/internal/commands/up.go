package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"dagger/ship/testbed/internal/images"
	"dagger/ship/testbed/internal/serve"
	"dagger/ship/testbed/internal/setup"
	"dagger/ship/testbed/internal/state"
)

func up(at locate) *cobra.Command {
	var options serve.Options
	var wait time.Duration
	var toolchains bool
	var sops string
	command := &cobra.Command{
		Use:   "up",
		Short: "Bring the testbed up, install and make what is missing, and return when it is ready",
		Long: `Bring the testbed up and return when it is ready. A second up says that it is up already; what a killed
one left behind is removed first. Base images are made once and kept in $SHIP_CACHE (default: ship in the user's cache
folder).`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder, err := at()
			if err != nil {
				return err
			}
			options.State = string(folder)
			if options.Programs, err = filepath.Abs(options.Programs); err != nil {
				return err
			}
			return bringUp(cmd.Context(), folder, options, images.Options{SOPS: sops, Toolchains: toolchains}, wait,
				cmd.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.Address, "address", "127.0.0.1", "local address to listen at")
	flags.StringVar(&options.Programs, "programs", beside(), "folder with cluster, containerd, helm, helm3 and kubectl")
	flags.StringVar(&sops, "sops", "", "the program sops, for its image")
	flags.StringVar(&options.Node, "node", "auto", "the cluster's node: real, simulated, or auto for what the "+
		"machine allows")
	flags.BoolVar(&options.WithoutCluster, "without-cluster", false, "git server and registries only")
	flags.BoolVar(&toolchains, "toolchains", false, "have base images with Node.js and Rust too")
	flags.DurationVar(&wait, "wait", 5*time.Minute, "how long the servers may take to come up")
	return command
}

func bringUp(ctx context.Context, folder state.Folder, options serve.Options, made images.Options, wait time.Duration,
	out io.Writer) error {
	if err := os.MkdirAll(string(folder), 0o755); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	unlock, err := folder.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	if process, err := state.ReadProcess(folder.DaemonPID()); err == nil && process.Alive() {
		fmt.Fprintln(out, "the testbed is up already")
		return printStatus(folder, out)
	}
	if _, err := end(folder, out); err != nil {
		return fmt.Errorf("remove what an earlier testbed left: %w", err)
	}
	if err := setup.Install(ctx, out); err != nil {
		return err
	}
	made.Cache, made.Programs, made.Log = filepath.Join(cache(), "images"), options.Programs, out
	set, err := images.Ensure(ctx, made)
	if err != nil {
		return err
	}
	for _, missing := range set.Missing {
		fmt.Fprintln(out, "not in the mirror:", missing)
	}
	options.Storage, options.Images = set.Storage, set.Names

	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	start := time.Now()
	if err := startDaemon(ctx, folder, options); err != nil {
		_, cleanup := endProcesses(folder, out)
		return errors.Join(fmt.Errorf("%w\n(all logs are below %s until the next up or down)", err, folder), cleanup)
	}
	fmt.Fprintf(out, "the testbed is up after %.1f s\n", time.Since(start).Seconds())
	return printStatus(folder, out)
}

// startDaemon starts `testbed serve` in a session of its own and waits until it has written testbed.json.
func startDaemon(ctx context.Context, folder state.Folder, options serve.Options) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder.Path(state.Logs), 0o755); err != nil {
		return err
	}
	log, err := os.Create(folder.Path(state.Logs, "testbed.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	daemon := exec.Command(program, append([]string{"serve", "--state", string(folder)}, options.Flags()...)...)
	daemon.Stdout, daemon.Stderr, daemon.Dir = log, log, "/"
	daemon.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := daemon.Start(); err != nil {
		return fmt.Errorf("start the daemon: %w", err)
	}
	if err := state.WriteProcess(folder.DaemonPID(), daemon.Process.Pid); err != nil {
		daemon.Process.Kill()
		daemon.Wait()
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- daemon.Wait() }()
	for {
		if _, err := folder.Read(); err == nil {
			return nil
		}
		select {
		case err := <-ended:
			return fmt.Errorf("the testbed did not come up: %w\n%s", err, tail(log.Name(), 20))
		case <-ctx.Done():
			return fmt.Errorf("the testbed did not come up: %w\n%s", ctx.Err(), tail(log.Name(), 20))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func tail(path string, n int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
