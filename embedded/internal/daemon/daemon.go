// Package daemon runs buildkitd, with the settings that sessions need, in the foreground of its caller.
//
// What comes in is a folder for its state, and a configuration file for registries
// (https://github.com/moby/buildkit/blob/v0.34.2/docs/buildkitd.toml.md). What goes out is the address of its socket,
// ROOT/buildkitd.sock, once it answers. It runs containers with runc. Those of a build have a network of their own if
// the machine allows that (network.go); else they are in the host's. It gets none of its caller's variables but those
// that it needs (environment.go), since it may stay after a job whose secrets stand there.
//
// It runs as root. Rootless, BuildKit needs the programs newuidmap and newgidmap (Debian's uidmap), ranges for the
// user in /etc/subuid and /etc/subgid, the program rootlesskit and unprivileged user namespaces. It is then started
// by hand (templates/README.md), and named to sessions with BUILDKIT_HOST. Where even process sandboxes are forbidden,
// --oci-worker-no-process-sandbox goes with it.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	bk "github.com/moby/buildkit/client"
)

// cacheSize is what the cache may take: reserved for it, free on the disk in any case, at most; in MB.
const cacheSize = "4000,4000,20000"

// Options say how buildkitd is run.
type Options struct {
	Root   string    // folder for its state; made where it is missing
	Config string    // buildkitd.toml; empty: the one in /etc/buildkit, where there is one
	Log    io.Writer // what buildkitd prints
}

// Daemon is a running buildkitd.
type Daemon struct {
	Address string // for clients, as unix:///PATH
	ended   chan struct{}
	err     error
}

// Start runs buildkitd and returns when it answers. It runs until ctx ends; Wait then waits for it.
func Start(ctx context.Context, o Options) (*Daemon, error) {
	program, err := find()
	if err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("runc"); err != nil {
		return nil, errors.New("BuildKit needs the program runc: install Debian's package runc")
	}
	root, err := filepath.Abs(o.Root)
	if err == nil {
		err = os.MkdirAll(root, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("make a folder for BuildKit: %w", err)
	}
	socket := filepath.Join(root, "buildkitd.sock")
	if len(socket) > 107 {
		return nil, fmt.Errorf("the folder's name is too long for a socket in it (%d characters, 107 at most): %s",
			len(socket), socket)
	}
	own, err := ownNetwork(root, o.Config)
	if err == nil {
		var d *Daemon
		if d, err = start(ctx, o, program, root, own); err == nil || ctx.Err() != nil {
			return d, err
		}
	}
	// a machine that forbids to make networks is told apart from one where BuildKit does not start at all by trying
	fmt.Fprintf(o.Log, "builds get no network of their own here, so they see this machine's loopback: %v\n", err)
	return start(ctx, o, program, root, network{config: o.Config, mode: "host"})
}

// start runs buildkitd with that network for builds.
func start(ctx context.Context, o Options, program, root string, n network) (*Daemon, error) {
	address := "unix://" + filepath.Join(root, "buildkitd.sock")
	args := []string{
		"--root", root, "--addr", address, "--otel-socket-path", filepath.Join(root, "otel.sock"),
		"--containerd-worker=false", "--oci-worker=true", "--oci-worker-net", n.mode, "--allow-insecure-entitlement",
		"network.host",
		"--oci-worker-gc", "--oci-worker-gc-keepstorage", cacheSize,
	}
	if n.config != "" {
		args = append(args, "--config", n.config)
	}
	// BuildKit does not remove all its temporary folders
	temp := filepath.Join(root, "tmp")
	if err := errors.Join(os.RemoveAll(temp), os.Mkdir(temp, 0o700)); err != nil {
		return nil, fmt.Errorf("make a folder for BuildKit: %w", err)
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Env = Environment("TMPDIR=" + temp)
	command.Stdout, command.Stderr = o.Log, o.Log
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 30 * time.Second
	// it ends when this process is killed, and is not interrupted together with it
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}

	d := &Daemon{Address: address, ended: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		defer close(d.ended)
		runtime.LockOSThread() // Pdeathsig is about the thread that started it
		err := command.Start()
		started <- err
		if err == nil {
			if err = command.Wait(); ctx.Err() == nil && err == nil {
				err = errors.New("buildkitd ended")
			}
		}
		if ctx.Err() == nil {
			d.err = err
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start buildkitd: %w", err)
	}
	return d, d.answers(ctx)
}

// answers waits until buildkitd does.
func (d *Daemon) answers(ctx context.Context) error {
	client, err := bk.New(ctx, d.Address)
	if err != nil {
		return err
	}
	defer client.Close()
	for range 600 {
		if _, err = client.ListWorkers(ctx); err == nil {
			return nil
		}
		select {
		case <-d.ended:
			return fmt.Errorf("buildkitd ended before it answered: %w; its log says why", d.err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("buildkitd does not answer: %w", err)
}

// Wait returns when buildkitd has ended, with an error where that was not asked for.
func (d *Daemon) Wait() error { <-d.ended; return d.err }

// find looks for buildkitd beside this program, then on the PATH.
func find() (string, error) {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "buildkitd")
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	program, err := exec.LookPath("buildkitd")
	if err != nil {
		return "", errors.New("there is no buildkitd beside this program or on the PATH: build it with go build " +
			"github.com/moby/buildkit/cmd/buildkitd in the folder embedded")
	}
	return program, nil
}
