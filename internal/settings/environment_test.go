package settings

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"dagger/ship/internal/helm"
	"dagger/ship/internal/projects"
)

func of(t *testing.T, given Given, text string) (Settings, error) {
	t.Helper()
	file, err := projects.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Projects) > 0 {
		return ForProject(given, file.Top, file.Projects[0])
	}
	return For(given, file.Top)
}

func TestTables(t *testing.T) {
	t.Parallel()
	s, err := of(t, Given{Context: "kind"}, `
chart = "deploy"
image = "r.example/shop"
version = "tag"
[environments.test]
snapshots = true
namespace = "{project}-{environment}"
release = "shop-{environment}"
values = ["deploy/{environment}.yaml", "secret:TEST"]
set = {"a.b" = "{version}", "a.c" = 3}
secrets = {"db.password" = "DB"}
[environments.eu]
context = "agents:eu"
after = "test"
strategy = "reinstall"
[environments.us]
beside = "eu"
namespace = "eu"
manual = true
`)
	if err != nil {
		t.Fatal(err)
	}
	if s.Chart != "deploy" || s.Image != "r.example/shop" || s.From != FromTag || s.Path != "." || !s.Snapshots() {
		t.Errorf("got %+v", s)
	}
	if got := named(s); got != "test({project}-{environment}) eu(eu)+us(eu)" {
		t.Errorf("environments: %s", got)
	}
	test, err := s.Environment("test").Named("web")
	if err != nil || test.Namespace != "web-test" || test.Release != "shop-test" || test.Context != "kind" ||
		!slices.Equal(test.Values, []File{{Path: "deploy/test.yaml"}, {Secret: "TEST"}}) ||
		!slices.Equal(test.Set, []Value{{Key: "a.b", Value: "{version}"}, {Key: "a.c", Value: int64(3)}}) ||
		!slices.Equal(test.Secrets, []Secret{{"db.password", "DB"}}) {
		t.Errorf("test: %+v, %v", test, err)
	}
	eu, us := s.Environment("eu"), s.Environment("us")
	if eu.Strategy != helm.Reinstall || eu.Context != "agents:eu" || eu.After != "test" || !us.Manual || eu.Manual {
		t.Errorf("eu and us: %+v, %+v", eu, us)
	}
}

func named(s Settings) string {
	var groups []string
	for _, group := range s.Environments {
		var names []string
		for _, e := range group {
			names = append(names, fmt.Sprintf("%s(%s)", e.Name, e.Namespace))
		}
		groups = append(groups, strings.Join(names, "+"))
	}
	return strings.Join(groups, " ")
}

// TestWhichEnvironments has a list say which there are, and tables how they are deployed to.
func TestWhichEnvironments(t *testing.T) {
	t.Parallel()
	const tables = "[environments.a]\nnamespace = 'x'\n[environments.b]\n"
	for _, c := range []struct {
		given []string
		text  string
		want  string
	}{
		{[]string{"a", "b"}, "", "a(a) b(b)"},
		{nil, tables, "a(x) b(b)"},
		{[]string{"b+a"}, tables, "b(b)+a(x)"},
		{[]string{"a"}, tables, "a(x)"},
		{[]string{"a"}, "[projects.p]\n" + tables, "a(x)"},
		{[]string{"a=y", "c"}, tables, "a(x) c(c)"},
		{nil, tables + "[projects.p]\nenvironments = ['b']\n", "b(b)"},
		{nil, tables + "[projects.p.environments.b]\nnamespace = 'y'\n", "a(x) b(y)"},
		{[]string{"a"}, "environments = ['c']\n", "c(c)"},
		{[]string{"a"}, "environments = ['c']\n[projects.p]\nenvironments = []\n", ""},
	} {
		if s, err := of(
			t,
			Given{Environments: c.given, Image: "r.example/x"},
			c.text,
		); err != nil ||
			named(s) != c.want {
			t.Errorf("%q over %q: %s, %v, want %s", c.text, c.given, named(s), err, c.want)
		}
	}
}

func TestFaultsOfTables(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[environments.Test]\n": `ship.toml:1:2: "Test" cannot name an environment`,
		"[environments.a]\nnamespace='A'\n": "" +
			`ship.toml:2:1: namespace: environment a: "A" is no namespace`,
		"[environments.a]\nrelease='{x}'\n": "" +
			`ship.toml:2:1: release: environment a: "{x}" cannot name`,
		"[environments.a]\nstrategy='canary'\n": "" +
			`ship.toml:2:1: strategy: "canary" is none: write upgrade or`,
		"[environments.a]\nvalues=['../x']\n": `ship.toml:2:1: values: "../x" leads out of the repo`,
		"[environments.a]\nset={'a..b'=1}\n":  `ship.toml:2:1: set: "a..b" is no path`,
		"[environments.a]\nsecrets={a='X','a.b'='Y'}\n": "" +
			`ship.toml:2:1: secrets: "a" and "a.b" are the same, or one`,
		"[environments.a]\nanswer='ok'\n": `ship.toml:2:1: answer: of which url?`,
		"[environments.a]\nafter='b'\n[environments.b]\n": "" +
			`ship.toml:1:2: environments: environment "a": it comes after`,
		"[environments.a]\nbeside='b'\n[environments.b]\n": "" +
			`ship.toml:1:2: environments: a is to be deployed to beside`,
		"[environments.a]\nnamespace='b'\n[environments.b]": "" +
			`ship.toml:1:2: environments: environment "b": the namespace`,
		"version = 'commit'\n": "" +
			`ship.toml:1:1: version: "commit" is no source of versions`,
		"[projects.p]\n[projects.p.environments.B]\n": `ship.toml:2:2: "B" cannot name an environment`,
	} {
		if _, err := of(t, Given{}, text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	const shared = "[environments.a]\nnamespace='n'\nrelease='a'\n[environments.b]\nnamespace='n'\nrelease='b'\n" +
		"[environments.c]\nnamespace='n'\ncontext='other'\n"
	if _, err := of(t, Given{}, shared); err != nil {
		t.Errorf("environments that share a namespace: %v", err)
	}
	if _, err := Parse(Given{Environments: []string{"a=n", "b=n"}}); err == nil ||
		!strings.HasPrefix(
			err.Error(),
			`--environments: environment "b": the namespace "n" is another environment's`,
		) {
		t.Errorf("a list with one namespace twice: %v", err)
	}
}
