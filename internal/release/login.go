package release

import (
	"fmt"

	"dagger/ship/internal/registry"
)

// logIn gives the session the registry's credentials before anything is pulled: base images may
// need them, and the image that Helm runs in. A session keeps them for all that it pulls from that
// host, and sends them to no other.
func (r *Release) logIn() error {
	if r.password == "" || !registry.HasHost(r.Home) {
		return nil
	}
	_, err := r.logins.Get(r.Home, func() (struct{}, error) {
		password := r.Client.SetSecret("ship-password", r.password)
		_, err := r.Client.Container().WithRegistryAuth(r.Home, r.Repo.Login, password).ID(r.Context)
		if err != nil {
			err = fmt.Errorf("log in to %s: %w", r.Home, err)
		}
		return struct{}{}, err
	})
	return err
}

// logInForTools logs in where nothing but the image that Helm runs in may need it.
func (r *Release) logInForTools() error {
	if !registry.SamePlace(registry.Host(r.ToolsImage), r.Home, r.Repo.Insecure) {
		return nil
	}
	if err := r.readPassword(); err != nil {
		return err
	}
	return r.logIn()
}
