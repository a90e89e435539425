package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dagger/ship/e2e/bed"
	"dagger/ship/testbed/control"
)

const lfsAttributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n"

// large commits to a file in Git LFS, whose contents are on the server.
func (a *app) large(file, contents string) {
	a.t.Helper()
	pointer, err := a.PutLarge(a.t.Context(), []byte(contents))
	a.write(file, must(a.t, pointer, err))
}

// oid is the SHA-256 that a pointer has.
func (a *app) oid(file string) string {
	a.t.Helper()
	pointer, err := os.ReadFile(filepath.Join(a.Dir, file))
	return regexp.MustCompile(`[0-9a-f]{64}`).FindString(string(must(a.t, pointer, err)))
}

// lfsRequests are the app's for Git LFS: how often the server was asked where objects are, and how often it sent one
// to the session.
func (a *app) lfsRequests() (asked, sent int) {
	a.t.Helper()
	requests, err := control.Client{URL: a.Bed.Git.Control}.Requests(a.t.Context())
	for _, r := range must(a.t, requests, err) {
		ship := r.Agent == "git-lfs/ship"
		switch {
		case r.Repository != a.Repo:
		case r.Operation == "lfs-batch" && ship:
			asked++
		case r.Operation == "lfs-download" && !ship:
			sent++
		case r.Operation == "lfs-download" && r.Out > 1:
			a.t.Errorf("%d bytes of a large file came to the module", r.Out)
		}
		if strings.HasPrefix(r.Operation, "lfs-") && r.Repository == a.Repo && r.User == "" {
			a.t.Errorf("%s without a login", r.Operation)
		}
	}
	return asked, sent
}

// TestLFS: images have the contents of files in Git LFS, at the pointers' places and with their modes, in a project's
// folder and in each image that gets them.
func TestLFS(t *testing.T) {
	t.Parallel()
	a := newMonorepo(t, `
[projects.api]
path = "services/api"
environments = []

[projects.api.images.web]

[projects.api.images.worker]
context = "jobs"
`, "services/api")
	const folder = "services/api/"
	a.write(".gitattributes", lfsAttributes)
	must(t, 0, os.MkdirAll(filepath.Join(a.Dir, folder, "data", "parts"), 0o755))
	must(t, 0, os.MkdirAll(filepath.Join(a.Dir, folder, "jobs"), 0o755))
	model := strings.Repeat("a model ", 100_000)
	a.large(folder+"data/model.bin", model)
	must(t, 0, os.Chmod(filepath.Join(a.Dir, folder, "data/model.bin"), 0o755))
	must(t, 0, os.Symlink("model.bin", filepath.Join(a.Dir, folder, "data/link.bin")))
	for i := range 40 {
		a.large(fmt.Sprintf("%sdata/parts/%d.bin", folder, i), fmt.Sprint("part ", i))
	}
	a.large(folder+"jobs/model.bin", model)
	a.write(folder+"data/plain.bin", "no pointer\n")
	a.write(folder+"data/unused.bin", lfsPointer) // nobody has pushed this one
	a.write("elsewhere.bin", lfsPointer)
	a.write(folder+".dockerignore", "data/unused.bin\n")
	sum := a.oid(folder + "data/model.bin")
	check := "RUN echo '" + sum + "  /data/model.bin' | sha256sum -c"
	a.write(folder+"Dockerfile", bed.LightDockerfile+"COPY data /data\n"+check+` && test -x /data/model.bin && \
    test "$(readlink /data/link.bin)" = model.bin && test "$(cat /data/plain.bin)" = "no pointer" && \
    ! test -x /data/parts/7.bin && for i in $(seq 0 39); do test "$(cat /data/parts/$i.bin)" = "part $i" || exit 1; done
`)
	a.write(folder+"jobs/Dockerfile", "FROM busybox:1.35\nCOPY . /data\n"+check+"\n")
	a.commit("large files")
	out := a.release("released")
	for _, said := range []string{
		"from Dockerfile with 42 files of Git LFS at", "from jobs/Dockerfile with 1 file of Git LFS at",
	} {
		if !strings.Contains(out, said) {
			t.Errorf("the report does not say %q", said)
		}
	}
	asked, sent := a.lfsRequests()
	if asked != 2 || sent < 41 || !world.OnEngine() && sent != 41 {
		t.Errorf("the LFS server was asked %d times, and sent %d files, want 2 and 41", asked, sent)
	}
	if world.OnEngine() {
		return
	}
	// with another token, too, the cache knows the files by their contents
	a.edit(folder+"pyproject.toml", `(?m)^version = .*`, `version = "0.2.0"`)
	a.commit("another version")
	a.Settings["user"] = "somebody"
	a.release("released")
	if _, again := a.lfsRequests(); again != sent {
		t.Errorf("%d files were sent again", again-sent)
	}
}

