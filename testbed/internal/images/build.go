package images

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// build makes one image as an OCI layout in the cache.
func build(ctx context.Context, cache string, one image) error {
	work, err := os.MkdirTemp(cache, "work-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	root := filepath.Join(work, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	if err := one.fill(ctx, root); err != nil {
		return err
	}
	packed := filepath.Join(work, "layer.tar.gz")
	if err := pack(root, packed); err != nil {
		return err
	}
	layer, err := tarball.LayerFromFile(packed, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return err
	}
	built := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	built, err = mutate.AppendLayers(built, layer)
	if err != nil {
		return err
	}
	file, err := built.ConfigFile()
	if err != nil {
		return err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", architecture, one.config
	if built, err = mutate.ConfigFile(built, file); err != nil {
		return err
	}
	// An annotation, not a label: labels would be handed down to the images that are built on this one.
	real := cmp.Or(one.registry, "docker.io") + "/" + one.names[0]
	built = mutate.Annotations(built, map[string]string{
		"org.opencontainers.image.description": "A stand-in for " + real + ", for tests",
	}).(v1.Image)

	part := filepath.Join(work, "layout")
	path, err := layout.Write(part, empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendImage(built); err != nil {
		return fmt.Errorf("write the image: %w", err)
	}
	return os.Rename(part, one.folder(cache))
}
