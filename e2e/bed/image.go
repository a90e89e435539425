package bed

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Image is what a tag in the registry points at.
type Image struct {
	Digest   string
	Revision string // the label that says which commit it was built from
	Layers   string // their digests, with blanks between them
}

// Look is the image at a tag, as the registry tells another client than Ship's own over plain HTTP; a zero one if there
// is none.
func (a *App) Look(ctx context.Context, tag string) (Image, error) {
	reference, err := name.ParseReference(a.Registry.Address+"/"+a.Repo+":"+tag, name.Insecure)
	if err != nil {
		return Image{}, err
	}
	login := authn.FromConfig(authn.AuthConfig{Username: a.Registry.User, Password: a.Registry.Password})
	image, err := remote.Image(reference, remote.WithAuth(login), remote.WithContext(ctx))
	if refused := new(transport.Error); errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound {
		return Image{}, nil
	}
	if err != nil {
		return Image{}, err
	}
	digest, err := image.Digest()
	if err != nil {
		return Image{}, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return Image{}, err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return Image{}, err
	}
	var layers []string
	for _, layer := range manifest.Layers {
		layers = append(layers, layer.Digest.String())
	}
	return Image{digest.String(), config.Config.Labels[ocispec.AnnotationRevision], strings.Join(layers, " ")}, nil
}
