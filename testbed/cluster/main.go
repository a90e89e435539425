// Command cluster is a whole Kubernetes cluster in one program, for tests and demonstrations on one machine.
//
//	cluster run --state DIR --registry HOST:PORT …
//
// runs etcd, the API server, the controllers, the scheduler and one node in the foreground; see internal/run.
// The parts are separate processes of this same program, started under their own names
// (`cluster kube-apiserver …`); see internal/commands.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"dagger/ship/testbed/cluster/internal/commands"
	"dagger/ship/testbed/cluster/internal/run"
)

// The parent-death signal follows threads, not processes: every child is started from the main thread, which
// lives exactly as long as the process.
func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("no command given: try `cluster run --help`, or one of %v", commands.Names()))
	}
	name, arguments := os.Args[1], os.Args[2:]
	switch name {
	case "run":
		if err := run.Main(arguments); err != nil {
			fail(err)
		}
	case run.EnterCommand:
		fail(run.Enter(arguments))
	case run.InsideCommand:
		if err := run.Inside(arguments); err != nil {
			fail(err)
		}
	default:
		if err := commands.Run(name, arguments); err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, filepath.Base(os.Args[0])+":", err)
	os.Exit(1)
}
