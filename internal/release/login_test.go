package release

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "dagger.io/dagger"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/network"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/settings"
	"dagger/ship/internal/source"
)

// engine answers what the SDK asks about secrets and logins, and keeps those that its session got.
type engine struct {
	secrets map[string]string // by their URIs

	mu     sync.Mutex
	logins []string // HOST USER PASSWORD, in order
}

func (e *engine) Host() string { return "engine" }
func (e *engine) Close() error { return nil }

var (
	ofSecret = regexp.MustCompile(`\{secret\(.*uri:("(?:[^"\\]|\\.)*").*\)\{(\w+)\}\}$`)
	setOne   = regexp.MustCompile(`\{setSecret\(.*plaintext:("(?:[^"\\]|\\.)*").*\)\{id\}\}$`)
	oneLogin = regexp.MustCompile(`withRegistryAuth\(([^)]*)\)`)
)

func (e *engine) Do(r *http.Request) (*http.Response, error) {
	var ask struct{ Query string }
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		return nil, err
	}
	text := func(quoted string) (plain string) { _ = json.Unmarshal([]byte(quoted), &plain); return plain }
	var data any
	if parts := ofSecret.FindStringSubmatch(ask.Query); parts != nil {
		value := text(parts[1])
		if parts[2] == "plaintext" {
			value = e.secrets[value]
		}
		data = map[string]any{"secret": map[string]string{parts[2]: value}}
	} else if parts := setOne.FindStringSubmatch(ask.Query); parts != nil {
		data = map[string]any{"setSecret": map[string]string{"id": text(parts[1])}}
	} else {
		e.mu.Lock()
		defer e.mu.Unlock()
		nested := any(map[string]string{"id": "container"})
		for _, login := range oneLogin.FindAllStringSubmatch(ask.Query, -1) {
			said := map[string]string{}
			for _, part := range regexp.MustCompile(`(\w+):("(?:[^"\\]|\\.)*")`).FindAllStringSubmatch(login[1], -1) {
				said[part[1]] = text(part[2])
			}
			e.logins = append(e.logins, said["address"]+" "+said["username"]+" "+said["secret"])
			nested = map[string]any{"withRegistryAuth": nested}
		}
		data = map[string]any{"container": nested}
	}
	answer, err := json.Marshal(map[string]any{"data": data})
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(answer)))}, err
}

