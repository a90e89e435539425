package projects

import (
	"reflect"
	"strings"
	"testing"
)

func TestLogins(t *testing.T) {
	t.Parallel()
	list, err := Read([]byte(`logins = [
	"DOCKER_AUTH_CONFIG",
	{registry = "PROXY_HOST", user = "PROXY_USER", password = "PROXY_PASSWORD"},
]
[projects.api]
logins = []
[projects.web]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Login{
		{Docker: "DOCKER_AUTH_CONFIG"},
		{Registry: "PROXY_HOST", User: "PROXY_USER", Password: "PROXY_PASSWORD"},
	}
	if got := list.Top.LoginList; !reflect.DeepEqual(got, want) {
		t.Errorf("the top says %+v", got)
	}
	if got := list.Projects[0].LoginList; got == nil || len(got) > 0 {
		t.Errorf("api says %+v", got)
	}
	if got := list.Projects[1].LoginList; got != nil {
		t.Errorf("web says %+v", got)
	}
	for _, text := range []string{
		"'DOCKER_AUTH_CONFIG'", "3", "[3]", "['']", "[[]]", "[{}]", "[{registry = 'A', user = 'B'}]",
		"[{registry = 'A', user = 'B', password = ''}]", "[{registry = 'A', user = 'B', password = 3}]",
		"[{registry = 'A', user = 'B', password = 'C', host = 'D'}]", "{registry = 'A', user = 'B', password = 'C'}",
	} {
		const want = "ship.toml:2:1: logins: write a list of names of secrets, as "
		if _, err := Read([]byte("\nlogins = " + text + "\n")); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
