package test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"dagger.io/dagger"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// fetch asks a registry, and returns the answer's content type and digest.
func fetch(t *testing.T, address, path string, into any) (string, string) {
	t.Helper()
	request, err := http.NewRequest("GET", "http://"+address+"/v2/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(user, password)
	request.Header.Set("Accept", ocispecs.MediaTypeImageManifest+", "+ocispecs.MediaTypeImageIndex)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 200 {
		t.Fatalf("%s: %s", path, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
	return response.Header.Get("Content-Type"), response.Header.Get("Docker-Content-Digest")
}

func TestPublish(t *testing.T) {
	registry := startRegistry(t, nil)
	right, wrong := client.SetSecret("right", password), client.SetSecret("wrong", "not-the-Password")
	image := shell(t).
		WithNewFile("/app/hello", "hello").
		WithMountedTemp("/mnt").
		WithLabel("org.opencontainers.image.revision", "abc").
		WithEnvVariable("APP", "yes").
		WithEntrypoint([]string{"/bin/cat"}).
		WithDefaultArgs([]string{"/app/hello"}).
		WithWorkdir("/app").
		WithUser("app").
		WithExposedPort(8080)

	t.Run("without credentials", func(t *testing.T) {
		_, err := image.Publish(background, registry+"/app:1")
		if err == nil || !regexp.MustCompile("401|unauthorized|no basic auth|authorization failed").MatchString(err.Error()) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("with a wrong password", func(t *testing.T) {
		_, err := image.WithRegistryAuth(registry, user, wrong).Publish(background, registry+"/app:1")
		if err == nil || strings.Contains(err.Error(), "not-the-Password") || !strings.Contains(strings.ToLower(err.Error()), "unauthorized") {
			t.Errorf("error %v", err)
		}
	})
	var ref string
	t.Run("publish", func(t *testing.T) {
		var err error
		ref, err = image.WithRegistryAuth(registry, user, right).Publish(background, registry+"/group/app:1")
		if err != nil {
			t.Fatal(err)
		}
		var manifest ocispecs.Manifest
		media, digest := fetch(t, registry, "group/app/manifests/1", &manifest)
		if ref != registry+"/group/app:1@"+digest || media != ocispecs.MediaTypeImageManifest {
			t.Errorf("%s, in the registry %s, a %s", ref, digest, media)
		}
		var config ocispecs.Image
		fetch(t, registry, "group/app/blobs/"+manifest.Config.Digest.String(), &config)
		c := config.Config
		got := []string{
			c.Labels["org.opencontainers.image.revision"], c.Labels["made.by"], strings.Join(c.Env, " "), strings.Join(c.Entrypoint, " "),
			strings.Join(c.Cmd, " "), c.WorkingDir, c.User, config.OS,
		}
		want := []string{"abc", "test", "BASE=yes APP=yes", "/bin/cat", "/app/hello", "/app", "app", "linux"}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("config: %q, want %q", got[i], want[i])
			}
		}
		if _, is := c.ExposedPorts["8080/tcp"]; !is {
			t.Errorf("ports: %v", c.ExposedPorts)
		}
	})
	t.Run("another tag is the same image", func(t *testing.T) {
		again, err := image.Publish(background, registry+"/group/app:latest") // credentials are the session's
		_, before, _ := strings.Cut(ref, "@")
		if err != nil || again != registry+"/group/app:latest@"+before {
			t.Errorf("%s, %v; before: %s", again, err, ref)
		}
	})
	t.Run("it runs", func(t *testing.T) {
		out, err := client.Container().From(ref).WithExec(nil, dagger.ContainerWithExecOpts{UseEntrypoint: true}).Stdout(background)
		if err != nil || out != "hello" {
			t.Errorf("%q, %v", out, err)
		}
	})
	t.Run("without a tag", func(t *testing.T) {
		again, err := image.Publish(background, registry+"/group/app")
		if err != nil || !strings.HasPrefix(again, registry+"/group/app") || !strings.Contains(again, "@sha256:") {
			t.Errorf("%s, %v", again, err)
		}
	})
	t.Run("withoutRegistryAuth", func(t *testing.T) {
		if _, err := image.WithoutRegistryAuth(registry).Publish(background, registry+"/group/app:2"); err == nil {
			t.Error("published without credentials")
		}
	})
	t.Run("from without credentials", func(t *testing.T) {
		_, err := client.Container().From(registry + "/group/app:1").Sync(background)
		if err == nil || !strings.Contains(err.Error(), "failed to resolve image") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("from with credentials", func(t *testing.T) {
		out, err := client.Container().WithRegistryAuth(registry, user, right).From(registry + "/group/app:1").File("hello").Contents(background)
		if err != nil || out != "hello" {
			t.Errorf("%q, %v", out, err)
		}
	})
	ask(t, []question{
		{"no registry there", text(func(ctx ctx) (string, error) { return image.Publish(ctx, "127.0.0.1:1/app:1") }), nil, "127.0.0.1:1"},
		{"no such image", text(client.Container().From(baseRegistry + "/none:1").ImageRef), nil, "failed to resolve image"},
		{"an address that is none", text(func(ctx ctx) (string, error) { return image.Publish(ctx, "host.example/UPPER:1") }), nil, "must be lowercase"},
		{"an image that is none", text(client.Container().From("host.example/UPPER").ImageRef), nil, "failed to parse image address host.example/UPPER"},
	})
}