// reader is a call that was given secrets by their names, and --login and --password for one registry.
func reader(t *testing.T, home string, secrets map[string]string) (*Common, *engine) {
	t.Helper()
	e := &engine{secrets: map[string]string{}}
	client, err := sdk.Connect(t.Context(), sdk.WithConn(e))
	if err != nil {
		t.Fatal(err)
	}
	c := &Common{Engine: Engine{Client: client}, Context: t.Context()}
	var list []*dagger.Secret
	for name, text := range secrets {
		e.secrets["env://"+name] = text
		list = append(list, client.Secret("env://"+name))
	}
	c.named = func() (map[string]source.Named, error) { return source.Secrets(t.Context(), list) }
	c.remote.Client, err = network.New("", time.Second, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if home != "" {
		c.Repo.Login, c.password = "ship", "of-the-settings"
	}
	return c, e
}

// loggedIn reads the logins of a project whose image is at an address, and gives them to the session.
func loggedIn(t *testing.T, c *Common, home, address, file string) (*Release, error) {
	t.Helper()
	s := fromFile(t, settings.Given{Registry: home, Tools: "tools.example/k8s:1"}, file)
	s.Image, s.Home = address, home
	r := New(c, s)
	r.read.Images = []image{{Repository: registry.Repository{Address: address}}}
	if err := r.readLogins(); err != nil {
		return r, err
	}
	return r, r.logIn()
}

const docker = `{"auths": {
	"r.example": {"username": "docker", "password": "for-all-of-it"},
	"r.example/acme": {"username": "acme", "password": "for-a-path"},
	"https://index.docker.io/v1/": {"username": "hub", "password": "for-docker-io"},
	"registry:5000": {"username": "short", "password": "for-a-short-name"},
	"tools.example:443": {"identitytoken": "an-identity-token"}}}`

// TestLogIn: the session has one login for each registry: that of the image and of the tools, and for all others what
// is for the whole registry.
func TestLogIn(t *testing.T) {
	t.Parallel()
	proxy := map[string]string{
		"DOCKER_AUTH_CONFIG": docker, "CI_DEPENDENCY_PROXY_SERVER": "gitlab.example:443",
		"CI_DEPENDENCY_PROXY_USER": "job", "CI_DEPENDENCY_PROXY_PASSWORD": "of-the-job",
	}
	others := []string{
		"docker.io hub for-docker-io", "registry:5000 short for-a-short-name",
		"tools.example  an-identity-token", "tools.example:443  an-identity-token",
	}
	gitlab := []string{"gitlab.example job of-the-job", "gitlab.example:443 job of-the-job"}
	own := func(login string) []string { return []string{"r.example " + login, "r.example:443 " + login} }
	for name, c := range map[string]struct {
		home, address, file string
		secrets             map[string]string
		want                []string
		user, from          string
	}{
		"none": {address: "r.example/acme/shop"},
		"of a path": {
			address: "r.example/acme/shop", secrets: proxy,
			want: slices.Concat(others, gitlab, own("acme for-a-path")),
			user: "acme", from: "the secret DOCKER_AUTH_CONFIG",
		},
		"of all": {
			address: "r.example/shop", secrets: proxy, want: slices.Concat(others, gitlab, own("docker for-all-of-it")),
			user: "docker", from: "the secret DOCKER_AUTH_CONFIG",
		},
		"the settings' go before": {
			home: "r.example", address: "r.example/acme/shop", secrets: proxy,
			want: slices.Concat(others, gitlab, own("ship of-the-settings")), user: "ship",
		},
		"the settings' are for another": {
			home: "home.example", address: "r.example/acme/shop", secrets: proxy,
			want: slices.Concat(others, gitlab, own("acme for-a-path"),
				[]string{"home.example ship of-the-settings", "home.example:443 ship of-the-settings"}),
			user: "acme", from: "the secret DOCKER_AUTH_CONFIG",
		},
		"only what is named": {
			address: "r.example/acme/shop", secrets: proxy, file: "logins = ['DOCKER_AUTH_CONFIG']",
			want: slices.Concat(others, own("acme for-a-path")),
			user: "acme", from: "the secret DOCKER_AUTH_CONFIG",
		},
		"none is wanted": {address: "r.example/acme/shop", secrets: proxy, file: "logins = []"},
		"half a login": {
			address: "r.example/acme/shop",
			secrets: map[string]string{"CI_DEPENDENCY_PROXY_SERVER": "gitlab.example:443", "DOCKER_AUTH_CONFIG": " "},
		},
	} {
		common, e := reader(t, c.home, c.secrets)
		r, err := loggedIn(t, common, c.home, c.address, c.file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		slices.Sort(e.logins)
		slices.Sort(c.want)
		if !slices.Equal(e.logins, c.want) {
			t.Errorf("%s: the session got\n%q, want\n%q", name, e.logins, c.want)
		}
		account, err := r.account(c.address)
		if err != nil || account.User != c.user || account.From != c.from || account.Anonymous() != (c.user == "") {
			t.Errorf("%s: the registry is asked as %q by %q, %v", name, account.User, account.From, err)
		}
		line := r.Redactor.Line(strings.Join(e.logins, ", "))
		for _, secret := range strings.Fields("for-all-of-it for-a-path for-docker-io an-identity-token of-the-job") {
			if strings.Contains(line, secret) {
				t.Errorf("%s: %s shows", name, secret)
			}
		}
	}
}

// TestLogInRefusals: what cannot be is said before anything is pulled.
func TestLogInRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, secret, want string }{
		"not given": {"logins = ['MINE']", "", "ship.toml names the secret MINE, which is not given"},
		"no JSON":   {"logins = ['MINE']", "of-nobody", "the secret MINE is not JSON in the format of Docker's"},
		"no host": {"logins = [{registry = 'MINE', user = 'MINE', password = 'MINE'}]", "of-nobody",
			"the secret MINE holds no registry's HOST[:PORT]"},
	} {
		common, e := reader(t, "", map[string]string{"MINE": c.secret})
		_, err := loggedIn(t, common, "", "r.example/acme/shop", c.file)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "of-nobody") {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if len(e.logins) > 0 {
			t.Errorf("%s: the session got %q", name, e.logins)
		}
	}
	common, _ := reader(t, "", nil)
	common.Plan = true
	r, err := loggedIn(t, common, "", "r.example/acme/shop", "logins = ['MINE']")
	if err != nil {
		t.Errorf("a plan does without: %v", err)
	}
	if account, err := r.account("r.example/acme/shop"); err != nil ||
		!strings.Contains(account.Lacks, "ship.toml names the secret MINE") {
		t.Errorf("a plan that needs it knows of %+v, %v", account, err)
	}
}

