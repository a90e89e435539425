package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// packages is a registry of packages that wants a token.
func packages(t *testing.T, token string) string {
	t.Helper()
	return reachable(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintln(w, "module.exports = 42")
	})
}

// TestBuildInputs gives a build what is not in the commit: secrets that it mounts, files that an earlier job made, and
// platforms. None of it shows, and what it was is in the image's labels.
func TestBuildInputs(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Env = map[string]string{"SHIP_BUILD_NETWORK": "host"} // where the packages are
	a.Settings["environments"] = "test=" + a.Name
	a.Settings["args"] = "PACKAGES=" + packages(t, "walrus-of-the-registry")
	a.write("Dockerfile", `FROM --platform=$BUILDPLATFORM busybox:1.35 AS build
ARG PACKAGES TARGETPLATFORM
RUN --mount=type=secret,id=NPM_TOKEN,required \
    mkdir /www && wget -q -O /www/package --header "Authorization: Bearer $(cat /run/secrets/NPM_TOKEN)" $PACKAGES/x
RUN echo "$TARGETPLATFORM" >/www/platform
COPY dist /www/dist
COPY app.jar pyproject.toml .git/HEAD /www/
RUN cp /www/pyproject.toml /www/healthz

FROM scratch
COPY --from=build / /
USER 10001:10001
CMD ["sh", "-c", "trap 'exit 0' TERM; httpd -p 8080 -h /www; while :; do sleep 1 & wait; done"]
`)
	a.edit(".dockerignore", `(?m)^!src$`, "!dist\n!.git")
	a.write(".gitignore", "dist\napp.jar\n")
	a.write("ship.toml", `secrets = ["NPM_TOKEN"]
files = ["dist", "app.jar"]
git = true
platforms = ["linux/amd64", "linux/arm64"]
`)
	if world.OnEngine() { // which takes a last stage FROM scratch for one of its own platform
		a.edit("ship.toml", "platforms = .*\n", "")
	}
	a.commit("what the build wants")
	a.Settings["secrets"] = "env://NPM_TOKEN"
	refused := func(want string) {
		t.Helper()
		if out, err := a.ship("release"); err == nil || !strings.Contains(out, want) || len(a.tags()) > 0 {
			t.Errorf("release: %v, tags are %v, want %s", err, a.tags(), want)
		}
	}
	refused("the build of Dockerfile gets dist, app.jar from this job's folder, where it is not")
	must(t, 0, os.Mkdir(filepath.Join(a.Dir, "dist"), 0o755))
	a.write("dist/app.js", "1")
	a.write("app.jar", "PK")
	refused("ship.toml names the secret NPM_TOKEN, which is not given")
	a.Secrets["NPM_TOKEN"] = "another-one-that-is-wrong"
	refused("app.jar was given to the build: is it in the .dockerignore?")
	a.edit(".dockerignore", `(?m)^!dist$`, "!dist\n!app.jar")
	a.commit("what the build sees")
	refused("401")
	a.Secrets["NPM_TOKEN"] = "walrus-of-the-registry"
	a.says([]string{"plan"}, "is not in the registry, with dist, app.jar of this job")
	out := a.release("released")
	if !strings.Contains(out, "from Dockerfile with dist and app.jar") {
		t.Error("the report does not say what the image was made from")
	}

	digest, err := a.images().Digest(t.Context(), "0.1.0")
	must(t, 0, err)
	if !world.OnEngine() {
		a.hasPlatforms("0.1.0")
	}
	if got, want := a.running(a.Name), a.Image()+":0.1.0@"+digest; got != want {
		t.Errorf("test runs %s, want %s", got, want)
	}
	for file, want := range map[string]string{"platform": "linux/amd64", "package": "module.exports = 42",
		"dist/app.js": "1", "app.jar": "PK",
		"HEAD": a.git("rev-parse", "HEAD")} {
		if got := a.kubectl(
			"exec",
			"--namespace="+a.Name,
			"deployment/"+a.Name,
			"--",
			"cat",
			"/www/"+file,
		); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	a.release("nothing to do")

	// a retry without the files says which are missing, and so does one of another commit
	must(t, 0, a.images().Remove(t.Context(), "0.1.0", digest))
	must(t, 0, os.Remove(filepath.Join(a.Dir, "app.jar")))
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "gets app.jar from this job's folder") {
		t.Errorf("a retry without a file: %v", err)
	}
	a.write("app.jar", "PK")
	a.write("README.md", "more")
	a.commit("a commit without a version")
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "of this job's folder was made from") {
		t.Errorf("a retry from another commit: %v", err)
	}
	a.git("checkout", "--quiet", "--detach", "HEAD~1")
	a.release("resumed")
	if again, err := a.images().Digest(t.Context(), "0.1.0"); err != nil || again != digest && !world.OnEngine() {
		t.Errorf("made again, the image is %s, not %s: %v", again, digest, err)
	}
}

// hasPlatforms looks at the index of a version's image.
func (a *app) hasPlatforms(version string) {
	t := a.t
	t.Helper()
	reference, err := name.ParseReference(a.Image()+":"+version, name.Insecure)
	must(t, 0, err)
	login := authn.FromConfig(authn.AuthConfig{Username: a.Registry.User, Password: a.Registry.Password})
	index, err := remote.Index(reference, remote.WithAuth(login))
	must(t, index, err)
	manifest, err := index.IndexManifest()
	must(t, manifest, err)
	if manifest.Annotations["org.opencontainers.image.revision"] != a.git("rev-parse", "HEAD") {
		t.Errorf("the index has the annotations %v", manifest.Annotations)
	}
	var platforms []string
	for _, of := range manifest.Manifests {
		platforms = append(platforms, of.Platform.String())
		image, err := index.Image(of.Digest)
		must(t, image, err)
		config, err := image.ConfigFile()
		must(t, config, err)
		files := regexp.MustCompile(`^dist@sha256:[0-9a-f]{64} app\.jar@sha256:[0-9a-f]{64}$`)
		if got := config.Config.Labels["ship.files"]; !files.MatchString(got) {
			t.Errorf("%s: the label ship.files is %q", of.Platform, got)
		}
		if text := fmt.Sprint(config); strings.Contains(text, a.Secrets["NPM_TOKEN"]) {
			t.Errorf("%s: the token is in the image's config", of.Platform)
		}
	}
	if got := strings.Join(platforms, " "); got != "linux/amd64 linux/arm64" {
		t.Errorf("the index is for %s", got)
	}
}
