package test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dagger.io/dagger"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"

// fetch asks a registry, and returns the answer's content type and digest.
func fetch(t *testing.T, address, path string, into any) (string, string) {
	t.Helper()
	request, err := http.NewRequest("GET", "http://"+address+"/v2/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(user, password)
	request.Header.Set("Accept", ocispecs.MediaTypeImageManifest+", "+dockerManifest)
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
		if err == nil || !regexp.MustCompile("401|unauthorized|no basic auth|authorization failed").MatchString(
			err.Error()) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("with a wrong password", func(t *testing.T) {
		_, err := image.WithRegistryAuth(registry, user, wrong).Publish(background, registry+"/app:1")
		if err == nil || strings.Contains(err.Error(), "not-the-Password") ||
			!strings.Contains(strings.ToLower(err.Error()), "unauthorized") {
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
			c.Labels["org.opencontainers.image.revision"], c.Labels["made.by"], strings.Join(c.Env, " "),
			strings.Join(c.Entrypoint, " "),
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
	t.Run("an index of two platforms", func(t *testing.T) {
		variants := []*dagger.Container{}
		for _, platform := range []dagger.Platform{"linux/amd64", "linux/arm64"} {
			variants = append(variants, client.Directory().
				WithNewFile("Dockerfile", "FROM scratch\nARG TARGETARCH\nLABEL arch=$TARGETARCH\nCOPY Dockerfile /\n").
				DockerBuild(dagger.DirectoryDockerBuildOpts{Platform: platform}).
				WithAnnotation("org.opencontainers.image.revision", "abc"))
		}
		published, err := client.Container().WithRegistryAuth(registry, user, right).Publish(background,
			registry+"/group/both:1", dagger.ContainerPublishOpts{PlatformVariants: variants})
		if err != nil {
			t.Fatal(err)
		}
		var index ocispecs.Index
		media, digest := fetch(t, registry, "group/both/manifests/1", &index)
		if published != registry+"/group/both:1@"+digest || media != ocispecs.MediaTypeImageIndex ||
			index.Annotations["org.opencontainers.image.revision"] != "abc" || len(index.Manifests) != 2 {
			t.Fatalf("%s, in the registry %s, a %s: %+v", published, digest, media, index)
		}
		for i, want := range []string{"amd64", "arm64"} {
			var manifest ocispecs.Manifest
			fetch(t, registry, "group/both/manifests/"+index.Manifests[i].Digest.String(), &manifest)
			var config ocispecs.Image
			fetch(t, registry, "group/both/blobs/"+manifest.Config.Digest.String(), &config)
			if config.Architecture != want || config.Config.Labels["arch"] != want ||
				index.Manifests[i].Platform.Architecture != want ||
				manifest.Annotations["org.opencontainers.image.revision"] != "abc" {
				t.Errorf("%s: %+v, %+v", want, config, manifest)
			}
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
		out, err := client.Container().From(ref).WithExec(nil,
			dagger.ContainerWithExecOpts{UseEntrypoint: true}).Stdout(background)
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
		out, err := client.Container().WithRegistryAuth(registry, user,
			right).From(registry + "/group/app:1").File("hello").Contents(background)
		if err != nil || out != "hello" {
			t.Errorf("%q, %v", out, err)
		}
	})
	ask(t, []question{
		{"no registry there", text(func(ctx ctx) (string, error) { return image.Publish(ctx, "127.0.0.1:1/app:1") }),
			nil, "127.0.0.1:1"},
		{"no such image", text(client.Container().From(baseRegistry + "/none:1").ImageRef), nil,
			"failed to resolve image"},
		{"an address that is none", text(func(ctx ctx) (string, error) {
			return image.Publish(ctx, "host.example/UPPER:1")
		}), nil, "must be lowercase"},
		{"an image that is none", text(client.Container().From("host.example/UPPER").ImageRef), nil,
			"failed to parse image address host.example/UPPER"},
	})
}

// What is published of a Dockerfile's image: the config and nothing of how it was built.
func TestPublishedConfig(t *testing.T) {
	ref, err := base()
	if err != nil {
		t.Fatal(err)
	}
	built := client.Directory().WithNewFile("file", "x").WithNewFile("Dockerfile", "FROM "+ref+` AS first
RUN echo one > /one
FROM `+ref+`
ARG A=1
ENV B=$A
COPY --from=first /one /two
COPY --chown=app:app --chmod=600 file /owned
RUN --mount=type=cache,target=/cache echo x > /cache/x
RUN <<EOF
cat /two > /three
EOF
VOLUME /data
EXPOSE 80 90/udp
HEALTHCHECK --interval=5s CMD ["true"]
STOPSIGNAL SIGINT
SHELL ["/bin/sh", "-ec"]
LABEL l="m n"
CMD run it
`).DockerBuild(dagger.DirectoryDockerBuildOpts{BuildArgs: []dagger.BuildArg{{Name: "A", Value: "2"}}}).WithLabel(
		"after", "yes")
	for _, test := range []struct {
		name     string
		media    dagger.ImageMediaTypes
		compress dagger.ImageLayerCompression
		want     string // the manifest's media type
		layer    string // its layers'
	}{
		{"oci", "", "", ocispecs.MediaTypeImageManifest, ocispecs.MediaTypeImageLayerGzip},
		{"docker", dagger.ImageMediaTypesDocker, "", dockerManifest,
			"application/vnd.docker.image.rootfs.diff.tar.gzip"},
		{"zstd", "", dagger.ImageLayerCompressionZstd, ocispecs.MediaTypeImageManifest,
			ocispecs.MediaTypeImageLayerZstd},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := dagger.ContainerPublishOpts{MediaTypes: test.media, ForcedCompression: test.compress}
			if _, err := built.Publish(background, baseRegistry+"/config:"+test.name, options); err != nil {
				t.Fatal(err)
			}
			var manifest ocispecs.Manifest
			if media, _ := fetch(t, baseRegistry, "config/manifests/"+test.name, &manifest); media != test.want {
				t.Errorf("a %s, want %s", media, test.want)
			}
			if len(manifest.Layers) != 5 || manifest.Layers[4].MediaType != test.layer {
				t.Errorf("layers %+v, want 5 of %s", manifest.Layers, test.layer)
			}
			var config struct {
				Config map[string]any `json:"config"`
			}
			fetch(t, baseRegistry, "config/blobs/"+manifest.Config.Digest.String(), &config)
			env, _ := config.Config["Env"].([]any)
			if !slices.Contains(env, "B=2") || !slices.Contains(env, "BASE=yes") {
				t.Errorf("variables %v", env)
			}
			// the engine also leaves the build arguments there
			for _, differs := range []string{"Env", "ArgsEscaped", "WorkingDir"} {
				delete(config.Config, differs)
			}
			got, err := json.Marshal(config.Config)
			want := `{"Cmd":["/bin/sh","-ec","run it"],"Entrypoint":["/bin/echo","entry"],"ExposedPorts":{"80/tcp":{},"90/udp":{}},` +
				`"Healthcheck":{"Interval":5000000000,"Test":["CMD","true"]},"Labels":{"after":"yes","l":"m n","made.by":"test"},` +
				`"Shell":["/bin/sh","-ec"],"StopSignal":"SIGINT","Volumes":{"/data":{}}}`
			if err != nil || string(got) != want {
				t.Errorf("config %s\nwant   %s", got, want)
			}
		})
	}
}
