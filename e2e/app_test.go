package e2e

import (
	"context"
	"encoding/base64"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"dagger/ship/e2e/bed"
	"dagger/ship/internal/network"
	"dagger/ship/internal/registry"
	"dagger/ship/testbed/control"
)

// app is an App whose every step must succeed.
type app struct {
	*bed.App
	t    *testing.T
	took time.Duration // by the last release that succeeded

	hidden []string // what no output may hold, besides secrets
}

func newApp(t *testing.T) *app {
	t.Helper()
	return made(t, world.NewApp)
}

// newLight makes an app whose image is built and rolled out fast, for tests of what is around it: all but those of the
// example itself and of what its language does.
func newLight(t *testing.T) *app {
	t.Helper()
	return made(t, world.NewLight)
}

func made(t *testing.T, by func(name, dir string) (*bed.App, error)) *app {
	t.Helper()
	name := appName(t)
	made, err := by(name, filepath.Join(t.TempDir(), name))
	t.Cleanup(func() { makeRoom(t, name) })
	return &app{App: must(t, made, err), t: t}
}

// crashes makes the app's container say something and end.
func (a *app) crashes(words string) {
	a.t.Helper()
	a.edit("Dockerfile", `(?m)^CMD .*`, `CMD ["sh", "-c", "echo `+words+`; exit 1"]`)
}

// lighten makes the app a light one again.
func (a *app) lighten() {
	a.t.Helper()
	a.write("Dockerfile", bed.LightDockerfile)
}

// neverReady makes the app's container answer nothing.
func (a *app) neverReady() {
	a.t.Helper()
	a.edit("Dockerfile", "httpd [^;]*; ", "")
}

// makeRoom removes the namespaces of an app whose test has ended: a node has room for a hundred pods, fewer than all
// tests make.
func makeRoom(t *testing.T, name string) {
	namespaces, err := world.Kubectl("get", "namespaces", "--output=name")
	if err != nil {
		t.Logf("list namespaces: %v", err)
	}
	for namespace := range strings.FieldsSeq(namespaces) {
		if of := strings.TrimPrefix(namespace, "namespace/"); of == name || strings.HasPrefix(of, name+"-") {
			if _, err := world.Kubectl("delete", namespace, "--wait=false"); err != nil {
				t.Logf("remove %s: %v", namespace, err)
			}
		}
	}
}

// appName makes a project's name of a test's.
func appName(t *testing.T) string {
	return strings.ToLower(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(t.Name(), "-"))
}

func must[T any](t *testing.T, value T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func (a *app) edit(file, pattern, with string) {
	a.t.Helper()
	must(a.t, 0, a.Edit(file, pattern, with))
}

func (a *app) write(file, text string) {
	a.t.Helper()
	must(a.t, 0, os.WriteFile(filepath.Join(a.Dir, file), []byte(text), 0o644))
}

func (a *app) git(args ...string) string {
	a.t.Helper()
	out, err := a.RunGit(args...)
	return must(a.t, out, err)
}

func (a *app) commit(message string) string {
	a.t.Helper()
	commit, err := a.Commit(message)
	return must(a.t, commit, err)
}

func (a *app) bump(version string) string {
	a.t.Helper()
	commit, err := a.Bump(version)
	return must(a.t, commit, err)
}

func (a *app) tags() map[string]string {
	a.t.Helper()
	tags, err := a.Tags()
	return must(a.t, tags, err)
}

func (a *app) look(tag string) bed.Image {
	a.t.Helper()
	image, err := a.Look(a.t.Context(), tag)
	return must(a.t, image, err)
}

// images are the app's in the registry, for what Ship's own functions do not do; or those of a name, of several.
func (a *app) images(name ...string) *registry.Repository {
	a.t.Helper()
	client, err := network.New("", 2*time.Minute, func(text string) { a.t.Log(text) })
	must(a.t, 0, err)
	return &registry.Repository{
		Address: strings.Join(append([]string{a.Registry.Address, a.Repo}, name...), "/"),
		Account: &registry.Account{
			User: a.Registry.User, Password: a.Registry.Password, PlainHTTP: true, Client: client},
	}
}

func (a *app) kubectl(args ...string) string {
	a.t.Helper()
	out, err := a.Kubectl(args...)
	return must(a.t, out, err)
}

// ship calls a function and returns what it printed: its result, or its error. Whatever it printed, no secret may be
// in it.
func (a *app) ship(function ...string) (string, error) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 5*time.Minute)
	defer cancel()
	stdout, stderr, err := a.Call(ctx, function...)
	a.t.Logf("ship %s\n%s%s", strings.Join(function, " "), stdout, stderr)
	a.checkSecrets(stdout + stderr)
	if err != nil {
		return stderr, err
	}
	return strings.TrimSpace(stdout), nil
}

