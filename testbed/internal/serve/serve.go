package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"dagger/ship/testbed/internal/authority"
	"dagger/ship/testbed/internal/disturb"
	"dagger/ship/testbed/internal/gitserver"
	"dagger/ship/testbed/internal/registry"
	"dagger/ship/testbed/internal/state"
)

// Run serves until the context ends, or until the cluster does, which is an error. It must be called on the main
// thread: the cluster is told to end when the thread that started it does.
func Run(ctx context.Context, options Options) error {
	folder := state.Folder(options.State)
	testbed := &state.Testbed{Address: options.Address, Buildkitd: folder.Path(state.Buildkitd), CA: folder.Path(state.CA)}
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

	git, err := serveGit(folder, options.Address, control, mux, testbed)
	if err != nil {
		return err
	}
	defer git.Stop()
	apps, err := serveRegistry(ctx, folder, options.Address, control, mux, testbed)
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

func serveGit(folder state.Folder, address, control string, mux *http.ServeMux, testbed *state.Testbed) (*disturb.Server, error) {
	testbed.Git = state.Git{
		User: "oauth2", Token: "glpat-" + rand.Text(), ReadOnly: "glpat-" + rand.Text(), Job: "glcbt-" + rand.Text(),
		Control: control + "/git",
	}
	git, err := gitserver.New(gitserver.Config{Folder: folder.Path(state.GitFolder), Tokens: gitserver.Tokens{
		Project: testbed.Git.Token, ReadOnly: testbed.Git.ReadOnly, Job: testbed.Git.Job,
	}})
	if err != nil {
		return nil, err
	}
	server := &disturb.Server{Classify: gitserver.Classify, Handler: git}
	server.API(mux, "/git")
	git.API(mux, "/git")
	at, err := server.Listen(address)
	testbed.Git.URL = "http://" + at
	return server, err
}

func serveRegistry(ctx context.Context, folder state.Folder, address, control string, mux *http.ServeMux, testbed *state.Testbed) (*disturb.Server, error) {
	testbed.Registry = state.Registry{User: "ship", Password: rand.Text(), Control: control + "/registry"}
	handler, err := registry.New(ctx, registry.Config{
		Storage: folder.Path(state.RegistryFolder), User: testbed.Registry.User, Password: testbed.Registry.Password,
		PasswordFile: folder.Path(state.Passwords, "htpasswd"),
	})
	if err != nil {
		return nil, err
	}
	server := &disturb.Server{Classify: registry.Classify, Handler: handler}
	server.API(mux, "/registry")
	testbed.Registry.Address, err = server.Listen(address)
	return server, err
}

func serveMirror(ctx context.Context, options Options, control string, mux *http.ServeMux, testbed *state.Testbed) (*disturb.Server, error) {
	testbed.Mirror = state.Mirror{Control: control + "/mirror", Images: options.Images}
	handler, err := registry.New(ctx, registry.Config{Storage: options.Storage, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	server := &disturb.Server{Classify: registry.Classify, Handler: handler}
	server.API(mux, "/mirror")
	testbed.Mirror.Address, err = server.Listen(options.Address)
	return server, err
}

// writeBuildkitd writes a configuration for BuildKit (https://docs.docker.com/build/buildkit/toml-configuration/):
// docker.io comes from the mirror, and both registries speak plain HTTP.
func writeBuildkitd(testbed *state.Testbed) error {
	text := fmt.Sprintf("[registry.\"docker.io\"]\n  mirrors = [%q]\n", testbed.Mirror.Address)
	for _, address := range []string{testbed.Mirror.Address, testbed.Registry.Address} {
		text += fmt.Sprintf("\n[registry.%q]\n  http = true\n", address)
	}
	if err := os.WriteFile(testbed.Buildkitd, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write BuildKit's configuration: %w", err)
	}
	return nil
}
