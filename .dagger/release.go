package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"dagger/checks/internal/dagger"
)

// project is what Release releases: a version and a Dockerfile that needs no other image.
var project = map[string]string{
	"VERSION":    "1.4.0\n",
	"Dockerfile": "FROM scratch\nCOPY VERSION /VERSION\n",
}

// image is where the project's image goes. The engine takes a registry called localhost for one of plain HTTP, whatever its
// configuration, and finds it as the service.
const image = "localhost:5000/acme/shop"

// Release releases a project, as any other module would, to a git server and a registry that it starts, and asks those what they hold.
//
// The first release must push tag and image, the second find nothing to do.
// +check
// +cache="session"
func (c *Checks) Release(ctx context.Context) (string, error) {
	secret := rand.Text()
	token, password := dag.SetSecret("token", secret), dag.SetSecret("password", secret)

	checkout := dag.Container().From(golang).WithWorkdir("/shop")
	for name, text := range project {
		checkout = checkout.WithNewFile(name, text)
	}
	checkout = checkout.WithExec([]string{"sh", "-ec", `git init --quiet --initial-branch=main
git add --all
git -c user.name=checks -c user.email=checks@localhost commit --quiet --message=first
git clone --quiet --bare . /repositories/shop.git`})

	git, err := c.gitServer(checkout.Directory("/repositories"), token).Start(ctx)
	if err != nil {
		return "", fmt.Errorf("start the git server: %w", err)
	}
	defer git.Stop(ctx)
	remote, err := git.Endpoint(ctx, dagger.ServiceEndpointOpts{Scheme: "http"})
	if err != nil {
		return "", fmt.Errorf("find the git server: %w", err)
	}
	remote += "/shop.git"
	images, err := registry(secret)
	if err != nil {
		return "", err
	}
	if images, err = images.Start(ctx); err != nil {
		return "", fmt.Errorf("start the registry: %w", err)
	}
	defer images.Stop(ctx)

	ship := dag.Ship(dagger.ShipOpts{
		Source: checkout.Directory("/shop"), Remote: remote, Token: token,
		Image: image, Login: user, Password: password, Insecure: true, Service: images,
	})
	text, err := ship.Release(ctx)
	if err != nil {
		return "", err
	}
	again := ship.Report() // another function than Release, whose result the session keeps
	outcome, err := again.Outcome(ctx)
	if err != nil {
		return "", err
	}
	commit, err := again.Commit(ctx)
	if err != nil {
		return "", err
	}
	tagged, err := dag.Git(remote, dagger.GitOpts{HTTPAuthToken: token}).Tag("shop-1.4.0").Commit(ctx)
	if err != nil {
		return "", fmt.Errorf("ask the git server for the tag: %w", err)
	}
	version, err := dag.Container().
		WithRegistryAuth(image, user, password).
		From(image+":1.4.0", dagger.ContainerFromOpts{RegistryService: images}).
		File("/VERSION").Contents(ctx)
	if err != nil {
		return "", fmt.Errorf("pull the image: %w", err)
	}
	return text, errors.Join(
		expect("the second release's outcome", outcome, "nothing to do"),
		expect("the tag's commit", tagged, commit),
		expect("the version in the image", version, project["VERSION"]),
	)
}

func expect(what, got, want string) error {
	if got != want {
		return fmt.Errorf("%s is %q, not %q", what, got, want)
	}
	return nil
}
