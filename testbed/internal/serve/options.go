// Package serve is the daemon of a testbed: the git server and the registries in this process, and the cluster as
// its child.
package serve

import (
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// Options is what up hands to the daemon.
type Options struct {
	// State is the state folder; Programs the folder with the program cluster.
	State, Programs string
	// Address is the local address to listen at.
	Address string
	// Storage and Images are the mirror's folder and the names of what is in it.
	Storage string
	Images  []string
	// Node is real, simulated or auto.
	Node           string
	WithoutCluster bool
}

// Bind makes flags for all options but State.
func (o *Options) Bind(flags *pflag.FlagSet) {
	flags.StringVar(&o.Programs, "programs", "", "")
	flags.StringVar(&o.Address, "address", "127.0.0.1", "")
	flags.StringVar(&o.Storage, "storage", "", "")
	flags.StringSliceVar(&o.Images, "images", nil, "")
	flags.StringVar(&o.Node, "node", "auto", "")
	flags.BoolVar(&o.WithoutCluster, "without-cluster", false, "")
}

// Flags is the command line that Bind reads.
func (o Options) Flags() []string {
	return []string{
		"--programs", o.Programs, "--address", o.Address, "--storage", o.Storage, "--node", o.Node,
		"--images", strings.Join(o.Images, ","), "--without-cluster=" + strconv.FormatBool(o.WithoutCluster),
	}
}
