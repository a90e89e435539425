package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"dagger/ship/testbed/internal/authority"
	"dagger/ship/testbed/internal/state"
)

// Run serves until the context ends, or until the cluster does, which is an error. It must be called on the main
// thread: the cluster is told to end when the thread that started it does.
func Run(ctx context.Context, options Options) error {
	folder := state.Folder(options.State)
	testbed := &state.Testbed{Address: options.Address, Buildkitd: folder.Path(state.Buildkitd),
		CA: folder.Path(state.CA)}
	ca, err := authority.New()
	if err != nil {
		return err
	}
	if err := os.WriteFile(testbed.CA, ca.PEM(), 0o644); err != nil {
		return fmt.Errorf("write the authority's certificate: %w", err)
	}
	mux := http.NewServeMux()
	api, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("open a port for the control: %w", err)
	}
	control := "http://" + api.Addr().String()

	git, err := serveGit(folder, options.Address, control, mux, testbed, ca)
	if err != nil {
		return err
	}
	defer git.Stop()
	apps, err := serveRegistry(ctx, folder, options.Address, control, mux, testbed, ca)
	if err != nil {
		return err
	}
	defer apps.Stop()
	mirror, err := serveMirror(ctx, options, control, mux, testbed)
	if err != nil {
		return err
	}
	defer mirror.Stop()
	server := &http.Server{Handler: mux}
	defer server.Close()
	go server.Serve(api)

	if err := writeBuildkitd(testbed); err != nil {
		return err
	}
	clusterEnded := make(<-chan error)
	if !options.WithoutCluster {
		cluster, err := startCluster(ctx, folder, options, testbed.Registry)
		if err != nil {
			return err
		}
		defer cluster.stop()
		if testbed.Cluster, err = cluster.awaitReady(ctx); err != nil {
			return err
		}
		clusterEnded = cluster.ended
		disturbed, err := serveAPI(folder, options.Address, control, mux, testbed.Cluster, ca)
		if err != nil {
			return err
		}
		defer disturbed.Stop()
	}
	if err := folder.Write(testbed); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-clusterEnded:
		return errors.Join(errors.New("the cluster ended by itself"), err)
	}
}

// writeBuildkitd writes a configuration for BuildKit (https://docs.docker.com/build/buildkit/toml-configuration/):
// docker.io and ghcr.io come from the mirror; both registries speak plain HTTP, and one of them TLS too, which on
// loopback must be said.
func writeBuildkitd(testbed *state.Testbed) error {
	text := ""
	for _, name := range []string{"docker.io", "ghcr.io"} {
		text += fmt.Sprintf("[registry.%q]\n  mirrors = [%q]\n\n", name, testbed.Mirror.Address)
	}
	for _, address := range []string{testbed.Mirror.Address, testbed.Registry.Address} {
		text += fmt.Sprintf("[registry.%q]\n  http = true\n\n", address)
	}
	text += fmt.Sprintf("[registry.%q]\n  http = false\n  ca = [%q]\n", testbed.Registry.TLS, testbed.CA)
	if err := os.WriteFile(testbed.Buildkitd, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write BuildKit's configuration: %w", err)
	}
	return nil
}
