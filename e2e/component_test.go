package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/ship/e2e/bed"
)

// includes writes a .gitlab-ci.yml that includes the component with inputs, and a job that prints what the release
// handed on.
func (p *project) includes(inputs string) {
	p.t.Helper()
	p.write(".gitlab-ci.yml", `stages: [deploy, after]
include:
  - component: $CI_SERVER_FQDN/platform/ship/release@v0.1.0
    inputs: {`+inputs+`}
after:
  stage: after
  script: echo "handed on $VERSION, $TAG, $IMAGE, $DIGEST"
`)
}

// TestComponentEngines releases through the component in each of the three ways to reach an engine. What the job hands
// on to the later ones is read there.
func TestComponentEngines(t *testing.T) {
	t.Parallel()
	if world.OnEngine() {
		t.Skip("what the component tells the program dagger is looked at in one that tells it on")
	}
	p := newProject(t, bed.Poetry)
	must(t, 0, component())
	programs := t.TempDir()
	must(t, 0, os.WriteFile(filepath.Join(programs, "dagger"),
		[]byte("#!/bin/sh\necho \"engine at $_EXPERIMENTAL_DAGGER_RUNNER_HOST has $2\" >&2\nshift 3\n"+
			"exec \"$SHIP_PROGRAM\" \"$@\"\n"), 0o755))
	p.env = append(p.env, "PATH="+programs+":"+os.Getenv("PATH"))

	p.includes("engine: shared, job: ship-it, url: https://shop.example.com, depth: 5, retries: 0, tags: [a, b]")
	commit := p.commit("include the component")
	p.runs("ship-it > engine at unix:///run/dagger/engine.sock has ", "/platform/ship.git@v0.1.0",
		"ship-it environment: { name: production, url: https://shop.example.com }", "handed on 0.1.0")
	p.isReleased("0.1.0", commit)
	digest := p.look("0.1.0").Digest
	handedOn := "handed on 0.1.0, " + p.Name + "-0.1.0, " + p.Image() + ":0.1.0@" + digest + ", " + digest

	p.includes("engine: remote, host: 'tcp://dagger.example.com:1234', environment: review/shop")
	p.runs("release > engine at tcp://dagger.example.com:1234", "{ name: review/shop", handedOn)

	p.includes("engine: buildkit, host: '" + os.Getenv("BUILDKIT_HOST") +
		"', image: 'registry.example.com/ship:v0.1.0'")
	if out, err := p.gitlab(); err == nil ||
		!strings.Contains(out, "the image of this job has no ship: name one that has, with the input image") {
		t.Errorf("a job of an image without ship: %v", err)
	}
	must(t, 0, os.Symlink(os.Getenv("SHIP_PROGRAM"), filepath.Join(programs, "ship")))
	must(t, 0, os.Symlink(os.Getenv("EMBEDDED_PROGRAM"), filepath.Join(programs, "embedded")))
	must(t, 0, os.Remove(filepath.Join(programs, "dagger")))

	p.runs("release > Creating new Engine session", handedOn)

	// as the reports of six projects would be
	must(t, 0, os.WriteFile(filepath.Join(programs, "dagger"), []byte("#!/bin/sh\nseq --format=VERSION%g=1 24\n"),
		0o755))
	p.includes("engine: shared")
	p.runs("these are more variables than GitLab takes from a job", "release > VERSION24=1", "handed on , , , ")
}

