package test

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const (
	user     = "robot"
	password = "a pass'word: with \"marks\""
)

// serveRegistry serves a registry on loopback, which asks for the password unless it is anonymous. It returns
// HOST:PORT.
func serveRegistry(t *testing.T, anonymous bool) string {
	t.Helper()
	plain, _ := serveBoth(t, anonymous)
	return strings.TrimPrefix(plain.URL, "http://")
}

// serveBoth is serveRegistry for plain HTTP and TLS.
func serveBoth(t *testing.T, anonymous bool) (plain, secured *httptest.Server) {
	t.Helper()
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); !anonymous && (u != user || p != password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		images.ServeHTTP(w, r)
	})
	plain, secured = httptest.NewServer(handler), httptest.NewTLSServer(handler)
	t.Cleanup(plain.Close)
	t.Cleanup(secured.Close)
	return plain, secured
}

// authorityOf writes the certificate that a server with TLS signed for itself into a file.
func authorityOf(t *testing.T, server *httptest.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// push builds testdata/app into an image and pushes it as all these names.
func push(t *testing.T, references ...string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "app")
	run(t, []string{"CGO_ENABLED=0"}, "go", "build", "-o", program, "./testdata/app")
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	if err := writer.WriteHeader(&tar.Header{Name: "app", Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	image, err = mutate.ConfigFile(image, &v1.ConfigFile{
		OS: "linux", Architecture: "amd64",
		Config: v1.Config{Entrypoint: []string{"/app"}},
		RootFS: rootFS(t, layer),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, reference := range references {
		parsed, err := name.ParseReference(reference, name.Insecure)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(parsed, image, remote.WithAuth(&authn.Basic{Username: user,
			Password: password})); err != nil {
			t.Fatal(err)
		}
	}
}

func rootFS(t *testing.T, layer v1.Layer) v1.RootFS {
	t.Helper()
	id, err := layer.DiffID()
	if err != nil {
		t.Fatal(err)
	}
	return v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{id}}
}
