// Package run brings a cluster up, keeps it up in the foreground, and takes it down.
//
// There are two processes. The outer one (Main) stays in the machine's own namespaces: it makes the node's
// network namespace, carries connections in and out of it, waits until pods can be scheduled, and cleans up. The
// inner one (Enter, then Inside) starts the cluster's programs; with a real node it is process 1 of a PID
// namespace, so that whatever ends it ends everything.
package run

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"dagger/ship/testbed/cluster/internal/node"
)

// Kinds of node.
const (
	nodeAuto      = "auto"      // real where the machine allows it
	nodeReal      = "real"      // or fail
	nodeSimulated = "simulated" // by kwok
)

type options struct {
	state    string        // folder for everything that the cluster writes
	address  string        // IP of this machine on which the API server is to be reached
	node     string        // one of the kinds
	registry node.Registry // where images whose names start with its address come from
	tls      node.Registry // the same
	mirror   node.Registry // where images of docker.io come from
	programs string        // folder with this program and those beside it
}

func parse(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("cluster run", flag.ContinueOnError)
	flags.StringVar(&o.state, "state", "", "folder for all that the cluster writes (required)")
	flags.StringVar(&o.address, "address", "127.0.0.1", "IP of this machine on which to serve the Kubernetes API; "+
		"the port is chosen free")
	flags.StringVar(&o.node, "node", nodeAuto, "real, simulated, or auto: real where the machine allows it")
	flags.StringVar(&o.registry.Address, "registry", "", "IP:PORT of a plain-HTTP registry on this machine; images "+
		"are named IP:PORT/…")
	flags.StringVar(&o.registry.User, "registry-user", "", "user name for that registry")
	flags.StringVar(&o.registry.PasswordFile, "registry-password-file", "", "file with that user's password")
	flags.StringVar(&o.tls.Address, "registry-tls", "", "IP:PORT of a registry with TLS on this machine, for the "+
		"same user; images are named IP:PORT/…")
	flags.StringVar(&o.tls.CA, "registry-ca", "", "file with the certificate (PEM) of the authority that its "+
		"certificate is from")
	flags.StringVar(&o.mirror.Address, "mirror", "", "IP:PORT of a plain-HTTP registry on this machine that stands "+
		"in for docker.io, without password")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("read arguments: %q is none: see cluster run --help", flags.Arg(0))
	}
	if ip := net.ParseIP(o.address); ip == nil || ip.IsUnspecified() {
		return o, fmt.Errorf("read --address %q: give one IP address of this machine", o.address)
	}
	if o.node != nodeAuto && o.node != nodeReal && o.node != nodeSimulated {
		return o, fmt.Errorf("read --node %q: choose auto, real or simulated", o.node)
	}
	if (o.registry.User == "") != (o.registry.PasswordFile == "") {
		return o, errors.New("read arguments: --registry-user and --registry-password-file go together")
	}
	if (o.tls.Address == "") != (o.tls.CA == "") {
		return o, errors.New("read arguments: --registry-tls and --registry-ca go together")
	}
	o.tls.User, o.tls.PasswordFile = o.registry.User, o.registry.PasswordFile
	for _, registry := range o.registries() {
		if _, err := registry.IP(); err != nil {
			return o, err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return o, fmt.Errorf("find own program: %w", err)
	}
	o.programs = filepath.Dir(self)
	return o, nil
}

// registries lists those that were given.
func (o options) registries() []node.Registry {
	var given []node.Registry
	for _, registry := range []node.Registry{o.registry, o.tls, o.mirror} {
		if registry.Address != "" {
			given = append(given, registry)
		}
	}
	return given
}
