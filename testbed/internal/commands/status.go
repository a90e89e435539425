package commands

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"dagger/ship/testbed/control"
	"dagger/ship/testbed/internal/setup"
	"dagger/ship/testbed/internal/state"
)

func status(at locate) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Say what runs where", Args: cobra.NoArgs,
		Long: "Say what runs where. The exit code is 1 when no testbed is up. Credentials are in testbed.json only.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder, err := at()
			if err != nil {
				return err
			}
			process, err := state.ReadProcess(folder.DaemonPID())
			switch {
			case errors.Is(err, os.ErrNotExist):
				return fmt.Errorf("no testbed is up in %s", folder)
			case err != nil:
				return err
			case !process.Alive():
				return fmt.Errorf("the testbed in %s was killed: `testbed up` or `testbed down` cleans up after it",
					folder)
			}
			return printStatus(folder, cmd.OutOrStdout())
		},
	}
}

func printStatus(folder state.Folder, out io.Writer) error {
	testbed, err := folder.Read()
	if errors.Is(err, os.ErrNotExist) {
		return errors.New("the testbed is still coming up")
	} else if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, text string) { fmt.Fprintf(table, "  %s\t%s\n", name, text) }
	line("git", testbed.Git.URL+" and "+testbed.Git.TLS)
	line("registry", testbed.Registry.Address+" and with TLS "+testbed.Registry.TLS)
	line("mirror", testbed.Mirror.Address+" with stand-ins, not the real images, for "+
		strings.Join(testbed.Mirror.Images, ", "))
	if cluster := testbed.Cluster; cluster != nil {
		node := cluster.Node + " node"
		if cluster.Reason != "" {
			node += ": " + cluster.Reason
		}
		line("cluster", cluster.Server+" ("+node+")")
		line("kubeconfig", cluster.Kubeconfig)
	}
	line("credentials", folder.Path("testbed.json"))
	line("logs", folder.Path(state.Logs))
	return table.Flush()
}

func repo(at locate) *cobra.Command {
	var public bool
	var protect []string
	command := &cobra.Command{
		Use: "repo GROUP/NAME", Short: "Create a bare repository on the git server and print its URL",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, arguments []string) error {
			folder, err := at()
			if err != nil {
				return err
			}
			testbed, err := folder.Read()
			if errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("no testbed is up in %s", folder)
			} else if err != nil {
				return err
			}
			client := control.Client{URL: testbed.Git.Control}
			repository := control.Repository{Path: arguments[0], Public: public, ProtectedTags: protect}
			if err := client.Create(cmd.Context(), repository); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s/%s.git\n", testbed.Git.URL, arguments[0])
			return nil
		},
	}
	command.Flags().BoolVar(&public, "public", false, "let anyone read it")
	command.Flags().StringSliceVar(&protect, "protect", nil, "protect tags that match, for example v*")
	return command
}

func setupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "setup", Short: "Install the Debian packages that the testbed needs (up does it too)", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := setup.Install(cmd.Context(), cmd.OutOrStdout()); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "all packages are installed")
			return nil
		},
	}
}
