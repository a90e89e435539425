package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"dagger/ship/testbed/cluster/internal/control"
	"dagger/ship/testbed/cluster/internal/layout"
	"dagger/ship/testbed/cluster/internal/simulated"
)

// settings are what the inner process is told, as its one argument. Nothing in them is secret.
type settings struct {
	Plane    control.Plane
	Real     bool   // whether the node is real
	Programs string // folder with this program and those beside it
}

// A cluster is the inner process, and what the outer one holds open for it.
type cluster struct {
	description layout.Description
	command     *exec.Cmd
	real        bool
	ended       chan struct{} // closed when the inner process is gone
	errors      bytes.Buffer  // what it said; to be read after its end
	release     []func()
}

// attempt brings a cluster up until pods can be scheduled, or leaves nothing of it.
func attempt(ctx context.Context, o options, folder layout.Folder, real bool) (running *cluster, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("it took longer than %s", startTimeout))
	defer cancel()
	c := &cluster{real: real, ended: make(chan struct{})}
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	if err := prepare(folder); err != nil {
		return nil, err
	}
	if real {
		err = c.startReal(o, folder)
	} else {
		err = c.startSimulated(o, folder)
	}
	if err != nil {
		return nil, err
	}
	if err := c.await(ctx, folder); err != nil {
		return nil, err
	}
	return c, nil
}

// prepare makes an empty state folder of whatever is there.
func prepare(folder layout.Folder) error {
	if err := errors.Join(clean(folder), folder.Clear(false)); err != nil {
		return err
	}
	for _, path := range []string{folder.Run(), folder.Path("logs")} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return fmt.Errorf("make state folder: %w", err)
		}
	}
	return nil
}

// startSimulated starts a cluster that lives among the machine's other processes.
func (c *cluster) startSimulated(o options, folder layout.Folder) error {
	plane := control.Plane{Folder: folder, Address: o.address, Advertise: o.address}
	if err := choosePorts(o.address, &plane.Port, &plane.EtcdPort, &plane.PeerPort); err != nil {
		return err
	}
	if err := plane.WriteCredentials(o.address); err != nil {
		return err
	}
	if err := simulated.Configure(folder); err != nil {
		return err
	}
	c.describe(o, plane)
	command, err := c.inner(InsideCommand, settings{Plane: plane, Programs: o.programs})
	if err != nil {
		return err
	}
	return c.start(command)
}

// inner makes the command line of the inner process.
func (c *cluster) inner(name string, s settings) (*exec.Cmd, error) {
	argument, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	command := exec.Command(self, name, string(argument))
	command.Stderr = &c.errors
	// A process group of its own, so that Ctrl-C in a terminal reaches only the outer process, which knows what to do.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return command, nil
}

func (c *cluster) start(command *exec.Cmd) error {
	if err := command.Start(); err != nil {
		return fmt.Errorf("start inner process: %w", err)
	}
	c.command = command
	go func() {
		_ = command.Wait() // what it has to say about its end, it has said on stderr
		close(c.ended)
	}()
	return nil
}

func (c *cluster) describe(o options, plane control.Plane) {
	c.description = layout.Description{
		Kubeconfig: plane.Folder.Kubeconfig(),
		Server:     "https://" + net.JoinHostPort(o.address, strconv.Itoa(plane.Port)),
		Node:       nodeSimulated,
	}
}

// await waits until pods can be scheduled, as seen by a user, or the inner process has ended.
func (c *cluster) await(ctx context.Context, folder layout.Folder) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := control.Connect(folder.Kubeconfig())
	if err != nil {
		return err
	}
	ready := make(chan error, 1)
	go func() {
		err := control.WaitServing(ctx, client)
		if err == nil {
			err = control.WaitSchedulable(ctx, client)
		}
		ready <- err
	}()
	select {
	case err := <-ready:
		return err
	case <-c.ended:
		return errors.New(c.lastWords())
	}
}

// lastWords is what the inner process said when it ended.
func (c *cluster) lastWords() string {
	if words := strings.TrimSpace(c.errors.String()); words != "" {
		return strings.TrimPrefix(words, "cluster: ")
	}
	return "inner process ended: " + c.command.ProcessState.String()
}

// stop ends the inner process and with it everything that it started, and waits for that.
func (c *cluster) stop() {
	if c.command != nil {
		// Process 1 of a PID namespace takes all others with it, and the kernel tells us when the last is gone.
		// Elsewhere the inner process has to see to that.
		if c.real {
			_ = c.command.Process.Kill()
		} else {
			_ = c.command.Process.Signal(syscall.SIGTERM)
		}
		select {
		case <-c.ended:
		case <-time.After(15 * time.Second):
			_ = c.command.Process.Kill()
			<-c.ended
		}
	}
	for _, release := range c.release {
		release()
	}
}

// choosePorts finds ports that nobody listens on now.
func choosePorts(address string, ports ...*int) error {
	for _, port := range ports {
		listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
		if err != nil {
			return fmt.Errorf("find free port on %s: %w", address, err)
		}
		defer listener.Close() // only when all are found, so that no two are the same
		*port = portOf(listener)
	}
	return nil
}

func portOf(listener net.Listener) int { return listener.Addr().(*net.TCPAddr).Port }
