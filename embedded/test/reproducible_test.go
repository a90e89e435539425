package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger.io/dagger"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// With SOURCE_DATE_EPOCH, two builds of the same files on two machines give the same image.
func TestReproducible(t *testing.T) {
	ref, err := base()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"Dockerfile": "FROM " + ref +
		"\nCOPY . /src\nRUN date > /dev/null; mkdir /made; echo made > /made/file\n", "file": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var original ocispecs.Manifest
	fetch(t, baseRegistry, "base/manifests/1", &original)
	epoch := time.Unix(1700000000, 0)
	digest := map[string]bool{}
	for i, tag := range []string{"one", "two"} {
		// another machine has other times
		if err := os.Chtimes(filepath.Join(dir, "file"), time.Now(),
			time.Now().Add(time.Duration(-i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
		c := connect(t, "SHIP_CACHE="+t.TempDir())
		published, err := c.Host().Directory(dir).
			DockerBuild(dagger.DirectoryDockerBuildOpts{BuildArgs: []dagger.BuildArg{{Name: "SOURCE_DATE_EPOCH",
				Value: "1700000000"}}}).
			WithLabel("a", "b").Publish(background, baseRegistry+"/reproducible:"+tag)
		if err != nil {
			t.Fatal(err)
		}
		digest[published[strings.Index(published, "@"):]] = true
		var manifest ocispecs.Manifest
		var config ocispecs.Image
		fetch(t, baseRegistry, "reproducible/manifests/"+tag, &manifest)
		fetch(t, baseRegistry, "reproducible/blobs/"+manifest.Config.Digest.String(), &config)
		if config.Created == nil || !config.Created.Equal(epoch) {
			t.Errorf("created %v, want %v", config.Created, epoch)
		}
		if len(manifest.Layers) < 2 || manifest.Layers[0].Digest != original.Layers[0].Digest {
			t.Errorf("the base image's layers were rewritten: %v, from %v", manifest.Layers, original.Layers)
		}
		if t.Failed() || len(digest) > 1 {
			t.Logf("%+v\n%+v", manifest, config)
		}
	}
	if len(digest) != 1 {
		t.Errorf("digests differ: %v", digest)
	}
}
