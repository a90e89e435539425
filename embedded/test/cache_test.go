package test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"dagger.io/dagger"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// cacheArg is the build argument that names where layers are kept.
const cacheArg = "BUILDKIT_REGISTRY_CACHE"

// random is a step that does not come to the same when it is run once more.
const random = "cat /proc/sys/kernel/random/uuid > "

// machine is one that has built nothing yet.
type machine struct {
	*dagger.Client
	t        *testing.T
	registry string
	made     bool // the build's context is made from a folder of the machine's, and not that itself
}

func newMachine(t *testing.T, registry string, made bool) machine {
	t.Helper()
	return machine{connect(t, "SHIP_CACHE="+t.TempDir()), t, registry, made}
}

// build builds a Dockerfile with a file of the context in its last step, and logs in to the registry.
func (m machine) build(dockerfile, file string, args ...dagger.BuildArg) *dagger.Container {
	args = append(args, dagger.BuildArg{Name: "SOURCE_DATE_EPOCH", Value: "1700000000"})
	dir := m.t.TempDir()
	for name, text := range map[string]string{"Dockerfile": dockerfile, "file": file, "unused": "only-in-the-context"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			m.t.Fatal(err)
		}
	}
	from := m.Host().Directory(dir)
	if m.made {
		from = from.WithNewFile(".dockerignore", "nothing\n")
	}
	return from.DockerBuild(dagger.DirectoryDockerBuildOpts{BuildArgs: args,
		Secrets: []*dagger.Secret{m.SetSecret("build-secret", "hidden-in-Build")}}).
		WithRegistryAuth(m.registry, user, m.SetSecret("right", password))
}

// cached is the argument that has layers kept.
func (m machine) cached() dagger.BuildArg {
	return dagger.BuildArg{Name: cacheArg, Value: m.registry + "/app:buildcache"}
}

// publish pushes an image, or a cache, and returns its digest.
func (m machine) publish(c *dagger.Container, tag string) string {
	m.t.Helper()
	published, err := c.Publish(background, m.registry+"/app:"+tag)
	if err != nil {
		m.t.Fatal(err)
	}
	_, digest, _ := strings.Cut(published, "@")
	return digest
}

// read is what files of the image hold, a line each.
func (m machine) read(c *dagger.Container, files ...string) string {
	m.t.Helper()
	var all []string
	for _, file := range files {
		text, err := c.File(file).Contents(background)
		if err != nil {
			m.t.Fatal(err)
		}
		all = append(all, strings.TrimSpace(text))
	}
	return strings.Join(all, "\n")
}

