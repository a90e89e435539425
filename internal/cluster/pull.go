package cluster

import (
	"context"
	"errors"
	"fmt"

	"dagger/ship/internal/helm"
)

// pullPath is where the pull secret is in a container.
const pullPath = "/ship/pull.json"

// makePullSecret brings the secret that pods pull their images with up to date, before the first pod needs it.
func (e *Environment) makePullSecret(ctx context.Context) error {
	if e.Pull.Name == "" {
		return nil
	}
	secret := e.Tools.Secret(fmt.Sprintf("ship-pull-%s-%s-%s", e.ID, e.Release, e.Name), e.Pull.Manifest())
	container := e.Tools.Cluster().WithMountedSecret(pullPath, secret)
	answer, err := e.Tools.Ask(ctx, container, helm.PullSecretArgs(e.Namespace, pullPath))
	if err == nil && answer.Code != 0 {
		err = errors.New(answer.Failure())
	}
	if err != nil {
		return fmt.Errorf("make the pull secret %s in %s: %w", e.Pull.Name, e.Namespace, err)
	}
	return nil
}

// pullSecretKept tells whether the secret is as wanted.
func (e *Environment) pullSecretKept(ctx context.Context) (bool, error) {
	if e.Pull.Name == "" {
		return true, nil
	}
	answer, err := e.Tools.Ask(ctx, e.Tools.Cluster(), e.Pull.PullSecretKeptArgs(e.Namespace))
	if err == nil && answer.Code != 0 {
		err = errors.New(answer.Failure())
	}
	if err != nil {
		return false, fmt.Errorf("look at the pull secret %s in %s: %w", e.Pull.Name, e.Namespace, err)
	}
	return e.Pull.Kept(answer.Stdout), nil
}
