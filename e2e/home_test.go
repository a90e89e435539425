package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dagger/ship/testbed/control"
)

// TestHome releases from what repos and servers of companies have: base images in their own registry, which wants a
// password; a kubeconfig like that of GitLab's agent; tags that do not move; a build that asks for its version.
func TestHome(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "production=" + a.Name
	a.Settings["args"] = "VERSION={version},COMMIT={commit}"
	a.Settings["latest"] = "false"
	a.edit("Dockerfile", `\z`, "ARG VERSION=dev\nARG COMMIT\n"+
		`RUN grep -Fx "version = \"$$VERSION\"" /www/healthz && test $${#COMMIT} = 40`+"\n")
	a.commit("say the version")

	data, err := os.ReadFile(a.Cluster.Kubeconfig)
	must(t, 0, err)
	current := regexp.MustCompile(`(?m)^current-context: *"?([^"\n]+)"?$`)
	name := current.FindSubmatch(data)
	if name == nil {
		t.Fatal("the testbed's kubeconfig has no current context")
	}
	agents := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, 0, os.WriteFile(agents, current.ReplaceAll(data, []byte(`current-context: ""`)), 0o600))
	a.Settings["kubeconfig"] = "file://" + agents
	before := len(a.changes())
	for context, want := range map[string]string{
		"":     `--kubeconfig: it has no current context: choose one with --context, of "` + string(name[1]) + `"`,
		"live": `--context: the kubeconfig has no context "live", only "` + string(name[1]) + `"`,
	} {
		a.Settings["context"] = context
		if out, err := a.ship("release"); err == nil || !strings.Contains(out, want) {
			t.Errorf("context %q: %v, want %q", context, err, want)
		}
	}
	if changes := a.changes()[before:]; len(changes) > 0 {
		t.Errorf("releases that cannot reach their cluster changed something: %q", changes)
	}
	a.Settings["context"] = string(name[1])

	a.release("released")
	first := a.look("0.1.0")
	a.Settings["args"] = "BASE=" + a.Image() + ":0.1.0"
	a.write("Dockerfile", "ARG BASE\nFROM ${BASE} AS base\nFROM "+a.Image()+
		"@"+first.Digest+"\nCOPY --from=base /www/healthz /www/base\nCOPY pyproject.toml /www/healthz\n")
	a.bump("0.2.0")
	a.release("released")
	a.release("nothing to do")
	if running := a.running(a.Name); !strings.Contains(running, ":0.2.0@"+a.look("0.2.0").Digest) {
		t.Errorf("%s runs", running)
	}
	requests, err := control.Client{URL: a.Registry.Control}.Requests(t.Context())
	for _, r := range must(t, requests, err) {
		if r.Repository == a.Repo && strings.HasSuffix(r.Path, "/latest") {
			t.Errorf("without latest: %s %s", r.Method, r.Path)
		}
	}
}
