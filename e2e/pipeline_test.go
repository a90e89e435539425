package e2e

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"dagger/ship/e2e/bed"
)

// project is an app repo on GitLab: a whole example, whose pipelines gitlab-ci-local runs as a runner would.
type project struct {
	*app
	variables map[string]string // that GitLab and the project's settings give to jobs; what begins with / is a file
	env       []string          // of the runner

	scoped map[string]map[string]string // variables that jobs of some of GitLab's environments get, by their names
}

// newProject makes an app repo of an example, with environments that no other test uses.
func newProject(t *testing.T, example bed.Example) *project {
	t.Helper()
	if os.Getenv("GITLAB_CI_LOCAL_PROGRAM") == "" {
		t.Skip("make found no npm to install gitlab-ci-local with")
	}
	name := appName(t)
	made, err := world.NewExample(example, name, filepath.Join(t.TempDir(), name))
	p := &project{app: &app{App: must(t, made, err), t: t}}
	if world.CanTLS() {
		must(t, 0, p.OverTLS())
	} else {
		p.edit(".env", `\z`, "SHIP_INSECURE=true\n")
	}
	if _, err := os.Stat(filepath.Join(p.Dir, "ship.toml")); err != nil { // which has the environments otherwise
		p.edit(".env", `(?m)^(SHIP_ENVIRONMENTS=).*`, "${1}test="+name+"-test:reinstall,production="+name+"-production")
	}
	if p.git("status", "--porcelain") != "" {
		p.commit("name the namespaces")
	}
	p.variables = map[string]string{
		"CI_JOB_TOKEN": p.Bed.Git.Job, "CI_REGISTRY_IMAGE": p.Image(), "CI_REGISTRY_USER": p.Registry.User,
		"CI_REGISTRY_PASSWORD": p.Registry.Password, "KUBECONFIG_FILE": p.Cluster.Kubeconfig,
		"CI_SERVER_TLS_CA_FILE": p.CA,
	}
	env, err := p.DaggerCommand(t.TempDir())
	p.env = append(must(t, env, err), "_EXPERIMENTAL_DAGGER_RUNNER_HOST=unix:///run/dagger/engine.sock")
	if world.OnEngine() {
		p.env = env
	}
	return p
}

// merge bumps the version on a branch and merges that, and returns the merge commit.
func (p *project) merge(version string) string {
	p.t.Helper()
	p.git("checkout", "--quiet", "-b", "release-"+version)
	must(p.t, 0, p.Write(version))
	p.git("commit", "--quiet", "--all", "--message=release "+version)
	p.git("checkout", "--quiet", "main")
	p.git("merge", "--quiet", "--no-ff", "--message=merge", "release-"+version)
	p.git("push", "--quiet", "origin", "main")
	return p.git("rev-parse", "HEAD")
}

// gitlab calls gitlab-ci-local in the checkout and returns what it and the jobs printed, without colours.
func (p *project) gitlab(args ...string) (string, error) {
	p.t.Helper()
	home := p.t.TempDir()
	must(p.t, 0, os.Mkdir(filepath.Join(home, ".gitlab-ci-local"), 0o700))
	all := map[string]any{}
	for name, value := range p.variables {
		all[name] = value
	}
	for name, values := range p.scoped {
		all[name] = map[string]any{"type": "variable", "values": values}
	}
	variables, err := json.Marshal(map[string]any{"global": all}) // JSON is YAML
	must(p.t, 0, err)
	must(p.t, 0, os.WriteFile(filepath.Join(home, ".gitlab-ci-local", "variables.yml"), variables, 0o600))

	ctx, cancel := context.WithTimeout(p.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Getenv("GITLAB_CI_LOCAL_PROGRAM"),
		append([]string{"--home", home, "--force-shell-executor",
			"--shell-isolation", "--no-evaluate-rule-changes", "--no-artifacts-to-source", "--max-job-name-padding=0"},
			args...)...)
	cmd.Dir = p.Dir
	cmd.Env = append(p.env[:len(p.env):len(p.env)], "NO_COLOR=1", "FORCE_COLOR=0",
		"SHLVL=9") // bash at the first level reads .bashrc if its input is a socket, as Node.js gives it
	out, err := cmd.CombinedOutput()
	p.t.Logf("gitlab-ci-local %s\n%s", strings.Join(args, " "), out)
	p.checkSecrets(string(out))
	return string(out), err
}

// runs runs a pipeline, which must succeed and say all that is wanted.
func (p *project) runs(want ...string) {
	p.t.Helper()
	out, err := p.gitlab()
	if err != nil {
		p.t.Fatalf("the pipeline failed: %v", err)
	}
	for _, text := range want {
		if !strings.Contains(out, text) {
			p.t.Errorf("the pipeline does not say %q", text)
		}
	}
}

// jobs are the names of those that a pipeline would run, with variables as GitLab sets them for its kind.
func (p *project) jobs(variables map[string]string) string {
	p.t.Helper()
	q := *p
	q.variables = maps.Clone(p.variables)
	maps.Copy(q.variables, variables)
	args := []string{"--list-csv", "--json-schema-validation=false"} // running checks that
	for name, value := range variables {
		if value == "" {
			delete(q.variables, name)
			args = append(args, "--unset-variable", name)
		}
	}
	out, err := q.gitlab(args...)
	must(p.t, 0, err)
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^([a-z-]+);[a-z]+;`).FindAllStringSubmatch(out, -1) {
		if match[1] != "name" {
			names = append(names, match[1])
		}
	}
	return strings.Join(names, " ")
}

// component pushes Ship's templates to the git server, as the project and version that the examples include them from.
var component = sync.OnceValue(func() error {
	dir, err := os.MkdirTemp("", "ship-component-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return world.PushComponent("platform/ship", "v0.1.0", dir)
})
