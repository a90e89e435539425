package run

import (
	"fmt"
	"net"
	"os"
	"slices"

	"dagger/ship/testbed/cluster/internal/control"
	"dagger/ship/testbed/cluster/internal/forward"
	"dagger/ship/testbed/cluster/internal/layout"
	"dagger/ship/testbed/cluster/internal/netns"
	"dagger/ship/testbed/cluster/internal/node"
)

// startReal starts a cluster in namespaces of its own. Two kinds of connections cross their border: users' to the
// API server, through a listener on the machine that the inner process inherits; and the node's to the
// registries, through listeners in the namespace that have the registries' own addresses.
func (c *cluster) startReal(o options, folder layout.Folder) error {
	listener, err := net.Listen("tcp", net.JoinHostPort(o.address, "0"))
	if err != nil {
		return fmt.Errorf("listen on %s: %w", o.address, err)
	}
	defer listener.Close() // the inner process has it by then
	border, err := listener.(*net.TCPListener).File()
	if err != nil {
		return fmt.Errorf("share listener: %w", err)
	}
	defer border.Close()

	plane := control.Plane{
		Folder: folder, Address: "127.0.0.1", Port: portOf(listener), Advertise: node.IP,
		EtcdPort: 2379, PeerPort: 2380, // free in a new namespace
	}
	if err := plane.WriteCredentials(o.address); err != nil {
		return err
	}
	if err := node.Configure(folder); err != nil {
		return err
	}
	for _, registry := range []node.Registry{o.registry, o.tls} {
		if registry.Address == "" {
			continue
		}
		if err := registry.ServeNames(folder, registry.Address); err != nil {
			return err
		}
	}
	if o.mirror.Address != "" {
		if err := o.mirror.ServeNames(folder, o.mirror.Address, "docker.io"); err != nil {
			return err
		}
	}
	c.describe(o, plane)
	space, err := c.openSpace(o)
	if err != nil {
		return err
	}
	command, err := c.inner(EnterCommand, settings{Plane: plane, Real: true, Programs: o.programs})
	if err != nil {
		return err
	}
	command.ExtraFiles = []*os.File{border}
	command.SysProcAttr.Cloneflags = node.Namespaces
	if err := space.Do(func() error { return c.start(command) }); err != nil {
		return err
	}
	c.description.Node = nodeReal
	c.description.NetNS = fmt.Sprintf("/proc/%d/ns/net", command.Process.Pid)
	return nil
}

// openSpace makes the node's network namespace, in which the registries are found under their own addresses.
func (c *cluster) openSpace(o options) (*netns.Space, error) {
	addresses := []net.IP{net.ParseIP(node.IP), net.ParseIP(control.ServiceIP)}
	for _, registry := range o.registries() {
		ip, err := registry.IP()
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(addresses, ip.Equal) {
			addresses = append(addresses, ip)
		}
	}
	space, err := netns.New(addresses...)
	if err != nil {
		return nil, err
	}
	c.release = append(c.release, space.Close)
	for _, registry := range o.registries() {
		var listener net.Listener
		err := space.Do(func() (err error) {
			listener, err = net.Listen("tcp", registry.Address)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("listen for registry inside the node: %w", err)
		}
		c.release = append(c.release, func() { listener.Close() })
		go forward.Serve(listener, registry.Address)
	}
	return space, nil
}
