package e2e

import (
	"regexp"
	"strings"
	"testing"
)

func TestRelease(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	first := a.git("rev-parse", "HEAD")
	plan, err := a.ship("plan")
	if err != nil || !strings.Contains(plan, "> build") || !strings.Contains(plan, "> deploy production") {
		t.Errorf("plan: %v", err)
	}
	if len(a.tags()) != 0 || a.look("0.1.0").Digest != "" {
		t.Error("plan changed something")
	}

	a.release("released")
	a.isReleased("0.1.0", first)

	// a merge that bumps nothing
	a.write("notes.md", "A note.\n")
	a.commit("a note")
	before := len(a.changes())
	a.release("nothing to do")
	if after := a.changes(); len(after) != before {
		t.Errorf("a second release changed %q", after[before:])
	}
	a.isReleased("0.1.0", first)
	if got := a.revisions(a.Name + "-production"); got != 1 {
		t.Errorf("a second release made revision %d of production", got)
	}

	second := a.bump("0.2.0")
	a.release("released")
	a.isReleased("0.2.0", second)
	if got := a.tags()[a.Name+"-0.1.0"]; got != first {
		t.Errorf("the first version's tag is at %s now, want %s", got, first)
	}
	if got := a.revisions(a.Name + "-production"); got != 2 {
		t.Errorf("production has %d revisions, want one for each version", got)
	}
	if got := a.look("0.1.0").Revision; got != first {
		t.Errorf("the first version's image is of %s now, want %s", got, first)
	}
}

// isReleased asks git, the registry and the cluster themselves.
func (a *app) isReleased(version, commit string) {
	a.t.Helper()
	if got := a.tags()[a.Name+"-"+version]; got != commit {
		a.t.Errorf("the tag of %s peels to %q, want %s", version, got, commit)
	}
	image := a.look(version)
	if image.Revision != commit {
		a.t.Errorf("the image of %s is labelled with %q, want %s", version, image.Revision, commit)
	}
	if latest := a.look("latest"); latest != image {
		a.t.Errorf("latest is %+v, want %+v", latest, image)
	}
	want := a.Image() + "@" + image.Digest
	for _, namespace := range []string{a.Name + "-test", a.Name + "-production"} {
		got := strings.Replace(a.running(namespace), ":"+version, "", 1)
		if got != want {
			a.t.Errorf("%s runs %s, want %s", namespace, got, want)
		}
		if a.Cluster.Node == "real" {
			a.answers(namespace, version)
		}
	}
}

// answers asks the service for its version.
func (a *app) answers(namespace, version string) {
	a.t.Helper()
	body, err := a.Answer(namespace)
	must(a.t, 0, err)
	// as JSON, or the manifest of a light app
	answer := regexp.MustCompile(`\bversion"?(?: =|:) ?"(.*?)"`).FindStringSubmatch(body)
	if answer == nil || answer[1] != version {
		a.t.Errorf("%s answers %q, want version %s", namespace, body, version)
	}
}

func TestFunctionsOneByOne(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	commit := a.git("rev-parse", "HEAD")

	out, err := a.ship("version", "version")
	if err != nil || out != "0.1.0" {
		t.Fatalf("version: %q, %v", out, err)
	}
	if _, err := a.ship("build"); err != nil {
		t.Fatal(err)
	}
	if len(a.tags()) != 0 || a.look("0.1.0").Digest != "" {
		t.Error("version or build changed something")
	}
	for _, pushed := range []string{"true", "false"} {
		if out, err := a.ship("tag", "pushed"); err != nil || out != pushed {
			t.Errorf("tag: pushed %q, %v; want %s", out, err, pushed)
		}
	}
	if out, err := a.ship("deploy", "--environment=test"); err == nil || !strings.Contains(out, "is not published") {
		t.Errorf("deploy before publish: %v", err)
	}
	published, err := a.ship("publish")
	if err != nil {
		t.Fatal(err)
	}
	image := a.look("0.1.0")
	if want := a.Image() + ":0.1.0@" + image.Digest; published != want || image.Revision != commit {
		t.Errorf("publish: %q, want %q from %s", published, want, commit)
	}
	if again, err := a.ship("publish"); err != nil || again != published {
		t.Errorf("publish again: %q, %v", again, err)
	}
	for _, environment := range []string{"test", "production"} {
		if out, err := a.ship("deploy", "--environment="+environment, "digest"); err != nil || out != image.Digest {
			t.Errorf("deploy %s: %q, %v", environment, out, err)
		}
	}
	a.release("nothing to do")
	a.isReleased("0.1.0", commit)
}

// TestOddVersion releases a version that no image's tag may be: PEP 440's epoch and local version.
func TestOddVersion(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "production=" + a.Name
	commit := a.bump("1!2.0+local.1")
	a.release("released")
	image := a.look("1__212.0_local.1")
	if image.Revision != commit || a.running(a.Name) != a.Image()+":1__212.0_local.1@"+image.Digest {
		t.Errorf("the image is of %q, production runs %s", image.Revision, a.running(a.Name))
	}
	if got := a.tags()[a.Name+"-1!2.0+local.1"]; got != commit {
		t.Errorf("the tags are %v", a.tags())
	}
	a.release("nothing to do")
	if out, err := a.ship("status"); err != nil || !strings.Contains(out, "1!2.0+local.1") {
		t.Errorf("status: %v", err)
	}
	a.bump("1!2.0")
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "lower than 1!2.0+local.1") {
		t.Errorf("a version below its local one: %v", err)
	}
}

func TestWithImage(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	commit := a.git("rev-parse", "HEAD")
	delete(a.Settings, "environments")
	out, err := a.ship("with-image", "--container=debian:bookworm-slim", "publish")
	if err != nil {
		t.Fatal(err)
	}
	if image := a.look("0.1.0"); image.Revision != commit || !strings.HasSuffix(out, image.Digest) {
		t.Errorf("published %s, the registry has %+v", out, image)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	for _, want := range []struct{ field, value string }{
		{"outcome", "released"},
		{"outcome", "nothing to do"},
		{"version", "0.1.0"},
		{"tag", a.Name + "-0.1.0"},
		{"commit", a.git("rev-parse", "HEAD")},
		{"image", a.Image() + ":0.1.0@"},
		{"dotenv", "VERSION=0.1.0\nTAG=" + a.Name + "-0.1.0\nIMAGE=" + a.Image() + ":0.1.0@DIGEST\nDIGEST=DIGEST"},
	} {
		got, err := a.ship("report", want.field)
		digest := a.look("0.1.0").Digest
		if want.field == "image" {
			want.value += digest
		}
		want.value = strings.ReplaceAll(want.value, "DIGEST\n", digest+"\n")
		want.value = strings.Replace(want.value, "DIGEST=DIGEST", "DIGEST="+digest, 1)
		if err != nil || got != want.value {
			t.Errorf("report %s: %q, %v; want %q", want.field, got, err, want.value)
		}
	}
}
