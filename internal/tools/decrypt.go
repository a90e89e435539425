package tools

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/network"
	"dagger/ship/internal/sops"
)

// Decrypt has SOPS decrypt a file in an image that has the program, with the credentials, which hold its
// keys. Secret is what holds the file, if it is not one of the repo. The answer is never from the cache:
// who has no key must get none.
func (t *Tools) Decrypt(
	ctx context.Context, image string, file sops.File, secret *dagger.Secret,
) (plain string, err error) {
	in := *t
	in.Image = image
	container := in.credentialed(in.Plain())
	if secret != nil {
		container = container.WithMountedSecret(encryptedPath, secret)
	} else {
		container = container.WithNewFile(encryptedPath, file.Text)
	}
	args := helm.Bounded(t.Deadline, file.Args(encryptedPath)...)
	err = network.Retry(ctx, t.Say, func() network.Failure {
		start := time.Now()
		answer, err := in.Act(ctx, container, args)
		switch {
		case err != nil:
			said := fmt.Sprintf("run %s (sops in ship.toml may name another image): %s", image, Explain(err))
			return network.Failure{Err: errors.New(said), Temporary: network.Transient(said)}
		case answer.Code != 0 && time.Since(start) >= t.Deadline:
			answer.Stderr = fmt.Sprintf("%s from the servers of its keys within %s", network.Silence, t.Deadline)
		case answer.Code == 0:
			plain = answer.Stdout
			return network.Failure{}
		}
		said := sops.Failure(answer.Code, answer.Stderr)
		return network.Failure{Err: errors.New(said), Temporary: network.Transient(said)}
	})
	return plain, err
}