// TestTwoLoginsOfOneRegistry: projects whose images take two logins of one registry cannot share a session. One that
// needs none of its own does not keep another one from its own.
func TestTwoLoginsOfOneRegistry(t *testing.T) {
	t.Parallel()
	common, e := reader(t, "", map[string]string{"DOCKER_AUTH_CONFIG": docker})
	if _, err := loggedIn(t, common, "", "other.example/docs", ""); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(e.logins, "r.example docker for-all-of-it") {
		t.Errorf("the session got %q", e.logins)
	}
	if _, err := loggedIn(t, common, "", "r.example/acme/shop", ""); err != nil {
		t.Fatal(err)
	}
	if last := e.logins[len(e.logins)-2]; last != "r.example:443 acme for-a-path" &&
		last != "r.example acme for-a-path" {
		t.Errorf("the session got %q", e.logins)
	}
	got := len(e.logins)
	if _, err := loggedIn(t, common, "", "r.example/acme/web", ""); err != nil || len(e.logins) != got {
		t.Errorf("the same login once more: %v, %q", err, e.logins[got:])
	}
	_, err := loggedIn(t, common, "", "r.example/web", "")
	if want := "two are needed for r.example: for r.example/acme from the secret DOCKER_AUTH_CONFIG, and for " +
		"r.example from the secret DOCKER_AUTH_CONFIG: release the projects in calls of their own"; err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("another login: %v", err)
	}
}

// TestPushElsewhere: an image on another host than --password is for is published with that host's login only.
func TestPushElsewhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "x: is to be published, but --login and --password are for home.example",
		`{"auths": {"127.0.0.1:1": {"username": "a", "password": "of-the-other"}}}`: "ask for the right to push to",
	} {
		common, _ := reader(t, "home.example", map[string]string{"DOCKER_AUTH_CONFIG": text})
		r, err := loggedIn(t, common, "home.example", "127.0.0.1:1/acme/shop", "")
		if err != nil {
			t.Fatal(err)
		}
		r.facts.Images = []converge.Image{{Address: "x:"}}
		if r.read.Images[0].Account, err = r.account("127.0.0.1:1/acme/shop"); err != nil {
			t.Fatal(err)
		}
		ended, end := context.WithCancel(t.Context())
		end() // what is asked ends at once
		if err := r.checkPush(ended, 0); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestToolsBesideTheImage: if image and tools take two logins of one registry, it is the image's.
func TestToolsBesideTheImage(t *testing.T) {
	t.Parallel()
	common, e := reader(t, "", map[string]string{"DOCKER_AUTH_CONFIG": strings.Replace(docker, `"tools.example:443"`,
		`"tools.example/acme": {"username": "acme", "password": "for-a-path"}, "tools.example:443"`, 1)})
	if _, err := loggedIn(t, common, "", "tools.example/acme/shop", ""); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(e.logins, ", "); !strings.Contains(text, "tools.example acme for-a-path") ||
		strings.Contains(text, "an-identity-token") {
		t.Errorf("the session got %s", text)
	}
}

// TestLogInForTools: a function that needs no image logs in for the tools alone.
func TestLogInForTools(t *testing.T) {
	t.Parallel()
	common, e := reader(t, "", map[string]string{"DOCKER_AUTH_CONFIG": docker})
	common.readPassword = func() error { return fmt.Errorf("it is not needed") }
	s := fromFile(t, settings.Given{Registry: "r.example", Tools: "tools.example/k8s:1"},
		"logins = ['DOCKER_AUTH_CONFIG', 'NOT_GIVEN']")
	if err := New(common, s).logInForTools(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(e.logins)
	want := []string{"tools.example  an-identity-token", "tools.example:443  an-identity-token"}
	if !slices.Equal(e.logins, want) {
		t.Errorf("the session got %q, want %q", e.logins, want)
	}
}
