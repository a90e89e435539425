package e2e

import (
	"testing"

	"dagger/ship/e2e/bed"
)

// TestExampleArtifact merges into the example whose image holds what earlier jobs made. Its base image wants a login,
// and its build a token.
func TestExampleArtifact(t *testing.T) {
	t.Parallel()
	p, base := newProject(t, bed.Artifact), newPrivate(t)
	t.Cleanup(func() { makeRoom(t, p.Name) })
	must(t, 0, component())
	p.Secrets["NPM_TOKEN"], p.Secrets["CHECKED"] = "walrus-of-the-registry", base.password // never to be shown
	p.variables["NPM_TOKEN"] = p.Secrets["NPM_TOKEN"]
	p.variables["DOCKER_AUTH_CONFIG"] = auths([3]string{base.host, base.user, base.password})
	p.variables["BASE_IMAGE"] = base.host + "/library/busybox:1.35"
	p.variables["PACKAGES"] = packages(t, p.variables["NPM_TOKEN"])
	p.env = append(p.env, "SHIP_BUILD_NETWORK=host") // where the packages are
	runs := func(version, commit string) {
		t.Helper()
		want := p.Image() + ":" + version + "@" + p.look(version).Digest
		if got := p.running(p.Name + "-live"); got != want {
			t.Errorf("live runs %s, want %s", got, want)
		}
		for file, want := range map[string]string{"app.jar": "a jar of " + commit[:8],
			"index.html": "a page of " + commit[:8],
			"greet.js":   "module.exports = 42"} {
			if got := p.kubectl(
				"exec",
				"--namespace="+p.Name+"-live",
				"deployment/shop",
				"--",
				"cat",
				"/www/"+file,
			); got != want {
				t.Errorf("%s is %q, want %q", file, got, want)
			}
		}
	}
	p.runs("+ deploy live", "with target/app.jar and dist")
	runs("1.0.0", p.git("rev-parse", "HEAD"))
	p.runs("nothing is missing")
	commit := p.merge("1.1.0")
	p.runs("+ deploy live")
	runs("1.1.0", commit)
	p.runs("nothing is missing")
}
