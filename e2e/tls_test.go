package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"dagger/ship/testbed/control"
)

// TestReleaseOverTLS releases where git server and registry have certificates of an authority that only who was told
// to trusts.
func TestReleaseOverTLS(t *testing.T) {
	t.Parallel()
	if !world.CanTLS() {
		t.Skipf("%s does not trust the testbed's authority", world.Session)
	}
	a := newLight(t)
	first := a.git("rev-parse", "HEAD")
	must(t, 0, a.OverTLS())
	delete(a.Settings, "ca")
	if out, err := a.ship("release"); err == nil ||
		!strings.Contains(out, "certificate signed by unknown authority; give the") || !strings.Contains(out, "--ca") {
		t.Errorf("release where nobody said whom to trust: %v", err)
	}
	a.Settings["ca"] = "file://" + filepath.Join(a.Dir, "pyproject.toml")
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "--ca: there is no certificate in it") {
		t.Errorf("release with something else for certificates: %v", err)
	}
	if len(a.changes()) != 1 { // the first push of its source
		t.Errorf("it changed something: %q", a.changes())
	}
	must(t, 0, a.OverTLS())
	client := a.onGitLab()
	a.Settings["gitlab"] = a.Bed.Git.TLS + "/api/v4"
	a.release("released")
	a.isReleased("0.1.0", first)
	if notes := a.told(client, a.Name+"-0.1.0").Description; !strings.Contains(notes, a.look("0.1.0").Digest) {
		t.Errorf("GitLab's release says\n%s", notes)
	}
	a.usedTLS()
}

// usedTLS wants git server and registry to have been asked for the app over TLS.
func (a *app) usedTLS() {
	a.t.Helper()
	for _, url := range []string{a.Bed.Git.Control, a.Registry.Control} {
		requests, err := control.Client{URL: url}.Requests(a.t.Context())
		n := 0
		for _, r := range must(a.t, requests, err) {
			if r.Repository == a.Repo && r.TLS {
				n++
			}
		}
		if n == 0 {
			a.t.Errorf("nothing was asked over TLS of %s", url)
		}
	}
}
