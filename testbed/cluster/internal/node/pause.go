package node

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// PauseImage is the name of the image with the program `pause`. It is never pulled.
const PauseImage = "ship.invalid/pause:1"

const socket = "/run/containerd/containerd.sock"

// LoadPause waits until containerd answers and gives it the pause image, made from the program at path.
func LoadPause(ctx context.Context, path string) error {
	program, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read pause program: %w", err)
	}
	image, err := pauseImage(program)
	if err != nil {
		return fmt.Errorf("make pause image: %w", err)
	}
	for {
		err := load(ctx, image)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("give pause image to containerd: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func load(ctx context.Context, image []byte) error {
	if _, err := os.Stat(socket); err != nil {
		return err
	}
	client, err := containerd.New(socket, containerd.WithDefaultNamespace("k8s.io"),
		containerd.WithTimeout(time.Second))
	if err != nil {
		return err
	}
	defer client.Close()
	_, err = client.Import(ctx, bytes.NewReader(image),
		containerd.WithImageLabels(map[string]string{"io.cri-containerd.pinned": "pinned"}))
	return err
}

// pauseImage is an OCI image layout in a tar file (https://github.com/opencontainers/image-spec, image-layout.md)
// whose only file is the program.
func pauseImage(program []byte) ([]byte, error) {
	var layer, layout bytes.Buffer
	if err := writeTar(&layer, 0o755, entry{"pause", program}); err != nil {
		return nil, err
	}
	var entries []entry
	blob := func(mediaType string, content []byte) v1.Descriptor {
		sum := digest.FromBytes(content)
		entries = append(entries, entry{"blobs/sha256/" + sum.Encoded(), content})
		return v1.Descriptor{MediaType: mediaType, Digest: sum, Size: int64(len(content))}
	}
	object := func(mediaType string, value any) (v1.Descriptor, error) {
		content, err := json.Marshal(value)
		return blob(mediaType, content), err
	}
	rootfs := blob(v1.MediaTypeImageLayer, layer.Bytes())
	config, err := object(v1.MediaTypeImageConfig, v1.Image{
		Platform: v1.Platform{OS: "linux", Architecture: runtime.GOARCH},
		Config:   v1.ImageConfig{Entrypoint: []string{"/pause"}},
		RootFS:   v1.RootFS{Type: "layers", DiffIDs: []digest.Digest{rootfs.Digest}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := object(v1.MediaTypeImageManifest, v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: v1.MediaTypeImageManifest,
		Config:    config,
		Layers:    []v1.Descriptor{rootfs},
	})
	if err != nil {
		return nil, err
	}
	manifest.Annotations = map[string]string{"io.containerd.image.name": PauseImage}
	index, err := json.Marshal(v1.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		Manifests: []v1.Descriptor{manifest},
	})
	if err != nil {
		return nil, err
	}
	entries = append(entries,
		entry{v1.ImageLayoutFile, []byte(`{"imageLayoutVersion":"` + v1.ImageLayoutVersion + `"}`)},
		entry{v1.ImageIndexFile, index})
	err = writeTar(&layout, 0o644, entries...)
	return layout.Bytes(), err
}

type entry struct {
	name    string
	content []byte
}

func writeTar(to io.Writer, mode int64, entries ...entry) error {
	archive := tar.NewWriter(to)
	for _, entry := range entries {
		header := &tar.Header{Name: entry.name, Mode: mode, Size: int64(len(entry.content)), Typeflag: tar.TypeReg}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(entry.content); err != nil {
			return err
		}
	}
	return archive.Close()
}
