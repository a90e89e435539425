package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"dagger/ship/testbed/internal/state"
)

// cluster is a running `cluster run`.
type cluster struct {
	command *exec.Cmd
	folder  string
	ready   chan struct{} // closed when it says that pods can be scheduled
	ended   chan error    // gets its one result when it ends
}

// startCluster starts `cluster run`. Its own messages go to the log of the daemon.
func startCluster(ctx context.Context, folder state.Folder, options Options,
	registry state.Registry) (*cluster, error) {
	program := filepath.Join(options.Programs, "cluster")
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("find the program cluster: %w (see --programs, or use --without-cluster)", err)
	}
	password := folder.Path(state.RegistryPassword)
	if err := state.WriteFile(password, []byte(registry.Password)); err != nil {
		return nil, err
	}
	running := &cluster{folder: folder.Path(state.ClusterFolder), ready: make(chan struct{}),
		ended: make(chan error, 1)}
	running.command = exec.Command(program, "run", "--state", running.folder, "--address", options.Address,
		"--registry", registry.Address, "--registry-user", registry.User, "--registry-password-file", password,
		"--registry-tls", registry.TLS, "--registry-ca", folder.Path(state.CA),
		"--node", options.Node)
	running.command.Stderr = os.Stderr
	// A group of its own: a Ctrl-C in the terminal must not reach it before its parent. Ended with its parent.
	running.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	stdout, err := running.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := running.command.Start(); err != nil {
		return nil, fmt.Errorf("start the cluster: %w", err)
	}
	if err := state.WriteProcess(folder.Path(state.ClusterPID), running.command.Process.Pid); err != nil {
		running.command.Process.Signal(syscall.SIGTERM)
		return nil, err
	}
	go func() {
		lines := bufio.NewScanner(stdout)
		for said := false; lines.Scan(); {
			if lines.Text() == "ready" && !said {
				said = true
				close(running.ready)
			}
		}
		io.Copy(io.Discard, stdout)
		running.ended <- running.command.Wait()
		close(running.ended)
	}()
	return running, nil
}

// awaitReady waits until the cluster is ready and reads what it wrote about itself.
func (c *cluster) awaitReady(ctx context.Context) (*state.Cluster, error) {
	select {
	case <-c.ready:
	case err := <-c.ended:
		return nil, errors.Join(errors.New("the cluster ended before it was ready"), err)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	data, err := os.ReadFile(filepath.Join(c.folder, "cluster.json"))
	if err != nil {
		return nil, fmt.Errorf("read what the cluster says of itself: %w", err)
	}
	var about state.Cluster
	if err := json.Unmarshal(data, &about); err != nil {
		return nil, fmt.Errorf("read cluster.json: %w", err)
	}
	return &about, nil
}

// stop asks the cluster to end and waits for it.
func (c *cluster) stop() {
	c.command.Process.Signal(syscall.SIGTERM)
	for range c.ended {
	}
}
