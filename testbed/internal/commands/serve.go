package commands

import (
	"github.com/spf13/cobra"

	"dagger/ship/testbed/internal/serve"
)

// serveCommand is the daemon that up starts.
func serveCommand(at locate) *cobra.Command {
	var options serve.Options
	command := &cobra.Command{
		Use: "serve", Short: "Serve in the foreground (up starts this)", Args: cobra.NoArgs, Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder, err := at()
			if err != nil {
				return err
			}
			options.State = string(folder)
			return serve.Run(cmd.Context(), options)
		},
	}
	options.Bind(command.Flags())
	return command
}
