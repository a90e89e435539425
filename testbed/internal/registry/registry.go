// Package registry runs distribution, the registry that Docker Hub's own image is made of, in this process.
package registry

import (
	"context"
	"net/http"
	"regexp"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem" // images in a folder
	"github.com/sirupsen/logrus"
)

// Config says where a registry keeps its images and who may use it.
type Config struct {
	// Storage is the folder of the images, in distribution's own layout.
	Storage string
	// ReadOnly refuses every push.
	ReadOnly bool
	// User and Password are asked for, or none where User is empty.
	User, Password string
}

// New returns a registry's handler.
func New(ctx context.Context, config Config) (http.Handler, error) {
	logrus.SetLevel(logrus.FatalLevel) // it logs every 404; requests are in the testbed's own log
	settings := &configuration.Configuration{
		Version: "0.1",
		Storage: configuration.Storage{
			"filesystem": {"rootdirectory": config.Storage},
			"delete":     {"enabled": true},
			"maintenance": {
				"uploadpurging": map[any]any{"enabled": false},
				"readonly":      map[any]any{"enabled": config.ReadOnly},
			},
		},
	}
	settings.Log.AccessLog.Disabled = true
	settings.Log.Level = "fatal"
	settings.Catalog.MaxEntries = 1000
	settings.HTTP.RelativeURLs = true
	settings.HTTP.Secret = "one process only" // signs the state of uploads between several; it is no credential
	if config.User != "" {
		settings.Auth = configuration.Auth{"password": {"user": config.User, "password": config.Password}}
	}
	return handlers.NewApp(ctx, settings), nil
}

// The paths of the distribution specification, https://github.com/opencontainers/distribution-spec/blob/main/spec.md
var (
	manifestPath = regexp.MustCompile(`^/v2/(.+)/manifests/[^/]+$`)
	uploadPath   = regexp.MustCompile(`^/v2/(.+)/blobs/uploads/[^/]*$`)
	blobPath     = regexp.MustCompile(`^/v2/(.+)/blobs/[^/]+$`)
	tagsPath     = regexp.MustCompile(`^/v2/(.+)/tags/list$`)
)

// Classify names the repository and the operation of a request, as package control describes them.
func Classify(r *http.Request) (repository, operation string) {
	path := r.URL.Path
	access := "write"
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		access = "read"
	}
	if match := manifestPath.FindStringSubmatch(path); match != nil {
		return match[1], "manifest-" + access
	}
	if match := uploadPath.FindStringSubmatch(path); match != nil {
		return match[1], "blob-write"
	}
	if match := blobPath.FindStringSubmatch(path); match != nil {
		return match[1], "blob-" + access
	}
	if match := tagsPath.FindStringSubmatch(path); match != nil {
		return match[1], "tags"
	}
	return "", "base"
}
