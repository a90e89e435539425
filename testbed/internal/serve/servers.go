package serve

import (
	"context"
	"crypto/rand"
	"net/http"

	"dagger/ship/testbed/internal/authority"
	"dagger/ship/testbed/internal/disturb"
	"dagger/ship/testbed/internal/gitserver"
	"dagger/ship/testbed/internal/registry"
	"dagger/ship/testbed/internal/state"
)

func serveGit(folder state.Folder, address, control string, mux *http.ServeMux, testbed *state.Testbed,
	ca *authority.Authority) (*disturb.Server, error) {
	testbed.Git = state.Git{
		User: "oauth2", Token: "glpat-" + rand.Text(), Push: "glpat-" + rand.Text(), ReadOnly: "glpat-" + rand.Text(),
		Job:     "glcbt-" + rand.Text(),
		Control: control + "/git",
	}
	git, err := gitserver.New(gitserver.Config{Folder: folder.Path(state.GitFolder), Tokens: gitserver.Tokens{
		Project: testbed.Git.Token, Push: testbed.Git.Push, ReadOnly: testbed.Git.ReadOnly, Job: testbed.Git.Job,
	}})
	if err != nil {
		return nil, err
	}
	server := &disturb.Server{Classify: gitserver.Classify, Handler: git}
	server.API(mux, "/git")
	git.API(mux, "/git")
	plain, secured, err := listen(server, address, ca)
	testbed.Git.URL, testbed.Git.TLS = "http://"+plain, "https://"+secured
	testbed.Git.API = testbed.Git.URL + "/api/v4"
	return server, err
}

func serveRegistry(ctx context.Context, folder state.Folder, address, control string, mux *http.ServeMux,
	testbed *state.Testbed, ca *authority.Authority) (*disturb.Server, error) {
	testbed.Registry = state.Registry{User: "ship", Password: rand.Text(), Control: control + "/registry"}
	handler, err := registry.New(ctx, registry.Config{
		Storage: folder.Path(state.RegistryFolder), User: testbed.Registry.User, Password: testbed.Registry.Password,
	})
	if err != nil {
		return nil, err
	}
	server := &disturb.Server{Classify: registry.Classify, Handler: handler}
	server.API(mux, "/registry")
	testbed.Registry.Address, testbed.Registry.TLS, err = listen(server, address, ca)
	return server, err
}

// listen opens a port for plain HTTP and one for TLS.
func listen(server *disturb.Server, address string, ca *authority.Authority) (plain, secured string, err error) {
	if plain, err = server.Listen(address); err != nil {
		return "", "", err
	}
	certificate, err := ca.Issue(address)
	if err != nil {
		return "", "", err
	}
	secured, err = server.ListenTLS(address, certificate)
	return plain, secured, err
}

func serveMirror(ctx context.Context, options Options, control string, mux *http.ServeMux,
	testbed *state.Testbed) (*disturb.Server, error) {
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
