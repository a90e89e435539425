package e2e

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestComposition calls the example of a module that is built on ship: docs/reference.md quotes it, and a Dagger engine
// runs it.
func TestComposition(t *testing.T) {
	t.Parallel()
	code, err := os.ReadFile("../examples/composition/main.go")
	must(t, 0, err)
	_, quoted, _ := strings.Cut(read(t, "docs/reference.md"), "## From another module\n\n```go\n")
	quoted, _, closed := strings.Cut(quoted, "```")
	if words := strings.Join(strings.Fields(quoted), " "); !closed ||
		!strings.Contains(strings.Join(strings.Fields(string(code)), " "), words) {
		t.Errorf("docs/reference.md shows what is not in examples/composition/main.go:\n%s", quoted)
	}
	if !world.OnEngine() {
		t.Skip("modules on top of ship run in a Dagger engine only")
	}

	a := newLight(t)
	elsewhere := a.Registry.Address + "/ci/" + a.Name + ":77"
	if _, err := a.ship("build", "with-registry-auth", "--address="+a.Registry.Address, "--username="+a.Registry.User,
		"--secret=env://SHOP_REGISTRY_PASSWORD", "publish", "--address="+elsewhere); err != nil {
		t.Fatal(err)
	}
	docker := t.TempDir() // the engine pulls the container with the caller's own login
	login := base64.StdEncoding.EncodeToString([]byte(a.Registry.User + ":" + a.Registry.Password))
	must(t, 0, os.WriteFile(filepath.Join(docker, "config.json"),
		[]byte(`{"auths":{"`+a.Registry.Address+`":{"auth":"`+login+`"}}}`), 0o600))
	module, err := filepath.Abs("../examples/composition")
	must(t, 0, err)
	cmd := exec.CommandContext(t.Context(), "dagger", "--progress=plain", "-m", module, "call", "--insecure",
		"--registry="+a.Registry.Address+"/acme", "--login="+a.Registry.User, "--password=env://SHOP_REGISTRY_PASSWORD",
		"--token=env://SHOP_GIT_TOKEN", "--kubeconfig=file://"+a.Cluster.Kubeconfig,
		"release", "--source=.", "--container="+elsewhere)
	cmd.Dir, cmd.Env = a.Dir, append(os.Environ(), "DOCKER_CONFIG="+docker)
	for name, value := range a.Secrets {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	must(t, 0, err)
	a.checkSecrets(string(out))
	for _, want := range []string{"0.1.0: released, as " + a.Image() + ":0.1.0@" + a.look("0.1.0").Digest,
		"production runs 0.1.0: healthy"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the module does not say %q", want)
		}
	}
}
