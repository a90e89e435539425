// Checks of this repository: lint, unit tests, and a release from end to end against servers that it starts itself.
//
// `dagger -m .dagger check` runs them all, and `dagger -m .dagger call lint` one. What is tested is the working copy.
// Kubernetes is not among the servers: `make test` has it.
package main

import (
	"context"

	"dagger/checks/internal/dagger"
)

// Checks are the checks of one working copy.
type Checks struct {
	// +private
	Source *dagger.Directory
}

// golang is the image that everything of this repository is built and tested in: Go, git and make.
const golang = "docker.io/library/golang:1.26-bookworm"

// New takes the repository.
func New(
	// The repository. Default: the one that the module is in
	// +defaultPath="/"
	// +ignore=[".git","**/dagger.gen.go","internal/dagger",".dagger/internal","examples/composition/internal"]
	source *dagger.Directory,
) *Checks {
	return &Checks{source}
}

// Lint looks at the style of ship's own module, and for mistakes in it, with what .golangci.yml lists.
// +check
func (c *Checks) Lint(ctx context.Context) error {
	_, err := c.workshop().WithExec([]string{"make", "lint-ship"}).Sync(ctx)
	return err
}

// Test runs ship's unit tests.
// +check
func (c *Checks) Test(ctx context.Context) error {
	_, err := c.workshop().WithExec([]string{"make", "unit-ship"}).Sync(ctx)
	return err
}

// workshop is a container with the working copy, and caches that outlive it.
func (c *Checks) workshop() *dagger.Container {
	return dag.Container().From(golang).
		WithMountedCache("/go/pkg/mod", dag.CacheVolume("ship-go-modules")).
		WithMountedCache("/root/.cache", dag.CacheVolume("ship-go-builds")).
		WithWorkdir("/ship").
		WithDirectory(".", c.Source).
		WithExec([]string{"sh", "-c", "git init --quiet && git add --all"}) // make asks git which files there are
}
