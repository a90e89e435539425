package test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger.io/dagger"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// made is an image that was built and published, as the registry has it.
type made struct {
	digest   string
	manifest ocispecs.Manifest
	config   ocispecs.Image
	times    map[string]time.Time // of the files in the layers above the base's
}

// publishAt builds a folder as the source of a time, and publishes it.
func publishAt(t *testing.T, c *dagger.Client, dir string, epoch int64, tag string) (m made) {
	t.Helper()
	args := []dagger.BuildArg{{Name: "SOURCE_DATE_EPOCH", Value: fmt.Sprint(epoch)}}
	published, err := c.Host().Directory(dir).DockerBuild(dagger.DirectoryDockerBuildOpts{BuildArgs: args}).
		WithLabel("a", "b").Publish(background, baseRegistry+"/reproducible:"+tag)
	if err != nil {
		t.Fatal(err)
	}
	m.digest = published[strings.Index(published, "@"):]
	fetch(t, baseRegistry, "reproducible/manifests/"+tag, &m.manifest)
	fetch(t, baseRegistry, "reproducible/blobs/"+m.manifest.Config.Digest.String(), &m.config)
	m.times = times(t, m.manifest)
	return m
}

// times are those of the files in the layers above the base's.
func times(t *testing.T, manifest ocispecs.Manifest) map[string]time.Time {
	t.Helper()
	found := map[string]time.Time{}
	for _, layer := range manifest.Layers[1:] {
		resp, err := http.Get("http://" + baseRegistry + "/v2/reproducible/blobs/" + layer.Digest.String())
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		unzipped, err := gzip.NewReader(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		for files := tar.NewReader(unzipped); ; {
			file, err := files.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			found["/"+strings.TrimSuffix(file.Name, "/")] = file.ModTime
		}
	}
	return found
}

// dockerfile makes a folder with a Dockerfile on the tests' base image, and a file beside it.
func dockerfile(t *testing.T, steps string) string {
	t.Helper()
	ref, err := base()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"Dockerfile": "FROM " + ref + "\n" + steps, "file": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A Dockerfile that names SOURCE_DATE_EPOCH gives the same image on two machines.
func TestReproducible(t *testing.T) {
	dir := dockerfile(t, "ARG SOURCE_DATE_EPOCH\nWORKDIR /src\nCOPY . .\n"+
		"RUN mkdir /made; echo $SOURCE_DATE_EPOCH > /made/file\n")
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
		m := publishAt(t, connect(t, "SHIP_CACHE="+t.TempDir()), dir, epoch.Unix(), tag)
		digest[m.digest] = true
		if m.config.Created == nil || !m.config.Created.Equal(epoch) {
			t.Errorf("created %v, want %v", m.config.Created, epoch)
		}
		if len(m.manifest.Layers) < 2 || m.manifest.Layers[0].Digest != original.Layers[0].Digest {
			t.Errorf("the base image's layers were rewritten: %v, from %v", m.manifest.Layers, original.Layers)
		}
		for file, at := range m.times {
			if at.After(epoch) {
				t.Errorf("%s is of %v, want none after %v", file, at, epoch)
			}
		}
		if t.Failed() || len(digest) > 1 {
			t.Logf("%+v", m)
		}
	}
	if len(digest) != 1 {
		t.Errorf("digests differ: %v", digest)
	}
}

// Any other Dockerfile's files keep their times, since programs note them and compare them: what was made of a file is
// newer than that. The image has the source's time, and what another commit's build left in the cache is used.
func TestTimes(t *testing.T) {
	dir := dockerfile(t, "WORKDIR /src\nCOPY file .\nRUN sleep 1; cp file built; date > /once\n")
	start := time.Now().Add(-time.Hour)
	c := connect(t, "SHIP_CACHE="+t.TempDir())
	epoch := time.Unix(1700000000, 0)
	first := publishAt(t, c, dir, epoch.Unix(), "first")
	if !first.config.Created.Equal(epoch) {
		t.Errorf("created %v, want %v", first.config.Created, epoch)
	}
	source, built := first.times["/src/file"], first.times["/src/built"]
	if !built.After(source) || source.Before(start) {
		t.Errorf("the file is of %v, and what was made of it of %v", source, built)
	}
	second := publishAt(t, c, dir, epoch.Unix()+1000, "second")
	if got, want := second.times["/once"], first.times["/once"]; !got.Equal(want) {
		t.Errorf("a step that is the same for another commit was run again: at %v and %v", want, got)
	}
	if want := epoch.Add(1000 * time.Second); !second.config.Created.Equal(want) {
		t.Errorf("created %v, want %v", second.config.Created, want)
	}
}
