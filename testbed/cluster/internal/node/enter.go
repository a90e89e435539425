package node

import (
	"dagger/ship/testbed/cluster/internal/layout"
	"golang.org/x/sys/unix"
)

// Namespaces are those in which the node's first process must be started, besides the network's.
// Enter makes that of the cgroups.
const Namespaces = unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS

// Enter turns the calling process, the first of its namespaces, into the root of a node: its own mounts, its own
// cgroups called folder.ID(). The folders to keep stay visible. The process must exec next, from its main
// thread. An error means that the machine does not allow a real node.
func Enter(folder layout.Folder, keep ...string) error {
	if err := mountAll(folder, keep...); err != nil {
		return err
	}
	return enterCgroups(folder.ID())
}