// TestComponentRefusals gives the component inputs that cannot be right: each is refused before a job runs, or by the
// job in its own words.
func TestComponentRefusals(t *testing.T) {
	t.Parallel()
	p := newProject(t, bed.Poetry)
	must(t, 0, component())
	for inputs, want := range map[string]string{
		"engine: docker":                   "`docker` cannot be used because it is not in the list of allowed options",
		"host: 'dagger.example.com:1234'":  "`dagger.example.com:1234` does not match required regex",
		"host: 'tcp://x:1\"; echo \"'":     "does not match required regex",
		"job: Release it":                  "`Release it` does not match required regex",
		"stage: nowhere":                   "nowhere not found",
		"image: dagger":                    "`dagger` does not match required regex",
		"tags: dagger":                     "provided value is not a array",
		"environment: 'prod#1'":            "`prod#1` does not match required regex",
		"url: shop.example.com":            "`shop.example.com` does not match required regex",
		"depth: all":                       "provided value is not a number",
		"kubeconfig: $KUBECONFIG":          "`$KUBECONFIG` does not match required regex",
		"flags: now":                       "`now` does not match required regex",
		"version: 'v1\"; echo'":            "does not match required regex",
		"notes: perhaps":                   "provided value is not a boolean",
		"retries: 3":                       "`3` cannot be used because it is not in the list of allowed options",
		"engine: remote":                   "name the engine with the input host, as tcp://dagger.example.com:1234",
		"engine: shared, job: engine-less": "this runner gives its jobs no engine: see templates/README.md of Ship",
	} {
		p.includes(inputs)
		p.env = append(p.env, "_EXPERIMENTAL_DAGGER_RUNNER_HOST=")
		out, err := p.gitlab()
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("inputs %s: %v, want %q", inputs, err, want)
		}
		if strings.Contains(out, "handed on") {
			t.Errorf("inputs %s: the pipeline went on", inputs)
		}
	}
	if len(p.tags()) != 0 || p.look("0.1.0").Digest != "" {
		t.Error("something was released")
	}
}

// TestOneInclude releases a repo that has no file for Ship but the include in its .gitlab-ci.yml: all that is needed
// besides, GitLab knows. What a .env says then goes before that.
func TestOneInclude(t *testing.T) {
	t.Parallel()
	if world.OnEngine() {
		t.Skip("without a .env, the engine is not told that the testbed's servers speak plain HTTP")
	}
	p := newProject(t, bed.Poetry)
	must(t, 0, component())
	for _, file := range []string{".env", "dagger.json", ".gitlab-ci.yml"} {
		must(t, 0, os.Remove(filepath.Join(p.Dir, file)))
	}
	p.lighten()
	p.includes("environments: 'production=" + p.Name + "-production', notes: true, " +
		"flags: '--template=v{version} --latest=false'")
	p.variables["KUBECONFIG"] = p.Cluster.Kubeconfig
	commit := p.commit("one include")
	p.runs("handed on 0.1.0, v0.1.0, " + p.Image() + ":0.1.0@sha256:")
	if p.tags()["v0.1.0"] != commit || !strings.Contains(p.running(p.Name+"-production"), p.look("0.1.0").Digest) {
		t.Errorf("tags %v, %s runs", p.tags(), p.running(p.Name+"-production"))
	}

	p.write(".env", "BASE=/app\nROUTE=$BASE/v1\nexport SHIP_LOGIN=somebody\n")
	p.commit("name another account, for no image")
	if out, err := p.gitlab(); err == nil || !strings.Contains(out, "no image: give its address") {
		t.Errorf("with SHIP_LOGIN in .env: %v", err)
	}
}

// contexts is the cluster's kubeconfig with contexts of these names, of which none is current.
func contexts(t *testing.T, a *app, names ...string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "kubeconfig")
	data, err := os.ReadFile(a.Cluster.Kubeconfig)
	must(t, 0, os.WriteFile(path, must(t, data, err), 0o600))
	config := func(args ...string) string {
		out, err := a.ClusterProgram("kubectl", append([]string{"config", "--kubeconfig=" + path}, args...)...)
		return must(t, out, err)
	}
	cluster := config("view", "--output=jsonpath={.contexts[0].context.cluster}")
	user := config("view", "--output=jsonpath={.contexts[0].context.user}")
	for _, name := range names {
		config("set-context", name, "--cluster="+cluster, "--user="+user)
	}
	config("unset", "current-context")
	return path
}
