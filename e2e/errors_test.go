package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestErrors goes wrong in every way that a user meets first. Each time there is one clear error, and nothing was
// tagged, published or deployed.
func TestErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*app)
		want  string
	}{
		"wrong token": {func(a *app) { a.Secrets["SHOP_GIT_TOKEN"] = "glpat-not-the-one" },
			"the token is wrong or has expired"},
		"no token": {func(a *app) { delete(a.Secrets, "SHOP_GIT_TOKEN") }, "--token"},
		"wrong password": {func(a *app) { a.Secrets["SHOP_REGISTRY_PASSWORD"] = "not-the-one" },
			"the registry refused the credentials"},
		"unreachable registry":     {func(a *app) { a.Settings["image"] = "127.0.0.1:1/acme/shop" }, "127.0.0.1:1"},
		"plain HTTP not asked for": {func(a *app) { delete(a.Settings, "insecure") }, "--insecure"},
		"token in the clear": {func(a *app) {
			a.Settings["remote"] = "http://git.example.com/acme/shop.git"
			delete(a.Settings, "insecure")
		}, "--remote: http://git.example.com/acme/shop.git speaks plain HTTP"},
		"unreachable remote": {func(a *app) { a.Settings["remote"] = "http://127.0.0.1:1/acme/shop.git" },
			"127.0.0.1:1"},
		"failing Dockerfile": {func(a *app) {
			a.edit("Dockerfile", `(?m)^CMD`, "RUN echo about to fail >&2; exit 7\nCMD")
			a.commit("break the build")
		}, "about to fail"},
		"no Dockerfile": {func(a *app) { a.Settings["dockerfile"] = "docker/Dockerfile" }, "docker/Dockerfile"},
		"chart that does not render": {func(a *app) {
			a.write("chart/templates/broken.yaml", "{{ .Values.no.such.key }}\n")
			a.commit("break the chart")
		}, "templates/broken.yaml:1"},
		"chart without the digest": {func(a *app) {
			a.Settings["keys"] = "image.repository,image.tag,image.sum"
		}, "--keys image.repository,image.tag"},
		"no chart": {func(a *app) { a.Settings["chart"] = "deploy" }, "no Helm chart at deploy"},
		"missing manifest": {func(a *app) {
			if err := os.Remove(filepath.Join(a.Dir, "pyproject.toml")); err != nil {
				a.t.Fatal(err)
			}
		}, "looked for pyproject.toml"},
		"dynamic version": {func(a *app) {
			a.write("pyproject.toml", "[project]\nname = \"shop\"\ndynamic = [\"version\"]\n")
		}, "pyproject.toml:3: the version is dynamic"},
		"version raised but not committed": {func(a *app) {
			a.edit("pyproject.toml", `(?m)^version = .*`, `version = "0.2.0"`)
		}, "commit and push it first"},
		"commit not pushed": {func(a *app) {
			a.git("commit", "--quiet", "--allow-empty", "--message=local")
		}, "push the branch first"},
		"no kubeconfig": {func(a *app) { delete(a.Settings, "kubeconfig") }, "--kubeconfig"},
		"environment without a name": {func(a *app) { a.Settings["environments"] = "test,eu+" },
			`environment "eu+": a name is missing`},
		"unknown strategy": {func(a *app) { a.Settings["environments"] = "test:replace" }, `no strategy "replace"`},
		"image with a tag": {func(a *app) { a.Settings["image"] += ":1.0" }, "--image"},
		"unreachable cluster": {func(a *app) {
			kubeconfig := filepath.Join(a.t.TempDir(), "kubeconfig")
			if err := os.WriteFile(kubeconfig, []byte(strings.ReplaceAll(unreachable, "\t", "  ")), 0o600); err != nil {
				a.t.Fatal(err)
			}
			a.Settings["kubeconfig"] = "file://" + kubeconfig
		}, "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			c.spoil(a)
			out, err := a.ship("release")
			// what a program printed on its way may hold "Error:" too; the last one is ship's
			said := out[max(0, strings.LastIndex(out, "Error:")):]
			if err == nil || !strings.Contains(said, c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if tags := a.tags(); len(tags) != 0 {
				t.Errorf("tagged %v", tags)
			}
			for _, tag := range []string{"0.1.0", "0.2.0", "latest"} {
				if image := a.look(tag); image.Digest != "" {
					t.Errorf("published %s: %v", tag, image)
				}
			}
			if namespaces := a.kubectl("get", "namespaces", "--output=name"); strings.Contains(namespaces, a.Name) {
				t.Errorf("deployed: %s", namespaces)
			}
		})
	}
}

const unreachable = `apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: "` + neverShown + `"}}]
`

const neverShown = "a-token-that-must-never-be-shown"
