// Platform is what a platform team may give its app teams: one function that ships a container, however that was built.
//
// It composes Ship, so that Ship's settings are made once, here, and tells in a few lines what a release did, from the
// fields of Ship's report.
package main

import (
	"context"
	"fmt"

	"dagger/platform/internal/dagger"
)

// Platform holds what is the same for all apps.
type Platform struct {
	// +private
	Registry string
	// +private
	Login string
	// +private
	Password *dagger.Secret
	// +private
	Token *dagger.Secret
	// +private
	Kubeconfig *dagger.Secret
	// +private
	Insecure bool
}

// environments are where all apps of the platform run.
var environments = []string{"test", "production"}

// New takes the platform's registry, cluster and credentials.
func New(
	// Registry and group to publish below, as registry.example.com/acme
	registry string,
	// User name for the registry
	login string,
	// Password for the registry, as env://CI_REGISTRY_PASSWORD
	password *dagger.Secret,
	// Token that may push tags to the apps' git remotes, as env://CI_JOB_TOKEN
	token *dagger.Secret,
	// Kubeconfig of the cluster, as file://PATH
	kubeconfig *dagger.Secret,
	// Speak plain HTTP to the registry
	// +optional
	insecure bool,
) *Platform {
	return &Platform{registry, login, password, token, kubeconfig, insecure}
}

// Release ships a container as the version that the app's manifest says, and tells what it did and what runs now.
// +cache="session"
func (p *Platform) Release(
	ctx context.Context,
	// The app's repo with its .git folder, as .
	source *dagger.Directory,
	// The app, built in whatever way: the address of an image, or a container from another function
	container *dagger.Container,
) (string, error) {
	ship := dag.Ship(dagger.ShipOpts{
		Source: source, Token: p.Token,
		Registry: p.Registry, Login: p.Login, Password: p.Password, Insecure: p.Insecure,
		Kubeconfig: p.Kubeconfig, Environments: environments,
	}).WithImage(container) // instead of what the Dockerfile makes
	reports, err := ship.Reports(ctx) // one for each project, here for the one; their fields are read without another run
	if err != nil {
		return "", err
	}
	outcome, err := reports[0].Outcome(ctx)
	if err != nil {
		return "", err
	}
	version, err := reports[0].Version(ctx)
	if err != nil {
		return "", err
	}
	image, err := reports[0].Image(ctx)
	if err != nil {
		return "", err
	}
	told := version + ": " + outcome + ", as " + image + "\n"
	steps, err := reports[0].Steps(ctx)
	if err != nil {
		return "", err
	}
	for _, step := range steps {
		line, err := took(ctx, &step)
		if err != nil {
			return "", err
		}
		told += line
	}
	deployments, err := ship.Deployments(ctx)
	if err != nil {
		return "", err
	}
	for _, deployment := range deployments {
		line, err := runs(ctx, &deployment)
		if err != nil {
			return "", err
		}
		told += line
	}
	return told, nil
}

// took tells how long a step took.
func took(ctx context.Context, step *dagger.ShipStep) (string, error) {
	name, err := step.Name(ctx)
	if err != nil {
		return "", err
	}
	state, err := step.State(ctx)
	if err != nil {
		return "", err
	}
	milliseconds, err := step.Milliseconds(ctx)
	return fmt.Sprintf("%s is %s after %d ms\n", name, state, milliseconds), err
}

// runs tells what an environment runs, and how it is.
func runs(ctx context.Context, deployment *dagger.ShipDeployment) (string, error) {
	environment, err := deployment.Environment(ctx)
	if err != nil {
		return "", err
	}
	version, err := deployment.Version(ctx)
	if err != nil {
		return "", err
	}
	state, err := deployment.State(ctx)
	return fmt.Sprintf("%s runs %s: %s\n", environment, version, state), err
}
