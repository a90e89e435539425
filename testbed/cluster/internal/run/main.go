package run

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"dagger/ship/testbed/cluster/internal/layout"
	"dagger/ship/testbed/cluster/internal/node"
)

// startTimeout is how long a cluster may take until pods can be scheduled: seconds as a rule, more while the
// machine is busy with something else.
const startTimeout = 2 * time.Minute

// Main is `cluster run`: it starts a cluster, prints the line `ready`, and stops it when this process gets
// SIGTERM, SIGINT or SIGHUP. An error means that the cluster did not start, or ended by itself.
func Main(arguments []string) error {
	o, err := parse(arguments)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer cancel()

	folder, err := layout.Open(o.state)
	if err != nil {
		return err
	}
	if err := folder.Lock(); err != nil {
		return err
	}
	if o.node != nodeSimulated {
		if err := node.Check(o.programs); err != nil {
			return err
		}
	}
	cluster, err := start(ctx, o, folder)
	if ctx.Err() != nil {
		return clean(folder) // told to stop before it was up
	}
	if err != nil {
		return errors.Join(err, clean(folder))
	}
	fmt.Println("ready")
	select {
	case <-ctx.Done():
	case <-cluster.ended:
		err = fmt.Errorf("run cluster: it ended by itself: %s", cluster.lastWords())
	}
	cluster.stop()
	return errors.Join(err, clean(folder))
}

// start brings up the kind of cluster that is wanted and possible, and describes it in cluster.json.
func start(ctx context.Context, o options, folder layout.Folder) (*cluster, error) {
	reason := "asked for"
	if o.node != nodeSimulated {
		running, err := attempt(ctx, o, folder, true)
		if err == nil {
			return running, folder.Describe(running.description)
		}
		if o.node == nodeReal || ctx.Err() != nil {
			return nil, err
		}
		reason = err.Error()
		fmt.Fprintln(os.Stderr, "cluster: the node is only simulated, because the machine allows no real one:", reason)
	}
	running, err := attempt(ctx, o, folder, false)
	if err != nil {
		return nil, err
	}
	running.description.Reason = reason
	return running, folder.Describe(running.description)
}

// clean removes what the cluster, or one before it, left in the state folder and on the machine, but for its logs.
func clean(folder layout.Folder) error {
	return errors.Join(node.RemoveCgroups(folder.ID(), 10*time.Second), folder.Clear(true))
}
