package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/ship/testbed/internal/registry"
)

// storage pushes all images into a registry on a folder of the cache, once for each set of images, and returns the
// folder. Mirrors then serve it as it is, read-only, so that a testbed comes up without copying anything.
func storage(ctx context.Context, cache string, all []image) (string, error) {
	sum := sha256.New()
	for _, one := range all {
		fmt.Fprintln(sum, one.names, one.key())
	}
	target := filepath.Join(cache, "registry-"+hex.EncodeToString(sum.Sum(nil)[:6]))
	if have(target) {
		return target, nil
	}
	part, err := os.MkdirTemp(cache, "work-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(part)
	if err := os.Chmod(part, 0o755); err != nil {
		return "", err
	}
	handler, err := registry.New(ctx, registry.Config{Storage: part})
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler}
	go server.Serve(listener)
	defer server.Close()
	for _, one := range all {
		if err := push(ctx, one, cache, listener.Addr().String()); err != nil {
			return "", fmt.Errorf("put %s into the mirror: %w", one.names[0], err)
		}
	}
	return target, os.Rename(part, target)
}

func push(ctx context.Context, one image, cache, address string) error {
	index, err := layout.ImageIndexFromPath(one.folder(cache))
	if err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	built, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		return err
	}
	for _, tagged := range one.names {
		reference, err := name.ParseReference(address+"/"+tagged, name.Insecure)
		if err != nil {
			return err
		}
		if err := remote.Write(reference, built, remote.WithContext(ctx)); err != nil {
			return err
		}
	}
	return nil
}
