package projects

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestEnvironments(t *testing.T) {
	t.Parallel()
	list, err := Read([]byte(`
version = "tag"
[environments.test]
snapshots = true
context = "platform/agents:test"
values = ["deploy/test.yaml", "secret:TEST"]
set = {"ingress.host" = "test.example.com", "replicas" = 2}
[environments.edge]
beside = "test"
[environments."a-b"]
after = "test"
[projects.api]
[projects.api.environments.test]
set = {"replicas" = 3, "debug" = true}
namespace = "api"
[projects.web]
environments = ["edge"]
`))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list.Top.Tables {
		names = append(names, e.Name)
	}
	if !slices.Equal(names, []string{"test", "edge", "a-b"}) || list.Top.List != nil || list.Top.Version != "tag" {
		t.Errorf("the top says %q", names)
	}
	over := list.Projects[0].Tables[0].Over(list.Top.Tables[0])
	want := map[string]any{"ingress.host": "test.example.com", "replicas": int64(3), "debug": true}
	if over.Namespace != "api" || over.Context != "platform/agents:test" || !*over.Snapshots || len(over.Values) != 2 ||
		!maps.Equal(over.Set, want) || over.Name != "test" ||
		len(list.Top.Tables[0].Set) != 2 {
		t.Errorf("api's over the top's: %+v", over)
	}
	if !slices.Equal(list.Projects[1].List, []string{"edge"}) || list.Projects[1].Tables != nil {
		t.Errorf("web says %+v", list.Projects[1])
	}
}

func TestFaultsOfEnvironments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"environments = 'test'\n":      `ship.toml:1:1: environments: write a list`,
		"environments = ['test', 3]\n": `ship.toml:1:1: environments: write each as a text`,
		"[environments]\ntest = 3\n":   `ship.toml:2:1: environments: "test" is no table`,
		"[environments.test]\nnamspace = 'a'\n": "" +
			`ship.toml:2:1: unknown key "namspace": did you mean "namespace"`,
		"[environments.test]\n\nmanual = 'yes'\n": "" +
			`ship.toml:3:1: manual: cannot decode TOML string into bool`,
		"[environments.test]\nset = {a = [1]}\n":             `ship.toml:2:1: set: a is neither a text nor a number`,
		"[environments.test]\nset = {a.b = 1}\n":             `ship.toml:2:1: set: write the key "a.b" in quotes`,
		"[projects.a]\n[projects.a.environments.b]\nx = 1\n": `ship.toml:3:1: unknown key "x"`,
	} {
		if _, err := Read([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
