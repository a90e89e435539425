package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Artifact is what is no image, but kept as one: a config and one layer
// (https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidelines-for-artifact-usage).
type Artifact struct {
	Config, Layer Blob
	Annotations   map[string]string
}

// Blob is a part of an artifact.
type Blob struct {
	MediaType string
	Data      []byte
}

func (b Blob) descriptor() ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: b.MediaType, Digest: digest.FromBytes(b.Data), Size: int64(len(b.Data))}
}

// Push puts an artifact under a tag, and returns its digest.
func (r *Repository) Push(ctx context.Context, tag string, a Artifact) (string, error) {
	manifest, err := json.Marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		Config: a.Config.descriptor(), Layers: []ocispec.Descriptor{a.Layer.descriptor()}, Annotations: a.Annotations,
	})
	if err != nil {
		return "", fmt.Errorf("write the manifest: %w", err)
	}
	err = r.do(ctx, "push "+r.Address+":"+tag, func(ctx context.Context) error {
		for _, blob := range []Blob{a.Config, a.Layer} {
			if err := r.pushBlob(ctx, blob); err != nil {
				return err
			}
		}
		response, err := r.ask(ctx, http.MethodPut, "/manifests/"+tag, &document{
			data: manifest, mediaType: ocispec.MediaTypeImageManifest,
		})
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
	return digest.FromBytes(manifest).String(), err
}

// pushBlob uploads what the registry does not have yet, in one piece
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#post-then-put).
func (r *Repository) pushBlob(ctx context.Context, blob Blob) error {
	of := blob.descriptor()
	there, err := r.ask(ctx, http.MethodHead, "/blobs/"+of.Digest.String(), nil)
	if err == nil {
		return there.Body.Close()
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	begun, err := r.ask(ctx, http.MethodPost, "/blobs/uploads/", nil)
	if err != nil {
		return err
	}
	begun.Body.Close()
	response, err := r.askUpload(ctx, begun, http.MethodPut, of.Digest.String(), blob.Data)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
