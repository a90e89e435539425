// Package commands is the command line of testbed: what can be called, with which flags, and what it prints.
package commands

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"dagger/ship/testbed/internal/state"
)

const about = `testbed brings up, on this machine, what a release talks to:

  git        smart HTTP with tokens, protected tags and refusals as GitLab has them
  registry   distribution, with a user and a password
  mirror     a second, anonymous one that stands in for docker.io and ghcr.io; its images are stand-ins made of
             Debian's packages and of the programs helm, kubectl and sops, not the real ones
  cluster    Kubernetes with one node, real where the machine allows it; its API is there twice: as it is, and behind a
             proxy that can be disturbed as the others can

Git server and registry speak plain HTTP on one port and TLS on another, with an authority of their own.
Nothing listens anywhere but at the address given, on ports that were free. All state is in one folder; testbed.json
in it holds the addresses and credentials for other programs. The servers can be watched and disturbed through their
control addresses in that file: see the documentation of the package dagger/ship/testbed/control.`

// Root is the command `testbed`.
func Root() *cobra.Command {
	root := &cobra.Command{
		Use: "testbed", Short: "Git server, registries and Kubernetes on this machine, for tests and demonstrations",
		Long: about, SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	var folder string
	root.PersistentFlags().StringVar(&folder, "state", filepath.Join(cache(), "testbed"), "folder for all state")
	at := func() (state.Folder, error) {
		absolute, err := filepath.Abs(folder)
		return state.Folder(absolute), err
	}
	root.AddCommand(up(at), down(at), status(at), repo(at), setupCommand(), serveCommand(at))
	return root
}

// locate finds the state folder once flags are read.
type locate func() (state.Folder, error)

// cache is where things that were built are kept between runs: $SHIP_CACHE, or ship in the user's cache folder.
func cache() string {
	if folder := os.Getenv("SHIP_CACHE"); folder != "" {
		return folder
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		folder = os.TempDir()
	}
	return filepath.Join(folder, "ship")
}

// beside is the folder of this program: the others are expected there.
func beside() string {
	program, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(program)
}
