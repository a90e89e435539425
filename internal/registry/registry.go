// Package registry looks at images in a registry and moves tags there, by the OCI distribution spec
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md).
package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"dagger/ship/internal/limit"
)

// Repository is where one image's tags are.
type Repository struct {
	Address string // host[:port]/path, without tag or digest
	*Account
}

// Image is what a tag points at. What it says of itself are annotations; if it has no revision among
// them, they are labels (https://github.com/opencontainers/image-spec/blob/main/annotations.md).
type Image struct {
	Digest   string // sha256:…
	Revision string // org.opencontainers.image.revision, empty if there is none
	Version  string // org.opencontainers.image.version, likewise
	Created  string // org.opencontainers.image.created, likewise: a time by RFC 3339
}

// Digest returns the digest that tag points at, sha256:…. Its error wraps ErrNotFound if there is
// none.
func (r *Repository) Digest(ctx context.Context, tag string) (digest string, err error) {
	err = r.do(ctx, "look at "+r.Address+":"+tag, func(ctx context.Context) error {
		response, err := r.ask(ctx, http.MethodHead, "/manifests/"+tag, nil)
		answer := new(refusal)
		unable := errors.As(err, &answer) &&
			(answer.status == http.StatusMethodNotAllowed || answer.status == http.StatusNotImplemented)
		if err != nil && !unable {
			return err
		}
		if err == nil {
			response.Body.Close()
			if digest = response.Header.Get(digestHeader); isDigest(digest) {
				return nil
			}
		}
		// the spec lets a registry leave the header out
		found, err := r.read(ctx, "/manifests/"+tag, "")
		digest = found.digest
		return err
	})
	return digest, err
}

// Look returns the image that tag points at. Its error wraps ErrNotFound if there is none.
func (r *Repository) Look(ctx context.Context, tag string) (image Image, err error) {
	err = r.do(ctx, "look at "+r.Address+":"+tag, func(ctx context.Context) error {
		manifest, err := r.read(ctx, "/manifests/"+tag, "")
		if err != nil {
			return err
		}
		said, err := r.says(ctx, manifest.data, 0)
		image = Image{manifest.digest, said.Revision, said.Version, said.Created}
		return err
	})
	return image, err
}

// descriptor has the fields that are needed: a registry may put many more into it.
type descriptor struct{ Digest string }

// labels are what is needed of annotations or labels.
type labels struct {
	Revision string `json:"org.opencontainers.image.revision"`
	Version  string `json:"org.opencontainers.image.version"`
	Created  string `json:"org.opencontainers.image.created"`
}

// says takes the labels from the manifest of an image or of an index. If that has no annotations, they
// are in the config; for an index, in that of its first platform. That is one request more, or two,
// and the registry may redirect to another place for the config.
//
// Only what counts is kept in memory: what follows the first element of an array is skipped.
func (r *Repository) says(ctx context.Context, data []byte, depth int64) (labels, error) {
	var manifest struct {
		Annotations labels
		Config      descriptor
		Manifests   [1]descriptor
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return labels{}, fmt.Errorf("read the manifest: %w", err)
	}
	if manifest.Annotations.Revision != "" {
		return manifest.Annotations, nil
	}
	if first := manifest.Manifests[0].Digest; first != "" {
		if err := limit.New(ctx, Host(r.Address)).Within(limit.Nested, depth+1); err != nil {
			return labels{}, err
		}
		found, err := r.part(ctx, "/manifests/", first)
		if err != nil {
			return labels{}, err
		}
		return r.says(ctx, found.data, depth+1)
	}
	if manifest.Config.Digest == "" {
		return labels{}, nil
	}
	found, err := r.part(ctx, "/blobs/", manifest.Config.Digest)
	if err != nil {
		return labels{}, err
	}
	var config struct{ Config struct{ Labels labels } }
	if err := json.Unmarshal(found.data, &config); err != nil {
		return labels{}, fmt.Errorf("read the image's config: %w", err)
	}
	return config.Config.Labels, nil
}

// Artifact is what a manifest has in its layer of a media type, as charts are kept
// (https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidelines-for-artifact-usage).
func (r *Repository) Artifact(ctx context.Context, digest, mediaType string) (data []byte, err error) {
	err = r.do(ctx, "fetch "+r.Address+"@"+digest, func(ctx context.Context) error {
		found, err := r.read(ctx, "/manifests/"+digest, digest)
		if err != nil {
			return err
		}
		var manifest struct {
			Layers []struct{ MediaType, Digest string }
		}
		if err := json.Unmarshal(found.data, &manifest); err != nil {
			return fmt.Errorf("read the manifest: %w", err)
		}
		for _, layer := range manifest.Layers {
			if layer.MediaType == mediaType {
				found, err := r.part(ctx, "/blobs/", layer.Digest)
				data = found.data
				return err
			}
		}
		return fmt.Errorf("it is something else: it has no %s", mediaType)
	})
	return data, err
}

// part reads what a manifest names. If that is missing, the tag exists all the same, so the error
// is not ErrNotFound.
func (r *Repository) part(ctx context.Context, kind, digest string) (document, error) {
	found, err := r.read(ctx, kind+digest, digest)
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("the registry does not have %s, which the image names", digest)
	}
	return found, err
}

// Move makes tag point at what the digest names, which must be in the repository already. Its error
// wraps ErrFixed if the registry has a rule against it.
func (r *Repository) Move(ctx context.Context, digest, tag string) error {
	return r.do(ctx, "move "+r.Address+":"+tag, func(ctx context.Context) error {
		manifest, err := r.read(ctx, "/manifests/"+digest, digest)
		if err != nil {
			return err
		}
		var says struct{ MediaType string } // the registry compares them
		if json.Unmarshal(manifest.data, &says) == nil && says.MediaType != "" {
			manifest.mediaType = says.MediaType
		}
		response, err := r.ask(ctx, http.MethodPut, "/manifests/"+tag, &manifest)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
}

// mediaTypes are those of what a tag may point at.
var mediaTypes = []string{
	ocispec.MediaTypeImageManifest, ocispec.MediaTypeImageIndex,
	"application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
}
