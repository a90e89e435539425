// Package images makes the images that stand in for Docker Hub's, and for that of SOPS on ghcr.io, where there is
// neither: from Debian's packages, and from the programs helm, kubectl and sops. They have the names, the programs and
// the paths of the real ones, so that a Dockerfile works with either unchanged, but they are not the real ones.
//
// Everything is made once, below the cache folder: an OCI layout for each image, named by what it is made of, and
// one folder with all of them in the layout of a registry, which the mirror serves as it is.
package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Options says where to make the images and of what.
type Options struct {
	// Cache is the folder for what was made, shared by all testbeds of the machine.
	Cache string
	// Programs is the folder with helm, helm3 and kubectl. Where they are missing, so are the tools images.
	Programs string
	// SOPS is the program sops. Where it is missing, so is its image.
	SOPS string
	// Toolchains says whether to make those for Node.js and Rust too, which are large.
	Toolchains bool
	// Log gets a line for each thing that takes time.
	Log io.Writer
}

// Set is the images ready to be served.
type Set struct {
	// Storage is a folder in the layout of a registry.
	Storage string
	// Names are the images' names with tags, without a registry's.
	Names []string
	// Missing says what could not be made, and why.
	Missing []string
}

// image is a stand-in: a folder tree as its only layer, and a configuration.
type image struct {
	// names without a registry's; the first one also names the cache entry.
	names []string
	// made of: whatever decides the content, for the cache's key.
	of []string
	// fill makes the tree in an empty folder.
	fill   func(ctx context.Context, root string) error
	config v1.Config
	// registry that the real one is in; empty: docker.io.
	registry string
}

// format is part of every key: raise it when the way images are made changes.
const format = "1"

func (i image) key() string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{format, fmt.Sprint(i.config)}, i.of...), "\x00")))
	return hex.EncodeToString(sum[:6])
}

func (i image) folder(cache string) string {
	return filepath.Join(cache, strings.NewReplacer("/", "-", ":", "-").Replace(i.names[0])+"-"+i.key())
}

// Ensure makes what is missing and returns all of it.
func Ensure(ctx context.Context, options Options) (*Set, error) {
	if err := os.MkdirAll(options.Cache, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for images: %w", err)
	}
	unlock, err := lock(filepath.Join(options.Cache, "lock"))
	if err != nil {
		return nil, err
	}
	defer unlock()

	if err := prune(options.Cache); err != nil {
		return nil, err
	}
	downloads, err := os.MkdirTemp(options.Cache, "work-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(downloads)
	set := &Set{}
	all, err := debianImages(ctx, downloads, options.Toolchains)
	if err != nil {
		return nil, err
	}
	for _, recipe := range []func(Options) (image, error){
		toolsImage(ToolsImage, "helm"), toolsImage(Helm3Image, "helm3"), sopsImage, busyboxImage,
	} {
		one, err := recipe(options)
		if errors.Is(err, errMissing) {
			set.Missing = append(set.Missing, err.Error())
			continue
		} else if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	for _, one := range all {
		set.Names = append(set.Names, one.names...)
		if have(one.folder(options.Cache)) {
			continue
		}
		start := time.Now()
		fmt.Fprintf(options.Log, "making a stand-in for %s …\n", one.names[0])
		if err := build(ctx, options.Cache, one); err != nil {
			return nil, fmt.Errorf("make the image %s: %w", one.names[0], err)
		}
		fmt.Fprintf(options.Log, "made %s in %.0f s\n", one.names[0], time.Since(start).Seconds())
	}
	set.Storage, err = storage(ctx, options.Cache, all)
	return set, err
}