func (a *app) checkSecrets(output string) {
	a.t.Helper()
	kubeconfig, err := os.ReadFile(a.Cluster.Kubeconfig)
	must(a.t, 0, err)
	secrets := regexp.MustCompile(`[A-Za-z0-9+/=_-]{32,}`).FindAllString(string(kubeconfig), -1)
	secrets = append(secrets, a.Bed.Git.Token, a.Registry.Password, neverShown)
	secrets = append(secrets, a.hidden...)
	for _, value := range a.Secrets {
		secrets = append(secrets, value)
	}
	if strings.Contains(output, "helm.sh/release.v1") {
		a.t.Error("the output holds Helm's record of a release, with all values of the chart")
	}
	for _, secret := range secrets {
		for _, form := range []string{secret, url.QueryEscape(secret),
			base64.StdEncoding.EncodeToString([]byte(secret))} {
			if strings.Contains(output, form) {
				a.t.Errorf("the output holds a secret: %.6s…", form)
			}
		}
	}
}

// release calls release, which must succeed with the outcome.
func (a *app) release(outcome string) string {
	a.t.Helper()
	start := time.Now()
	out, err := a.ship("release")
	if err != nil || !strings.Contains(out, ": "+outcome) {
		a.t.Fatalf("release: %v, want %q", err, outcome)
	}
	a.took = time.Since(start)
	return out
}

// publish publishes the version, so that a release has little to do before it deploys.
func (a *app) publish() {
	a.t.Helper()
	start := time.Now()
	_, err := a.ship("publish")
	a.took = max(a.took, time.Since(must(a.t, start, err)))
}

// brief is a timeout that is no longer than a rollout needs on this machine, which may be a slow one: for those that
// are to run into it.
func (a *app) brief() string { return a.slowly(10 * time.Second).Round(time.Second).String() }

// slowly is a time as long as it is on a machine as slow as this one: a release takes some 5 seconds on two idle cores.
func (a *app) slowly(usual time.Duration) time.Duration {
	factor := min(max(1, a.took.Seconds()/5), 8)
	return time.Duration(float64(usual) * factor)
}

// running is the image that an environment's pods are to run, as the cluster tells it.
func (a *app) running(namespace string) string {
	a.t.Helper()
	return a.kubectl("get", "deployments", "--namespace="+namespace,
		"--output=jsonpath={.items[*].spec.template.spec.containers[*].image}")
}

// revisions is the number of revisions of the release in a namespace, as Helm's own records tell it.
func (a *app) revisions(namespace string) int {
	a.t.Helper()
	return len(strings.Fields(a.kubectl("get", "secrets", "--namespace="+namespace, "--selector=owner=helm",
		"--output=name")))
}

// changes are the requests that changed something of the app's on the git server or the registry.
func (a *app) changes() (changes []string) {
	a.t.Helper()
	for _, server := range []string{a.Bed.Git.Control, a.Registry.Control} {
		requests, err := control.Client{
			URL: server,
		}.Requests(
			context.WithoutCancel(a.t.Context()),
		) // in a cleanup, too
		for _, r := range must(a.t, requests, err) {
			write := r.Method == "PUT" || r.Method == "PATCH" || r.Method == "DELETE" || r.Operation == "push"
			if r.Repository == a.Repo && write {
				changes = append(changes, r.Method+" "+r.Path)
			}
		}
	}
	return changes
}
