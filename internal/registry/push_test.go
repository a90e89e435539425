package registry

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// TestPush puts an artifact into a registry, and what is there already is not sent again.
func TestPush(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	blobs, manifests, elsewhere := map[string]string{}, map[string]string{}, ""
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		_, of, _ := strings.Cut(r.URL.Path, "/blobs/")
		switch _, tag, isManifest := strings.Cut(r.URL.Path, "/manifests/"); {
		case isManifest && r.Method == http.MethodPut:
			manifests[tag] = string(body)
			w.WriteHeader(http.StatusCreated)
		case r.Method == http.MethodHead && blobs[of] == "":
			w.WriteHeader(http.StatusNotFound)
		case r.Method == http.MethodPost:
			w.Header().Set("Location", elsewhere+"/v2/"+name+"/blobs/uploads/1?state=x")
			w.WriteHeader(http.StatusAccepted)
		case r.Method == http.MethodPut && r.URL.Query().Get("state") == "x":
			blobs[r.URL.Query().Get("digest")] = string(body)
			w.WriteHeader(http.StatusCreated)
		}
	})
	a := Artifact{Config: Blob{"application/config", []byte("{}")}, Layer: Blob{"application/layer", []byte("layer")},
		Annotations: map[string]string{ocispec.AnnotationRevision: "c1"}}
	got, err := f.Push(t.Context(), "1.0.0", a)
	if err != nil || got != digest.FromString(manifests["1.0.0"]).String() {
		t.Fatalf("%s, %v", got, err)
	}
	var manifest ocispec.Manifest
	if err := json.Unmarshal([]byte(manifests["1.0.0"]), &manifest); err != nil {
		t.Fatal(err)
	}
	if blobs[manifest.Layers[0].Digest.String()] != "layer" || blobs[manifest.Config.Digest.String()] != "{}" ||
		manifest.Annotations[ocispec.AnnotationRevision] != "c1" || manifest.Config.MediaType != "application/config" {
		t.Errorf("%+v, %v", manifest, blobs)
	}
	f.sent = nil
	if _, err := f.Push(t.Context(), "2.0.0", a); err != nil || len(f.sent) != 3 {
		t.Errorf("pushed again: %q, %v", f.sent, err)
	}
	elsewhere = "https://elsewhere.example.com"
	a.Layer.Data = []byte("another")
	if _, err := f.Push(t.Context(), "3.0.0", a); err == nil || !strings.Contains(err.Error(), "on another server") ||
		manifests["3.0.0"] != "" || errors.Is(err, ErrFixed) {
		t.Errorf("a registry that leads elsewhere: %v", err)
	}
}
