package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"dagger/ship/e2e/bed"
	"dagger/ship/internal/registry"
	"dagger/ship/testbed/control"
)

// several makes the app one of two images, of which its chart runs web and worker, each with keys of its own.
func (a *app) several() {
	a.t.Helper()
	a.chart(
		"c",
		`{{ .Values.web.image }}`,
		"templates/worker.yaml",
		strings.NewReplacer(
			"IMAGE",
			`{{ .Values.worker.image.repository }}:{{ .Values.global.tag }}@{{ .Values.worker.image.digest }}`,
			"LABEL",
			"{{ .Chart.AppVersion | quote }}",
			".Release.Name",
			".Values.worker.name",
		).Replace("---\n"+pod),
		"values.yaml",
		"worker: {name: "+a.Name+"-worker}\nglobal: {}\n",
		"../jobs/Dockerfile",
		strings.Replace(bed.LightDockerfile, "FROM busybox:1.35\n", "FROM --platform=$BUILDPLATFORM "+
			"busybox:1.35 AS base\nFROM scratch\nCOPY --from=base / /\n", 1),
		"../jobs/pyproject.toml",
		"a worker\n",
	)
	a.write("ship.toml", `chart = "c"
environments = ["test=`+a.Name+`"]
[images.web]
keys = ["web.image"]
[images.worker]
context = "jobs"
platforms = ["linux/amd64", "linux/arm64"]
keys = {repository = "worker.image.repository", tag = "global.tag", digest = "worker.image.digest"}
`)
	delete(a.Settings, "environments")
	a.commit("two images")
}

// lookAll looks at both images of a version.
func (a *app) lookAll(version string) (both [2]registry.Image) {
	a.t.Helper()
	for i, name := range []string{"web", "worker"} {
		image, err := a.images(name).Look(a.t.Context(), version)
		if !errors.Is(err, registry.ErrNotFound) {
			both[i] = must(a.t, image, err)
		}
	}
	return both
}

// TestSeveralImages: several images are built side by side, published under one version, and released as one.
func TestSeveralImages(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.several()
	runs := func(version string, both [2]registry.Image) {
		t.Helper()
		want := fmt.Sprintf("%s/web:%s@%s %s/worker:%s@%s", a.Image(), version, both[0].Digest, a.Image(), version,
			both[1].Digest)
		if got := a.running(a.Name); got != want {
			t.Errorf("test runs %s, want %s", got, want)
		}
	}
	a.says([]string{"plan"}, "> build web", "> build worker", "> publish worker", "> latest web", "> deploy test")
	a.release("released")
	first := a.lookAll("0.1.0")
	runs("0.1.0", first)
	a.release("nothing to do")
	a.says([]string{"status"}, "0.1.0", "healthy")
	a.says(
		[]string{"publish"},
		a.Image()+"/web:0.1.0@"+first[0].Digest+"\n"+a.Image()+"/worker:0.1.0@"+first[1].Digest,
	)
	a.says([]string{"report", "dotenv"}, "IMAGE_WEB="+a.Image()+"/web:0.1.0@"+first[0].Digest,
		"DIGEST_WORKER="+first[1].Digest)
	if out, err := a.ship(
		"build",
	); err == nil ||
		!strings.Contains(out, "--image: the project has several images: name one of web") {
		t.Errorf("build without a name: %v", err)
	}

	// one that is missing is made again from the version's commit, and the other one stays
	a.write("README.md", "more")
	a.commit("a commit without a version")
	must(t, 0, a.images("worker").Remove(t.Context(), "0.1.0", first[1].Digest))
	out := a.release("resumed")
	for _, said := range []string{"= build web", "+ build worker", "= publish web",
		"+ publish worker", "test runs 0.1.0 by now"} {
		if !strings.Contains(out, said) {
			t.Errorf("the report does not say %q", said)
		}
	}
	if again := a.lookAll("0.1.0"); again != first {
		t.Errorf("the images are %+v, not %+v", again, first)
	}

	// killed between two pushes, a version is finished by the next release
	server := control.Client{URL: a.Registry.Control}
	fault, err := server.Fault(t.Context(), control.Fault{Repository: a.Repo + "/worker", Operation: "manifest-write",
		Method: http.MethodPut, Kind: control.Hang})
	must(t, 0, err)
	a.bump("0.2.0")
	a.killAfter(func() {
		must(t, 0, server.AwaitWaiting(t.Context(), fault.ID, 1))
		until := time.Now().Add(time.Minute)
		for a.lookAll("0.2.0")[0].Digest == "" {
			if time.Sleep(50 * time.Millisecond); time.Now().After(until) {
				t.Fatal("web is never pushed")
			}
		}
	})
	must(t, 0, server.EndFault(t.Context(), fault.ID))
	half := a.lookAll("0.2.0")
	if half[0].Digest == "" || half[1].Digest != "" {
		t.Fatalf("not killed between the pushes: %+v", half)
	}
	runs("0.1.0", first)
	a.release("resumed")
	second := a.lookAll("0.2.0")
	if second[0] != half[0] {
		t.Errorf("web was pushed twice: %+v, %+v", half[0], second[0])
	}
	runs("0.2.0", second)

	// a rollout in which one of them fails is taken back as a whole
	a.edit("jobs/Dockerfile", `(?m)^CMD .*`, `CMD ["/no/queue"]`) // it never runs, not for a moment either
	a.bump("0.3.0")
	a.Settings["timeout"] = a.brief()
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "/no/queue") {
		t.Errorf("a worker that fails: %v", err)
	}
	runs("0.2.0", second)
}

// TestSeveralRefused has what cannot be refused before anything is tagged.
func TestSeveralRefused(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.several()
	a.edit("c/templates/worker.yaml", `@{{ .Values.worker.image.digest }}`, "")
	a.commit("a worker by its tag")
	if out, err := a.ship("release"); err == nil || len(a.tags()) > 0 ||
		!strings.Contains(out, "so the chart does not use worker.image.digest") {
		t.Errorf("a worker by its tag: %v, tags are %v", err, a.tags())
	}
	a.edit("c/templates/worker.yaml", `(global.tag }})`, "${1}@{{ .Values.worker.image.digest }}")
	a.edit("ship.toml", `context = "jobs"`, `context = "nowhere"`)
	a.commit("a folder that is not")
	if out, err := a.ship("release"); err == nil || len(a.tags()) > 0 || !strings.Contains(out, "nowhere") {
		t.Errorf("a folder that is not: %v, tags are %v", err, a.tags())
	}
}