// TestLFSThatCannotBeHad: a file in Git LFS that the build would get as a pointer is an error that names it and says
// what to do, before anything is tagged.
func TestLFSThatCannotBeHad(t *testing.T) {
	t.Parallel()
	fault := func(a *app, operation string, status int) {
		a.t.Helper()
		_, err := control.Client{URL: a.Bed.Git.Control}.Fault(a.t.Context(), control.Fault{
			Kind: control.Status, Repository: a.Repo, Operation: operation, Status: status})
		must(a.t, 0, err)
	}
	for name, c := range map[string]struct {
		change func(a *app)
		want   string
	}{
		"not pushed": {func(a *app) {
			a.write("src/model.bin", lfsPointer)
			a.write("src/second.bin", strings.Replace(lfsPointer, "4d7a", "5d7a", 1))
		}, "src/model.bin (and 1 more) is in Git LFS, and the contents cannot be had: the LFS server does not have it"},
		"other bytes": {func(a *app) {
			a.large("src/model.bin", "the right bytes")
			file := "git/repositories/" + a.Repo + ".git/lfs-objects/" + a.oid("src/model.bin")
			must(a.t, 0, os.WriteFile(filepath.Join(filepath.Dir(a.CA), file), []byte("the wrong bytes"), 0o644))
		}, "src/model.bin is in Git LFS, and what its server sends is something else"},
		"another size": {func(a *app) {
			a.large("src/model.bin", "bytes")
			a.edit("src/model.bin", "size 5", "size 6")
		}, "it has 5 bytes there, and 6 by its pointer"},
		"forbidden": {func(a *app) {
			a.large("src/model.bin", "bytes")
			fault(a, "lfs-download", http.StatusForbidden)
		}, "the token may not have it"},
		"no LFS": {func(a *app) {
			a.large("src/model.bin", "bytes")
			fault(a, "lfs-batch", http.StatusNotFound)
		}, "there is no Git LFS at "},
		"another server": {func(a *app) {
			a.large("src/model.bin", "bytes")
			a.write(".lfsconfig", "[lfs]\n\turl = https://lfs.example.com/shop\n")
		}, ".lfsconfig names the server https://lfs.example.com, and the token is for"},
		"a broken pointer": {func(a *app) {
			a.write("src/model.bin", strings.Replace(lfsPointer, "sha256", "md5", 1))
		}, "src/model.bin is a pointer of Git LFS, but its oid is no SHA-256"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			delete(a.Settings, "environments")
			a.write(".gitattributes", lfsAttributes)
			c.change(a)
			a.commit("a large file")
			out, err := a.ship("release")
			if err == nil || !strings.Contains(out, c.want) || !strings.Contains(out, "src/model.bin") {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if tags := a.tags(); len(tags) != 0 {
				t.Errorf("tagged %v", tags)
			}
		})
	}
}

// TestLFSOverTLS: the engine trusts the LFS server as git does. A build with the folder .git gets the contents, too.
func TestLFSOverTLS(t *testing.T) {
	t.Parallel()
	if !world.CanTLS() {
		t.Skipf("%s does not trust the testbed's authority", world.Session)
	}
	a := newLight(t)
	delete(a.Settings, "environments")
	a.write(".gitattributes", lfsAttributes)
	a.large("src/model.bin", "over TLS")
	a.write("ship.toml", "git = true\n")
	a.edit(".dockerignore", `(?m)^!src$`, "!src\n!.git")
	a.edit("Dockerfile", `(?m)^CMD`, "COPY . /all\nRUN test \"$$(cat /all/src/model.bin)\" = \"over TLS\" && "+
		"test -d /all/.git\nCMD")
	a.commit("a large file")
	must(t, 0, a.OverTLS())
	a.release("released")
	if _, sent := a.lfsRequests(); sent != 1 {
		t.Errorf("%d files were sent", sent)
	}
}

// TestLFSOfSubmodule: the LFS server of a submodule's remote is another one, which nothing is fetched from.
func TestLFSOfSubmodule(t *testing.T) {
	t.Parallel()
	a, theme := withSubmodule(t)
	theme.write(".gitattributes", lfsAttributes)
	theme.large("logo.bin", "a logo")
	commit := theme.commit("a logo")
	a.git("update-index", "--cacheinfo", "160000,"+commit+",src/theme")
	a.write(".gitmodules", "[submodule \"theme\"]\n\tpath = src/theme\n\turl = ../"+theme.Name+".git\n")
	a.git("add", ".gitmodules")
	a.git("commit", "--quiet", "--message=with a theme")
	a.git("push", "--quiet", "origin", "main")
	for _, function := range []string{"plan", "release"} {
		out, err := a.ship(function)
		if err == nil || !strings.Contains(out, "src/theme/logo.bin is in Git LFS, of the submodule src/theme") {
			t.Errorf("%s: %v, want an error that names file and submodule", function, err)
		}
	}
	if tags := a.tags(); len(tags) != 0 {
		t.Errorf("tagged %v", tags)
	}
}
