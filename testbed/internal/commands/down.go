package commands

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"dagger/ship/testbed/internal/state"
)

func down(at locate) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "End the testbed and remove its state",
		Long: "End the processes that up started, and no others, and remove what it made. Base images stay in the " +
			"cache.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder, err := at()
			if err != nil {
				return err
			}
			if _, err := os.Stat(string(folder)); errors.Is(err, os.ErrNotExist) {
				fmt.Fprintln(cmd.OutOrStdout(), "no testbed is up in", folder)
				return nil
			}
			unlock, err := folder.Lock()
			if err != nil {
				return err
			}
			defer unlock()
			found, err := end(folder, cmd.OutOrStdout())
			if err != nil {
				return err
			}
			if found {
				fmt.Fprintln(cmd.OutOrStdout(), "the testbed is down")
			} else {
				fmt.Fprintln(cmd.OutOrStdout(), "no testbed is up in", folder)
			}
			return nil
		},
	}
}

// patience is how long the daemon and the cluster may take to stop what they started.
const patience = time.Minute

// end is endProcesses, and then removes the state. It says whether there was any.
func end(folder state.Folder, out io.Writer) (found bool, err error) {
	if found, err = endProcesses(folder, out); err != nil {
		return found, err
	}
	return found, folder.Remove()
}

// endProcesses ends the daemon and the cluster where they still run.
func endProcesses(folder state.Folder, out io.Writer) (found bool, err error) {
	// The cluster is the daemon's child: it is on its own only when the daemon was killed.
	for _, path := range []string{folder.DaemonPID(), folder.Path(state.ClusterPID)} {
		process, err := state.ReadProcess(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		found = true
		if err != nil {
			return found, err
		}
		killed, err := process.End(patience)
		if err != nil {
			return found, err
		}
		if killed {
			fmt.Fprintf(out, "process %d did not end within %s and was killed\n", process.PID, patience)
		}
	}
	return found, nil
}
