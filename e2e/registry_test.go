package e2e

import (
	"errors"
	"testing"
	"time"

	"dagger/ship/internal/network"
	"dagger/ship/internal/registry"
)

// TestRegistry holds what Ship reads and moves in a registry against a real one.
func TestRegistry(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	a.release("released")
	first, commit := a.look("0.1.0"), a.git("rev-parse", "HEAD")
	a.bump("0.2.0")
	a.release("released")

	client, err := network.New("", 10*time.Second, func(text string) { t.Log(text) })
	must(t, 0, err)
	repository := func(user, password, name string) *registry.Repository {
		return &registry.Repository{Address: a.Registry.Address + "/acme/" + name,
			Account: &registry.Account{User: user, Password: password, PlainHTTP: true, Client: client}}
	}
	good := repository(a.Registry.User, a.Registry.Password, a.Name)
	if first.Revision != commit {
		t.Errorf("the first version's revision is %q, want %s", first.Revision, commit)
	}
	for _, nothing := range []struct {
		repository *registry.Repository
		tag        string
	}{{good, "9.9.9"}, {repository(a.Registry.User, a.Registry.Password, "never-pushed"), "latest"}} {
		if image, err := nothing.repository.Look(t.Context(), nothing.tag); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("%s:%s: %+v, %v", nothing.repository.Address, nothing.tag, image, err)
		}
		if digest, err := nothing.repository.Digest(t.Context(), nothing.tag); !errors.Is(err, registry.ErrNotFound) ||
			digest != "" {
			t.Errorf("%s:%s: %q, %v", nothing.repository.Address, nothing.tag, digest, err)
		}
	}

	must(t, 0, good.Move(t.Context(), first.Digest, "latest"))
	if digest, err := good.Digest(t.Context(), "latest"); err != nil || digest != first.Digest {
		t.Errorf("latest is %s after it was moved to %s: %v", digest, first.Digest, err)
	}
	if err := good.Move(t.Context(), "sha256:"+commit+commit[:24], "latest"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("a tag was moved to what is not there: %v", err)
	}
	must(t, 0, good.CheckPush(t.Context()))
	for name, bad := range map[string]*registry.Repository{
		"wrong password": repository(a.Registry.User, "not-the-one", a.Name), "nobody": repository("", "", a.Name),
	} {
		if err := bad.CheckPush(t.Context()); !errors.Is(err, registry.ErrRefused) {
			t.Errorf("%s may push: %v", name, err)
		}
		if _, err := bad.Look(t.Context(), "latest"); !errors.Is(err, registry.ErrRefused) {
			t.Errorf("%s may look: %v", name, err)
		}
	}
}
