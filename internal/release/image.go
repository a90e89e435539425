package release

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/settings"
)

// image is one of the project's images, and where it is.
type image struct {
	settings.Image
	registry.Repository
}

// madeImage is what this call made of an image.
type madeImage struct {
	containers []*dagger.Container // one for each platform
	digest     string              // of what stands in the registry under the version
}

// address is where the project's images go: the one, or what several are below.
func (r *Release) address() (string, error) {
	address := r.Image
	if address == "" {
		if r.Registry == "" {
			return "", errors.New("no image: give its address with --image, or --registry to name it after the project")
		}
		address = r.Registry + "/" + naming.Image(r.read.Project.Name)
	}
	return address, registry.Check(address)
}

// readImages finds out where the images go.
func (r *Release) readImages() error {
	base, err := r.address()
	if err != nil {
		return err
	}
	r.read.Images = nil
	for _, s := range r.Settings.Images {
		address := base
		switch {
		case registry.HasHost(s.Place):
			address = s.Place
		case s.Name != "":
			address += "/" + cmp.Or(s.Place, s.Name)
		}
		if err := registry.Check(address); err != nil {
			return err
		}
		account, err := r.accountFor(address)
		if err != nil {
			return err
		}
		r.read.Images = append(r.read.Images, image{s, registry.Repository{Address: address, Account: account}})
	}
	r.made.images = make([]madeImage, len(r.read.Images))
	return nil
}

// addresses are those of the images.
func (r *Release) addresses() (all []string) {
	for _, image := range r.read.Images {
		all = append(all, image.Address)
	}
	return all
}

// accountFor is what the registry of an image is asked with.
func (r *Release) accountFor(address string) (*registry.Account, error) {
	login, _ := r.login(address)
	return r.accounts.Get(
		strings.Join([]string{registry.Host(address), login.Place.String(), login.From}, "\n"),
		func() (*registry.Account, error) { return r.account(address) },
	)
}

// missingImages are those of a version before the look.
func (r *Release) missingImages() (all []converge.Image) {
	for _, i := range r.read.Images {
		all = append(all, converge.Image{Name: i.Name, Address: i.Address + ":" + r.read.ImageTag})
	}
	return all
}

// imageStep is what a step about one of the images is called.
func (r *Release) imageStep(step string, i int) string {
	return strings.TrimSpace(r.call(step) + " " + r.read.Images[i].Name)
}

// now are the facts with what this call has published.
func (r *Release) now() converge.Facts {
	facts := r.facts
	facts.Images = slices.Clone(facts.Images)
	for i := range facts.Images {
		facts.Images[i].Digest = cmp.Or(r.made.images[i].digest, facts.Images[i].Digest)
	}
	return facts
}

// images are what the chart is told to run, with the digests that there are.
func (r *Release) images() (all helm.Images) {
	for i, now := range r.now().Images {
		all = append(all, helm.Image{
			Repository: r.read.Images[i].Address, Tag: r.read.ImageTag, Digest: now.Digest,
		})
	}
	return all
}

// references name the images by tag and digest, a line each; empty if one of them is missing.
func (r *Release) references() string {
	if len(r.facts.Images) == 0 || r.now().Digest() == "" {
		return ""
	}
	return strings.ReplaceAll(r.images().String(), ", ", "\n")
}
