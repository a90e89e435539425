package main_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"dagger/ship/testbed/control"
)

func login() remote.Option {
	return remote.WithAuth(&authn.Basic{Username: bed.Registry.User, Password: bed.Registry.Password})
}

func reference(t *testing.T, address, path string) name.Reference {
	t.Helper()
	reference, err := name.ParseReference(address+"/"+path, name.Insecure)
	check(t, err)
	return reference
}

func randomImage(t *testing.T) v1.Image {
	t.Helper()
	image, err := random.Image(2048, 2)
	check(t, err)
	return image
}

// once makes the client take the first answer instead of trying again.
func once() remote.Option { return remote.WithRetryBackoff(remote.Backoff{Steps: 1}) }

func TestRegistryWantsThePassword(t *testing.T) {
	to := reference(t, bed.Registry.Address, "tests/password:1")
	for what, auth := range map[string]authn.Authenticator{
		"nobody":         authn.Anonymous,
		"wrong password": &authn.Basic{Username: bed.Registry.User, Password: "wrong"},
		"wrong user":     &authn.Basic{Username: "wrong", Password: bed.Registry.Password},
	} {
		if code := status(remote.Write(to, randomImage(t), remote.WithAuth(auth))); code != http.StatusUnauthorized {
			t.Errorf("%s: status %d", what, code)
		}
	}
	image := randomImage(t)
	check(t, remote.Write(to, image, login()))
	got, err := remote.Head(to, login())
	check(t, err)
	if want, _ := image.Digest(); got.Digest != want {
		t.Errorf("digest %s, want %s", got.Digest, want)
	}
}

// status is the HTTP status that a registry refused with, or 0.
func status(err error) int {
	if refused, ok := errors.AsType[*transport.Error](err); ok {
		return refused.StatusCode
	}
	return 0
}

func TestRegistryLogAndFaults(t *testing.T) {
	registry := server(t, bed.Registry.Control)
	to := reference(t, bed.Registry.Address, "tests/faults:1")
	image := randomImage(t)

	_, err := registry.Fault(t.Context(), control.Fault{Kind: control.Status, Operation: "manifest-write",
		Repository: "tests/faults", Count: 1})
	check(t, err)
	if code := status(remote.Write(to, image, login(), once())); code != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", code)
	}
	if _, err := remote.Head(to, login()); status(err) != http.StatusNotFound {
		t.Errorf("the manifest was written all the same: %v", err)
	}
	_, err = registry.Fault(t.Context(), control.Fault{Kind: control.CutResponse, Operation: "manifest-write",
		Count: 1})
	check(t, err)
	if err := remote.Write(to, image, login(), once()); err != nil {
		t.Logf("the lost answer: %v", err) // a client may also try again by itself
	}
	if _, err := remote.Head(to, login()); err != nil {
		t.Errorf("after the lost answer: %v", err)
	}

	check(t, registry.Reset(t.Context()))
	check(t, remote.Write(to, image, login()))
	all, err := registry.Requests(t.Context())
	check(t, err)
	for _, one := range all {
		if one.Operation == "blob-write" && one.In > 0 {
			t.Errorf("a blob that is there was sent again: %+v", one)
		}
	}
	_, err = remote.Image(to, login())
	check(t, err)
	read := requests(t, registry, 1, func(r control.Request) bool {
		return r.Operation == "manifest-read" && r.Method == "GET"
	})
	if one := read[0]; one.Repository != "tests/faults" || one.Status != 200 || one.Out == 0 ||
		one.User != bed.Registry.User {
		t.Errorf("logged as %+v", one)
	}
}

func TestMirrorIsAnonymousAndReadOnly(t *testing.T) {
	if len(bed.Mirror.Images) < 3 {
		t.Fatalf("the mirror has only %q", bed.Mirror.Images)
	}
	for _, one := range bed.Mirror.Images {
		image, err := remote.Image(reference(t, bed.Mirror.Address, one))
		if err != nil {
			t.Error(err)
			continue
		}
		config, err := image.ConfigFile()
		check(t, err)
		if config.OS != "linux" || config.Architecture == "" {
			t.Errorf("%s is for %s/%s", one, config.OS, config.Architecture)
		}
	}
	to := reference(t, bed.Mirror.Address, "library/python:3.11-slim")
	if code := status(remote.Write(to, randomImage(t))); code != http.StatusMethodNotAllowed {
		t.Errorf("a push: status %d", code)
	}
}
