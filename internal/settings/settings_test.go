package settings

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dagger/ship/internal/helm"
	"dagger/ship/internal/projects"
)

func TestDefaults(t *testing.T) {
	s, err := Parse(Given{Args: []string{""}, Environments: []string{" "}, Keys: []string{""}})
	if err != nil {
		t.Fatal(err)
	}
	if s.User != User || !s.Latest || s.Images[0].Dockerfile != Dockerfile || s.Chart != Chart ||
		s.ToolsImage != Tools ||
		s.Timeout != 5*time.Minute ||
		s.Deadline != 30*time.Second || !reflect.DeepEqual(s.Slots(), helm.DefaultSlots) ||
		s.Path != "." ||
		len(s.Environments) != 0 ||
		len(s.Images[0].Args) != 0 {
		t.Errorf("got %+v", s)
	}
}

func TestParse(t *testing.T) {
	s, err := Parse(Given{
		Image: "r.example/shop/", GitLab: "https://gitlab.example/api/v4/", Args: []string{"PYTHON=3.13", "EMPTY="},
		Timeout:      "90s",
		Environments: []string{"test:reinstall", "eu+us=america"}, Prereleases: []string{"us"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Image != "r.example/shop" || s.GitLab != "https://gitlab.example/api/v4" || s.Timeout != 90*time.Second ||
		s.GivenTimeout != "90s" {
		t.Errorf("got %+v", s)
	}
	if want := []Argument{{"PYTHON", "3.13"}, {"EMPTY", ""}}; !slices.Equal(s.Images[0].Args, want) {
		t.Errorf("arguments: %v", s.Images[0].Args)
	}
	if len(s.Environments) != 2 || len(s.Environments[1]) != 2 || s.Environments[1][1].Namespace != "america" {
		t.Errorf("environments: %+v", s.Environments)
	}
	if !s.Environment("us").Prereleases || s.Environment("eu").Prereleases || s.Environment("asia") != nil ||
		len(s.Flat()) != 3 {
		t.Errorf("environments: %+v", s.Environments)
	}
}

// TestErrors has each setting that can be wrong named by its error.
func TestErrors(t *testing.T) {
	for name, given := range map[string]Given{
		"image":        {Image: "https://r.example/shop"},
		"gitlab":       {GitLab: "gitlab"},
		"environments": {Environments: []string{"test", "test"}},
		"prereleases":  {Environments: []string{"test"}, Prereleases: []string{"live"}},
		"commit":       {Commit: "main"},
		"keys":         {Keys: []string{"image", "image.tag"}},
		"template":     {Template: "{name}"},
		"timeout":      {Timeout: "5"},
		"deadline":     {Deadline: "-1s"},
		"args":         {Args: []string{"PYTHON"}},
		"latest":       {Latest: "no"},
		"version":      {Version: "1.0.0", Source: "manifest"},
	} {
		_, err := Parse(given)
		bad := new(Error)
		if !errors.As(err, &bad) || bad.Name != name || !strings.HasPrefix(err.Error(), "--"+name+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestForProject(t *testing.T) {
	file, err := projects.Read([]byte(`
[projects.api]
path = "services/api"
image = "api"
environments = ["test", "live"]
args = []
latest = false
[projects.web]
needs = ["api"]
image = "other.example/web"
`))
	if err != nil {
		t.Fatal(err)
	}
	list := file.Projects
	given := Given{
		Registry: "r.example/acme/", Login: "ship", Insecure: true, Manifest: "ignored", Args: []string{"A=1"},
		Environments: []string{"test", "beta"}, Prereleases: []string{"test", "beta"},
	}
	api, err := ForProject(given, file.Top, list[0])
	if err != nil {
		t.Fatal(err)
	}
	if api.Key != "api" || api.Path != "services/api" || api.Image != "r.example/acme/api" || api.Manifest != "" ||
		len(api.Images[0].Args) != 0 ||
		api.Elsewhere || api.Latest || api.Login != "ship" || !api.Insecure ||
		!api.Environment("test").Prereleases ||
		api.Environment("live").Prereleases {
		t.Errorf("api: %+v", api)
	}
	web, err := ForProject(given, file.Top, list[1])
	if err != nil {
		t.Fatal(err)
	}
	if !web.Elsewhere || !web.Latest || web.Home != "r.example" || web.Login != "" || web.Insecure ||
		web.Image != "other.example/web" ||
		!slices.Equal(web.Needs, []string{"api"}) ||
		len(web.Images[0].Args) != 1 ||
		!web.Environment("beta").Prereleases {
		t.Errorf("web: %+v", web)
	}
	if _, err := ForProject(Given{}, file.Top, list[0]); err == nil || !strings.Contains(err.Error(), "ship.toml:4:") {
		t.Errorf("a registry that is not given: %v", err)
	}
	if _, err := ForProject(Given{Registry: "r.example", Timeout: "x"}, file.Top, list[0]); err == nil ||
		!strings.Contains(err.Error(), "timeout: ") {
		t.Errorf("a bad setting: %v", err)
	}
}

// TestLogins: the secrets with logins are those that the project names, or else the top of the file.
func TestLogins(t *testing.T) {
	t.Parallel()
	const top, project = "logins = ['TOP']\n", "[projects.api]\n"
	for text, want := range map[string]string{
		"": "none", top: "TOP", "logins = []": "", top + project: "TOP", top + project + "logins = ['API']": "API",
		project + "logins = ['API']": "API", top + project + "logins = []": "",
	} {
		s, err := of(t, Given{Registry: "r.example"}, text)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, login := range s.Logins {
			got += login.Docker
		}
		if s.Logins == nil {
			got = "none"
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
