package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBuildEnds: a base image's registry that takes connections and never answers does not keep a release for ever.
func TestBuildEnds(t *testing.T) {
	t.Parallel()
	if world.OnEngine() {
		t.Skip("an engine's containers do not see this machine's loopback")
	}
	silent := make(chan struct{})
	registry := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-silent:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(registry.Close)
	t.Cleanup(func() { close(silent) })
	a := newLight(t)
	base := strings.TrimPrefix(registry.URL, "http://") + "/base/never:1"
	a.edit("Dockerfile", `(?m)^FROM .*`, "FROM "+base)
	a.commit("build on an image that never comes")
	delete(a.Settings, "environments")
	a.Settings["timeout"] = "4s"
	start := time.Now()
	out, err := a.ship("release")
	if err == nil || !strings.Contains(out, "build: Dockerfile: not done within 48s, 12 times --timeout") ||
		!strings.Contains(out, "("+base+")") {
		t.Errorf("got %v, want an error that names limit and base image", err)
	}
	if took := time.Since(start); took > 2*time.Minute {
		t.Errorf("it took %s", took)
	}
	if tags := a.tags(); len(tags) != 0 {
		t.Errorf("tagged %v", tags)
	}
}

// TestSecretsWithoutEnd: a secret may be named by mistake, or by a commit's .env, as a file that never ends.
func TestSecretsWithoutEnd(t *testing.T) {
	t.Parallel()
	if world.OnEngine() {
		t.Skip("an engine's client reads secrets as it does")
	}
	for name, file := range map[string]string{"token": "/dev/zero", "password": "/dev/zero"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			a.Settings[name] = "file://" + file
			out, err := a.ship("release")
			if err == nil || !strings.Contains(out, "read --"+name) || !strings.Contains(out, "more than 1024 KiB") {
				t.Errorf("got %v, want an error that names --%s", err, name)
			}
		})
	}
}

const lfsPointer = "version https://git-lfs.github.com/spec/v1\n" +
	"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"

// TestWholeCommit: an image is of the commit's own files, all of them, or there is none.
func TestWholeCommit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(a *app)
		want   string // what the error says; empty: it is built
	}{
		"a pointer": {func(a *app) {
			a.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
			a.write("src/model.bin", lfsPointer)
		}, "src/model.bin is in Git LFS"},
		"a pointer that the build does not get": {func(a *app) {
			a.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
			a.write("src/model.bin", lfsPointer)
			a.write(".dockerignore", "# not needed\n**/*.bin\n")
		}, ""},
		"a large file itself": {func(a *app) {
			a.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
			a.write("src/model.bin", strings.Repeat("no pointer\n", 1000))
		}, ""},
		"a submodule that is nowhere": {func(a *app) {
			a.write(".gitmodules", "[submodule \"theme\"]\n\tpath = src/theme\n\turl = ../house-theme.git\n")
			must(a.t, 0, os.Mkdir(filepath.Join(a.Dir, "src", "theme"), 0o755))
			a.git("update-index", "--add", "--cacheinfo", "160000,"+a.git("rev-parse", "HEAD")+",src/theme")
		}, "the submodule src/theme cannot be fetched"},
		"line ends": {func(a *app) { // the machine's are CRLF
			home := a.t.TempDir()
			must(a.t, 0, os.WriteFile(filepath.Join(home, ".gitconfig"), []byte("[core]\n\tautocrlf = true\n"), 0o600))
			a.Secrets["HOME"] = home
			a.edit("Dockerfile", `(?m)^CMD`, "RUN ! grep -q \"$(printf '\\r')\" /www/healthz\nCMD")
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if world.OnEngine() && name == "a submodule that is nowhere" {
				t.Skip("an engine says it in git's words")
			}
			a := newLight(t)
			delete(a.Settings, "environments")
			c.change(a)
			a.commit("change what is built")
			if c.want == "" {
				a.release("released")
				return
			}
			out, err := a.ship("release")
			if err == nil || !strings.Contains(out, c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if tags := a.tags(); len(tags) != 0 {
				t.Errorf("tagged %v", tags)
			}
		})
	}
}
