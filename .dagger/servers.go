package main

import (
	"fmt"

	"golang.org/x/crypto/bcrypt"

	"dagger/checks/internal/dagger"
)

// user is who logs in to both servers.
const user = "ship"

// registryImage is distribution (https://distribution.github.io/distribution/), the registry that Docker Hub's own image is made of.
const registryImage = "docker.io/library/registry:3"

// registry is a registry that asks for a password, with nothing in it, at port 5000.
func registry(password string) (*dagger.Service, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		return nil, fmt.Errorf("hash the registry's password: %w", err)
	}
	return dag.Container().From(registryImage).
		WithNewFile("/auth/htpasswd", fmt.Sprintf("%s:%s\n", user, hash)).
		WithEnvVariable("REGISTRY_AUTH", "htpasswd").
		WithEnvVariable("REGISTRY_AUTH_HTPASSWD_REALM", "registry").
		WithEnvVariable("REGISTRY_AUTH_HTPASSWD_PATH", "/auth/htpasswd").
		WithExposedPort(5000).
		AsService(dagger.ContainerAsServiceOpts{UseEntrypoint: true}), nil
}

// gitServer serves bare repositories over HTTP at port 8080, to whoever has the token.
func (c *Checks) gitServer(repositories *dagger.Directory, token *dagger.Secret) *dagger.Service {
	return dag.Container().From(golang).
		WithMountedFile("/main.go", c.Source.File(".dagger/gitserver/main.go")).
		WithExec([]string{"go", "build", "-o", "/bin/gitserver", "/main.go"}).
		WithDirectory("/repositories", repositories).
		WithSecretVariable("TOKEN", token).
		WithExposedPort(8080).
		AsService(dagger.ContainerAsServiceOpts{Args: []string{"gitserver", "/repositories"}})
}