// layers are the blobs of a cache.
func layers(t *testing.T, registry string) map[string][]byte {
	t.Helper()
	var manifest ocispecs.Manifest
	media, _ := fetch(t, registry, "app/manifests/buildcache", &manifest)
	if media != ocispecs.MediaTypeImageManifest {
		t.Errorf("the cache is a %s", media)
	}
	blobs := map[string][]byte{}
	for _, layer := range append(manifest.Layers, manifest.Config) {
		request, err := http.NewRequest(http.MethodGet, "http://"+registry+"/v2/app/blobs/"+layer.Digest.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth(user, password)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if blobs[layer.Digest.String()], err = io.ReadAll(response.Body); err != nil {
			t.Fatal(err)
		}
	}
	return blobs
}

func TestLayerCache(t *testing.T) {
	t.Run("a folder", func(t *testing.T) { testLayerCache(t, false) })
	t.Run("a changed one", func(t *testing.T) { testLayerCache(t, true) })
}

func testLayerCache(t *testing.T, made bool) {
	t.Helper()
	ref, err := base()
	if err != nil {
		t.Fatal(err)
	}
	dockerfile := "FROM " + ref + " AS made\n" +
		"RUN " + random + "/stage\n" +
		"RUN --mount=type=secret,id=build-secret wc -c < /run/secrets/build-secret > /size; " + random + "/secret\n" +
		"FROM " + ref + "\nCOPY --from=made /stage /secret /size /\nRUN " + random + "/own\nCOPY file /\n" +
		"RUN " + random + "/last\n"
	registry := startRegistry(t, nil)
	first := newMachine(t, registry, made)
	without := first.publish(first.build(dockerfile, "one"), "without")
	built := first.build(dockerfile, "one", first.cached())
	if with := first.publish(built, "1"); with != without {
		t.Errorf("with a cache the image is %s, without %s", with, without)
	}
	first.publish(built, "buildcache")
	want := first.read(built, "/stage", "/secret", "/own")
	last := first.read(built, "/last")

	blobs := layers(t, registry)
	for digest, data := range blobs {
		for _, hidden := range []string{"hidden-in-Build", "only-in-the-context"} {
			if bytes.Contains(unzip(data), []byte(hidden)) {
				t.Errorf("the cache has %q in %s", hidden, digest)
			}
		}
	}

	t.Run("the same files", func(t *testing.T) {
		other := newMachine(t, registry, made)
		again := other.build(dockerfile, "one", other.cached())
		if digest := other.publish(again, "again"); digest != without {
			t.Errorf("the image is %s, want %s", digest, without)
		}
		if got := other.read(again, "/stage", "/secret", "/own", "/last"); got != want+"\n"+last {
			t.Errorf("a step was run again: %s, want %s", got, want+"\n"+last)
		}
	})
	t.Run("another file", func(t *testing.T) {
		other := newMachine(t, registry, made)
		changed := other.build(dockerfile, "two", other.cached())
		if got := other.read(changed, "/stage", "/secret", "/own"); got != want {
			t.Errorf("a step was run again: %s, want %s", got, want)
		}
		if other.read(changed, "/last") == last || other.read(changed, "/file") != "two" {
			t.Error("the step after the changed file was not run again")
		}
		other.publish(changed, "2")
		other.publish(changed, "buildcache")
	})
	t.Run("after both", func(t *testing.T) {
		other := newMachine(t, registry, made)
		again := other.build(dockerfile, "two", other.cached())
		if got := other.read(again, "/stage", "/secret", "/own"); got != want {
			t.Errorf("a step was run again: %s, want %s", got, want)
		}
	})
	t.Run("not named", func(t *testing.T) {
		other := newMachine(t, registry, made)
		if other.read(other.build(dockerfile, "one"), "/own") == strings.Split(want, "\n")[2] {
			t.Error("the cache was used without being named")
		}
	})
}

// TestLayerCacheBroken: whatever is wrong with a cache, there is an image.
func TestLayerCacheBroken(t *testing.T) {
	ref, err := base()
	if err != nil {
		t.Fatal(err)
	}
	dockerfile := "FROM " + ref + "\nRUN " + random + "/own\nCOPY file /\nRUN cat /own /file > /last\n"
	var withheld, failing atomic.Bool
	// before is a server before a registry that breaks what it is asked for of the cache
	before := func(t *testing.T, registry string) string {
		t.Helper()
		proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: registry})
		proxy.ModifyResponse = func(r *http.Response) error {
			if withheld.Load() && r.Request.Method == http.MethodGet && r.ContentLength > 0 &&
				r.Header.Get("Content-Type") == "application/octet-stream" {
				data, err := io.ReadAll(r.Body)
				if err != nil {
					return err
				}
				if r.Body = io.NopCloser(bytes.NewReader(data)); bytes.HasPrefix(data, []byte{0x1f, 0x8b}) { // gzip
					r.StatusCode = http.StatusServiceUnavailable
				}
			}
			return nil
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if failing.Load() && strings.HasSuffix(r.URL.Path, "/manifests/buildcache") {
				http.Error(w, "down", http.StatusServiceUnavailable)
				return
			}
			proxy.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	}
	for name, spoil := range map[string]func(t *testing.T, registry string){
		"none yet": func(*testing.T, string) {},
		"a layer that is gone": func(t *testing.T, registry string) {
			m := newMachine(t, registry, false)
			built := m.build(dockerfile, "one", m.cached())
			m.publish(built, "buildcache")
			for digest, data := range layers(t, registry) {
				if !bytes.HasPrefix(data, []byte("{")) {
					remove(t, registry, "app/blobs/"+digest)
				}
			}
		},
		"a config that is gone": func(t *testing.T, registry string) {
			m := newMachine(t, registry, false)
			m.publish(m.build(dockerfile, "one", m.cached()), "buildcache")
			for digest, data := range layers(t, registry) {
				if bytes.HasPrefix(data, []byte("{")) {
					remove(t, registry, "app/blobs/"+digest)
				}
			}
		},
		"a layer that is withheld": func(t *testing.T, registry string) {
			m := newMachine(t, registry, false)
			m.publish(m.build(dockerfile, "one", m.cached()), "buildcache")
		},
		"a registry that fails": func(t *testing.T, registry string) {
			m := newMachine(t, registry, false)
			m.publish(m.build(dockerfile, "one", m.cached()), "buildcache")
			failing.Store(true)
		},
		"an image": func(t *testing.T, registry string) {
			m := newMachine(t, registry, false)
			m.publish(m.build(dockerfile, "one"), "buildcache")
		},
	} {
		t.Run(name, func(t *testing.T) {
			failing.Store(false)
			registry := before(t, startRegistry(t, nil))
			spoil(t, registry)
			for _, file := range []string{"one", "two"} {
				withheld.Store(strings.Contains(name, "withheld"))
				m := newMachine(t, registry, false)
				built := m.build(dockerfile, file, m.cached())
				if _, err := built.Sync(background); err != nil {
					t.Fatal("sync:", err)
				}
				m.publish(built, "1")
				withheld.Store(false)
				if got := m.read(m.Container().From(registry+"/app:1"), "/last"); !strings.HasSuffix(got, file) {
					t.Errorf("the image has %q", got)
				}
			}
		})
	}
	t.Run("no registry there", func(t *testing.T) {
		m := newMachine(t, startRegistry(t, nil), false)
		built := m.build(dockerfile, "one", dagger.BuildArg{Name: cacheArg, Value: "127.0.0.1:1/app:buildcache"})
		m.publish(built, "1")
		if _, err := built.Publish(background, "127.0.0.1:1/app:buildcache"); err == nil ||
			!strings.Contains(err.Error(), "127.0.0.1:1") {
			t.Errorf("a cache was written nowhere: %v", err)
		}
	})
	t.Run("a place that is none", func(t *testing.T) {
		m := newMachine(t, startRegistry(t, nil), false)
		_, err := m.build(dockerfile, "one", dagger.BuildArg{Name: cacheArg, Value: "UPPER case"}).Sync(background)
		if err == nil || !strings.Contains(err.Error(), cacheArg) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a step that fails", func(t *testing.T) {
		m := newMachine(t, startRegistry(t, nil), false)
		_, err := m.build("FROM "+ref+"\nRUN echo why; exit 42\n", "one", m.cached()).Sync(background)
		if err == nil || !strings.Contains(err.Error(), "exit code: 42") {
			t.Errorf("error %v", err)
		}
	})
}

// remove takes something out of a registry.
func remove(t *testing.T, registry, path string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodDelete, fmt.Sprintf("http://%s/v2/%s", registry, path), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(user, password)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		t.Fatalf("remove %s: %s", path, response.Status)
	}
}

// unzip is what a layer holds; what is none stays as it is.
func unzip(data []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return data
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return data
	}
	return plain
}
