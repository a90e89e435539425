package logins

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func read(t *testing.T, text string) List {
	t.Helper()
	list, err := Read("the secret X", text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestFor finds the login of an image as Docker does it, and by a path as Kubernetes and GitLab's runner do.
func TestFor(t *testing.T) {
	t.Parallel()
	list := read(t, `{
		"HttpHeaders": {"User-Agent": "Docker-Client"},
		"auths": {
			"https://index.docker.io/v1/": {"auth": "`+b64("hub:h:b")+`", "email": "a@b.example"},
			"registry.example": {"auth": "`+strings.TrimRight(b64("all:a"), "=")+`"},
			"registry.example/acme": {"username": "acme", "password": "b"},
			"registry.example/acme/shop": {"username": "shop", "password": "c"},
			"registry.example:5000": {"auth": "`+b64("port:d\x00\x00")+`"},
			"http://plain.example:80/v2/": {"auth": "`+b64("plain:e")+`"},
			"https://Upper.Example/v1/team/": {"auth": "`+b64("upper:f")+`"},
			"acr.example": {"auth": "`+b64("0000:")+`", "identitytoken": "token"},
			"proxy.example:443": {"auth": "`+b64("proxy:g")+`"},
			"localhost:5000": {"auth": "`+b64("local:h")+`"},
			"[::1]:5000": {"auth": "`+b64("six:i")+`"},
			"myregistry:5000": {"auth": "`+b64("short:j")+`"},
			"empty.example": {},
			"*.glob.example": {"auth": "not for Docker"},
			"account": {"auth": "`+b64("nobody:k")+`"},
			"evil.example#registry.example": {"auth": "`+b64("nobody:k")+`"},
			"user@registry.example": {"auth": "`+b64("nobody:k")+`"}
		}
	}`)
	for image, want := range map[string]string{
		"busybox":                                   "hub h:b",
		"busybox:1.35":                              "hub h:b",
		"docker.io/acme/shop":                       "hub h:b",
		"index.docker.io/acme/shop":                 "hub h:b",
		"registry-1.docker.io/acme/shop":            "hub h:b",
		"acme/shop":                                 "hub h:b",
		"registry.example/x":                        "all a",
		"registry.example/acmes/x":                  "all a",
		"registry.example:443/x":                    "all a",
		"registry.example/acme/x:1@sha256:0":        "acme b",
		"registry.example/acme":                     "acme b",
		"registry.example/acme/shop":                "shop c",
		"registry.example/acme/shop:1.0":            "shop c",
		"registry.example/acme/shop/api@sha256:0":   "shop c",
		"registry.example/acme/shopping":            "acme b",
		"registry.example:5000/acme/shop":           "port d",
		"registry.example:5001/acme/shop":           "",
		"evil.registry.example/x":                   "",
		"registry.example.evil.example/x":           "",
		"plain.example:80/x":                        "plain e",
		"plain.example/x":                           "",
		"upper.example/team/x":                      "upper f",
		"upper.example/other/x":                     "",
		"acr.example/x":                             " token",
		"proxy.example/acme/dependency_proxy/x":     "proxy g",
		"proxy.example:443/acme/dependency_proxy/x": "proxy g",
		"localhost:5000/x":                          "local h",
		"[::1]:5000/x":                              "six i",
		"myregistry:5000/x":                         "short j",
		"empty.example/x":                           "",
		"a.glob.example/x":                          "",
		"account/x":                                 "hub h:b",
		"":                                          "hub h:b",
	} {
		got := ""
		if login, is := list.For(image); is {
			got = login.User + " " + login.Password + login.Token
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", image, got, want)
		}
	}
}

// TestKeysOfOnePlace: several keys may mean one registry, and Docker looks for one of them.
func TestKeysOfOnePlace(t *testing.T) {
	t.Parallel()
	list := read(t, `{"auths": {
		"https://r.example": {"username": "1", "password": "x"}, "r.example": {"username": "2", "password": "x"},
		"r.example:443": {"username": "3", "password": "x"}, "docker.io": {"username": "4", "password": "x"},
		"https://index.docker.io/v1/": {"username": "5", "password": "x"}}}`)
	for image, want := range map[string]string{"r.example/x": "2", "busybox": "5"} {
		if login, _ := list.For(image); login.User != want {
			t.Errorf("%s: %s, want %s", image, login.User, want)
		}
	}
}

// TestFaults: an error names the secret and the registry, and nothing else that is in it.
func TestFaults(t *testing.T) {
	t.Parallel()
	const hidden = "hunter2-hunter2"
	for text, want := range map[string]string{
		hidden: "the secret X is not JSON in the format of Docker's configuration (line 1, column 1): write",
		"{\n \"auths\": {\"r.example\": {\"auth\": \"" + hidden + "\"}}\n,}": "(line 3, column 2)",
		`{"auths": {"r.example": {"auth": 12345678}}}`:                       "(line 1, column ",
		`{"auths": {"r.example": "` + hidden + `"}}`:                         "(line 1, column ",
		`{"auths": ["` + hidden + `"]}`:                                      "(line 1, column ",
		`["` + hidden + `"]`:                                                 "(line 1, column ",
		"":                                                                   "(line 1, column ",
		"/builds/acme/shop.tmp/" + hidden: "It looks like the path of a file: give a variable of GitLab's type File " +
			"as file://$NAME",
		b64(`{"auths": {"r.example": {"auth": "` + hidden + `"}}}`): "It is that in base64: give it as it is",
		`{"r.example": {"auth": "` + b64("u:"+hidden) + `"}}`:       `the secret X has no "auths"`,
		`{"auths": {"r.example/a": {"auth": "` + hidden + `"}}}`: `the secret X: r.example/a: its "auth" is not ` +
			`USER:PASSWORD in base64`,
		`{"auths": {"r.example": {"auth": "` + b64(hidden) + `"}}}`: `the secret X: r.example: its "auth" is not`,
		`{"auths": {"r.example": {"auth": "` + b64(":"+hidden) + `"}}}`: `the secret X: r.example: its "auth" is ` +
			`not`,
		`{"auths": {"r.example": {"password": "` + hidden + `"}}}`: `the secret X: r.example: it has a password ` +
			`without a user name`,
		strings.Repeat(`{"auths":`, 20_000): "is not JSON",
	} {
		list, err := Read("the secret X", text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "the secret X") ||
			strings.Contains(err.Error(), "unter2") || strings.Contains(err.Error(), "1234") || len(list.logins) > 0 {
			t.Errorf("%.100s:\n got %v\nwant %s", text, err, want)
		}
	}
	for _, text := range []string{"{}", `{"auths": {}}`, `{"auths": null, "credsStore": "desktop"}`, "null"} {
		if list, err := Read("the secret X", text); err != nil || len(list.Hosts()) > 0 {
			t.Errorf("%s: %v, %v", text, list, err)
		}
	}
}

// TestLacks: what Docker's configuration leaves to a program cannot be used, which is said if it is missed.
func TestLacks(t *testing.T) {
	t.Parallel()
	const text = `{"auths": {"kept.example": {}, "both.example": {"auth": "` + "dTpw" + `"}, "bearer.example": ` +
		`{"registrytoken": "x"}, "nothing.example": {}}, "credHelpers": {"ecr.example": "ecr-login", "both.example": ` +
		`"x", "odd.example": "a b\u001b[0m"}, "credsStore": "desktop"}`
	list := read(t, text).And(Missing("the secret Y is not given"))
	if login, is := list.For("both.example/x"); !is || login.User != "u" {
		t.Errorf("an entry beside a program: %+v", login)
	}
	for image, want := range map[string]string{
		"kept.example/x":    "the secret X leaves the login for kept.example to the program docker-credential-desktop",
		"ecr.example/x":     "the secret X leaves the login for ecr.example to the program docker-credential-ecr-login",
		"odd.example/x":     "the secret X leaves the login for odd.example to a program, and Ship runs none: put user",
		"bearer.example/x":  "the secret X has only a registry token for bearer.example, which an engine cannot use",
		"unknown.example/x": "the secret X leaves logins to the program docker-credential-desktop",
	} {
		if got := list.Lacks(image); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want %q", image, got, want)
		}
		if _, is := list.For(image); is {
			t.Errorf("%s has a login", image)
		}
	}
	if got := Missing("it is not given").Lacks("r.example/x"); got != "it is not given" {
		t.Errorf("got %q", got)
	}
	if got := read(t, `{"auths": {"r.example": {}}}`).Lacks("r.example/x"); got != "" {
		t.Errorf("an empty entry: %q", got)
	}
}

// TestOrder: of several lists the first counts, and what goes over them counts for all of its registry.
func TestOrder(t *testing.T) {
	t.Parallel()
	first := read(t, `{"auths": {"a.example": {"username": "1", "password": "x"}, "b.example/p": {"username": "2", `+
		`"password": "x"}, "c.example/p": {"username": "3", "password": "x"}}}`)
	second, is := Pair("the secret Z", "https://A.example:443/v1/", "4", "x")
	if !is {
		t.Error("an address is no host")
	}
	third := read(t, `{"auths": {"b.example": {"username": "5", "password": "x"}}}`)
	list := first.And(second).And(third)
	users := func(logins []Login) (users string) {
		for _, login := range logins {
			users += login.User
		}
		return users
	}
	if got := users(list.Hosts()); got != "153" {
		t.Errorf("a session gets %s", got)
	}
	home := Login{Place: Place{Host: "c.example"}, User: "6", Password: "x"}
	if got := users(list.Over(home).Hosts()); got != "615" {
		t.Errorf("a session gets %s", got)
	}
	if got := users(first.Hosts()); got != "123" {
		t.Errorf("the first list became %s", got)
	}
	for _, host := range []string{
		"", "a b", "host", "https://", "a.example:port", "a.example/\x00", strings.Repeat("[", 99),
	} {
		if _, is := Pair("the secret Z", host, "u", "p"); is {
			t.Errorf("%q is a host", host)
		}
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"r.example": "r.example r.example:443", "r.example:443": "r.example:443 r.example",
		"r.example:5000": "r.example:5000", "docker.io": "docker.io", "[::1]:443": "[::1]:443",
	} {
		place := Place{Host: host}
		if got := strings.Join(place.Hosts(false), " "); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
		if got := place.Hosts(true); !slices.Equal(got, []string{host}) {
			t.Errorf("%s over plain HTTP: %s", host, got)
		}
	}
	for host, want := range map[string]bool{
		"r.example": true, "localhost:5000": true, "127.0.0.1:5000": true, "registry:5000": false, "[::1]:5000": false,
	} {
		if (Place{Host: host}).Usual() != want {
			t.Errorf("%s is usual: %v", host, !want)
		}
	}
}

// tokenFor is an error about the token for a repository, as its query has it.
func tokenFor(repository string) string {
	return "failed to fetch anonymous token: unexpected status from GET request to https://a.example/token?scope=" +
		"repository%3A" + repository + "%3Apull&service=private: 401 Unauthorized"
}

// TestExplain holds what BuildKit and engines say when a registry refuses.
func TestExplain(t *testing.T) {
	t.Parallel()
	list := read(t, `{"auths": {"r.example:5000": {"username": "u", "password": "x"}, "https://index.docker.io/v1/": `+
		`{"username": "u", "password": "x"}, "p.example/a": {"username": "u", "password": "x"}}, "credHelpers": `+
		`{"ecr.example": "ecr-login"}}`)
	for text, want := range map[string]string{
		"a: failed to resolve source metadata for r.example:5000/a/b:1: unexpected status from HEAD request to x: " +
			"401 Unauthorized": "the login for r.example:5000, from the secret X, is wrong or may not do this",
		`failed to resolve image "docker.io/acme/private:1": pull access denied, repository does not exist or may ` +
			`require authorization`: "the login for docker.io, from the secret X, is wrong or may not do this",
		"failed to resolve source metadata for p.example/b/c: 403 Forbidden": "the login for p.example, from",
		"failed to push p.example/a/c: authorization failed":                 "the login for p.example, from",
		"failed to resolve source metadata for ecr.example/a: no basic auth credentials": "there is no login for " +
			"ecr.example: the secret X leaves the login for ecr.example to the program docker-credential-ecr-login",
		"failed to resolve source metadata for other.example/a: 401 Unauthorized": "there is no login for other.ex",
		"failed to resolve source metadata for r.example:5000/a: 404 Not Found":   "",
		"RUN npm ci: 401 Unauthorized from r.example:5000/npm":                    "",
		"":                             "",
		tokenFor("acme%2Fbase"):        "the login for r.example:5000, from the secret X, is wrong",
		tokenFor("library%2Fbusybox"):  "the login for docker.io, from",
		tokenFor("other"):              "there is no login for other.example, in case it wants one",
		tokenFor("of%2Fan%2Fargument"): "the registry of of/an/argument wants a login, and was given none or a",
		tokenFor("%zz"):                "the registry of repository%3A%zz%3Apull wants a login",
		"failed to fetch oauth token: 401 Unauthorized": "",
	} {
		got := list.Explain(text, "r.example:5000/acme/base:1", "busybox", "other.example/other@sha256:0")
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s:\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	got := Secrets(`{"auths": {"a.example": {"auth": "` + b64("u:first") + `"}, "b.example": {"username": "u", ` +
		`"password": "second", "identitytoken": "third", "registrytoken": "fourth"}, "c.example": {"auth": "fifth"}}}`)
	want := []string{b64("u:first"), "fifth", "first", "fourth", "second", "third"}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Secrets("not: JSON"); !slices.Equal(got, []string{"not: JSON"}) {
		t.Errorf("got %q", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"auths": {"https://index.docker.io/v1/": {"auth": "dTpw"}}}`, "docker.io/a/b")
	f.Add(`{"auths": {"r.example/a": {"username": "u", "password": "p"}}, "credsStore": "x"}`, "r.example/a:1")
	f.Add(`{"auths": {"[::1]:443": {"identitytoken": "t"}}, "credHelpers": {"::": "x"}}`, "[::1]:443/a@b")
	f.Add(strings.Repeat(`{"auths":`, 5000), "")
	f.Add(`{"auths": {"://": {"auth": "Og=="}}}`, "//:@")
	f.Fuzz(func(t *testing.T, text, image string) {
		list, err := Read("X", text)
		if err != nil && len(list.logins)+len(list.lacks) > 0 {
			t.Errorf("%v beside %v", list, err)
		}
		for _, login := range list.Hosts() {
			if login.Password == "" && login.Token == "" || login.Place.Host == "" {
				t.Errorf("%+v is no login", login)
			}
			if _, is := list.For(login.Place.String() + "/x"); !is {
				t.Errorf("no image at %s has a login", login.Place)
			}
			_ = login.Place.Hosts(false)
		}
		list.For(image)
		list.Lacks(image)
		list.Explain(image)
	})
}
