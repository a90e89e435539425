package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dagger/ship/e2e/bed"
	"dagger/ship/testbed/control"
)

// newMonorepo makes a repo of copies of the example, by folder, and a ship.toml.
func newMonorepo(t *testing.T, list string, folders ...string) *app {
	t.Helper()
	a := newLight(t)
	a.Settings["environments"] = "production=" + a.Name
	a.git("rm", "--quiet", "-r", ".")
	for _, folder := range folders {
		to := filepath.Join(a.Dir, folder)
		must(t, 0, os.CopyFS(to, os.DirFS("../examples/poetry-service")))
		a.edit(folder+"/pyproject.toml", `(?m)^name = .*`, `name = "`+filepath.Base(folder)+`"`)
		a.write(folder+"/Dockerfile", bed.LightDockerfile)
	}
	a.write("ship.toml", list)
	a.commit("several projects")
	return a
}

func TestMonorepo(t *testing.T) {
	t.Parallel()
	a := newMonorepo(t, `
[projects.web]
needs = ["api"]
template = "{name}@{version}"

[projects.api]
path = "services/api"
image = "backend"

[projects.batch]
environments = []

[projects.nightly]
needs = ["web", "batch"]
environments = []
`, "services/api", "web", "batch", "nightly")
	a.write("batch/Dockerfile", "FROM busybox:1.35\nRUN echo nothing works && exit 3\n")
	commit := a.commit("one that does not build")

	plan, err := a.ship("plan")
	if err != nil || !strings.Contains(plan, "4 projects: 4 to be released") || len(a.tags()) != 0 {
		t.Errorf("plan: %v", err)
	}
	if out, err := a.ship("with-image", "--container=docker.io/library/python:3.11-slim", "release"); err == nil ||
		!strings.Contains(out, "a container was given, for one project") {
		t.Errorf("one container for several projects: %v", err)
	}
	if out, err := a.ship("version"); err == nil ||
		!strings.Contains(out, "pick one with --project, of web, api, batch, nightly") {
		t.Errorf("the version of several: %v", err)
	}

	out, err := a.ship("release")
	if err == nil {
		t.Fatal("a project that does not build is no failure")
	}
	for _, want := range []string{
		`(?m)^Error: 4 projects: 2 released, 2 failed$`, `(?m)^\|- \+ web 0\.1\.0 +released$`,
		`(?m)^\|- \+ api 0\.1\.0 +released$`, `(?m)^\|- x batch 0\.1\.0 +build: .*exit 3`,
		`(?m)^` + "`" + `- x nightly 0\.1\.0 +not begun: it needs batch, which failed$`, `nothing works`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("the error does not have %s", want)
		}
	}
	if api, web := strings.Index(out, "api:  + deploy production"), strings.Index(out, "web:  + tag"); api < 0 ||
		web < api {
		t.Error("web did not wait for api, which it needs")
	}
	tags := a.tags()
	if len(tags) != 2 || tags["web@0.1.0"] != commit || tags["api-0.1.0"] != commit {
		t.Errorf("the tags are %v", tags)
	}
	running := a.running(a.Name)
	for _, image := range []string{a.Image() + "/backend:0.1.0@sha256:", a.Image() + "/web:0.1.0@sha256:"} {
		if !strings.Contains(running, image) {
			t.Errorf("%s runs, not %s", running, image)
		}
	}

	a.write("batch/Dockerfile", "FROM busybox:1.35\n")
	a.edit("services/api/pyproject.toml", `(?m)^version = .*`, `version = "0.2.0"`)
	a.commit("mend it")
	if out, err := a.ship("status"); err != nil ||
		!regexp.MustCompile(`(?m)^api +production +0\.1\.0 .* healthy$`).MatchString(out) ||
		strings.Contains(out, "batch") {
		t.Errorf("status: %v", err)
	}
	out, err = a.ship("release")
	if err != nil || !strings.HasPrefix(out, "4 projects: 3 released, 1 nothing to do\n") {
		t.Errorf("the retry: %v", err)
	}
	image := a.Image() + "/backend:0.2.0@" + strings.TrimPrefix(
		regexp.MustCompile(`/backend:0\.2\.0@(sha256:\w+)`).FindString(a.running(a.Name)), "/backend:0.2.0@")
	out, err = a.ship("reports", "dotenv")
	if err != nil || !strings.Contains(out+"\n", "API_VERSION=0.2.0\nAPI_TAG=api-0.2.0\nAPI_IMAGE="+image+"\n") ||
		strings.Count(out, "\n") != 15 {
		t.Errorf("what the reports hand on: %v\n%s", err, out)
	}
	a.Settings["project"] = "web"
	if out, err := a.ship("rollback", "--environment=production"); err == nil ||
		!strings.Contains(out, "no earlier version than 0.1.0") {
		t.Errorf("rollback of one project: %v", err)
	}
	a.release("nothing to do")
}

// TestMonorepoRefusals is about what is refused before anything is touched.
func TestMonorepoRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ list, want string }{
		"unknown key": {"[projects.api]\nimag = \"x\"\n", `ship.toml:2:1: unknown key "imag": did you mean "image"?`},
		"bad setting": {"[projects.api]\n\n[projects.web]\nenvironments = [\"test:replace\"]\n",
			`ship.toml:4:1: environments: environment "test:replace": no strategy "replace"`},
		"no registry": {"[projects.api]\nimage = \"UPPER\"\n", `ship.toml:2:1: image: "`},
		"same tag": {"[projects.api]\ntemplate = \"v{version}\"\n[projects.web]\ntemplate = \"v{version}\"\n",
			"would share the git tag v0.1.0"},
		"same image": {"[projects.api]\nimage = \"x\"\n[projects.web]\nimage = \"x\"\n",
			"the projects api and web would share the image"},
		"one of two": {"[projects.api]\nimage = \"x\"\n[projects.web]\nimage = \"x\"\n",
			"the projects web and api would share the image"},
		"no such path":  {"[projects.app]\n", "app"},
		"other project": {"[projects.api]\n[projects.web]\n", `ship.toml lists no project "docs", only api, web`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newMonorepo(t, c.list, "api", "web")
			if project := map[string]string{"other project": "docs", "one of two": "api"}[name]; project != "" {
				a.Settings["project"] = project
			}
			before := len(a.changes())
			if out, err := a.ship("release"); err == nil || !strings.Contains(out, c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			if after := a.changes(); len(after) != before {
				t.Errorf("it changed %q", after[before:])
			}
		})
	}
}

// TestManyProjects counts what many projects with nothing to do ask of the git server.
func TestManyProjects(t *testing.T) {
	const projects = 40
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	a.git("rm", "--quiet", "-r", ".")
	var list strings.Builder
	for i := range projects {
		name := fmt.Sprintf("project%02d", i)
		fmt.Fprintf(&list, "[projects.%s]\n", name)
		must(t, 0, os.Mkdir(filepath.Join(a.Dir, name), 0o755))
		a.write(name+"/package.json", `{"name": "@acme/`+name+`", "version": "1.0.0"}`)
		a.write(name+"/Dockerfile", "FROM scratch\nCOPY package.json /\n")
	}
	a.write("ship.toml", list.String())
	commit := a.commit("many projects")

	start := time.Now()
	out, err := a.ship("release")
	if err != nil || !strings.HasPrefix(out, fmt.Sprintf("%[1]d projects: %[1]d released\n", projects)) {
		t.Fatalf("release: %v", err)
	}
	t.Logf("%d releases in %s", projects, time.Since(start))
	tags := a.tags()
	if len(tags) != projects || tags["@acme/project12-1.0.0"] != commit {
		t.Errorf("there are %d tags", len(tags))
	}

	asked := func(project, want string, looks int) (requests []string) {
		a.Settings["project"] = project
		seen, looked := len(a.requests()), len(a.requestsTo(a.Bed.Registry.Control, a.Repo))
		start := time.Now()
		if out, err := a.ship("release"); err != nil || !strings.Contains(out, want) {
			t.Fatalf("release of %q: %v", project, err)
		}
		t.Logf("release of %q with nothing to do in %s", project, time.Since(start))
		for _, r := range a.requests()[seen:] {
			requests = append(requests, r.Method+" "+r.Path)
		}
		if now := a.requestsTo(a.Bed.Registry.Control, a.Repo)[looked:]; len(now) != looks {
			t.Errorf("the registry was asked %d times, want %d: %+v", len(now), looks, now)
		}
		return requests
	}
	// the registry: for the version and for latest
	one := asked("project12", "nothing to do", 2)
	all := asked("", fmt.Sprintf("%[1]d projects: %[1]d nothing to do", projects), 2*projects)
	if len(one) == 0 || !slices.Equal(one, all) {
		t.Errorf("one project asked the git server for %q, all of them for %q", one, all)
	}
}

// requests are what the git server was asked about the app's repository.
func (a *app) requests() []control.Request { return a.requestsTo(a.Bed.Git.Control, a.Repo) }

// requestsTo are what a server was asked about a repository and those below it.
func (a *app) requestsTo(server, repository string) (requests []control.Request) {
	a.t.Helper()
	all, err := control.Client{URL: server}.Requests(a.t.Context())
	for _, r := range must(a.t, all, err) {
		if strings.HasPrefix(r.Repository+"/", repository+"/") {
			requests = append(requests, r)
		}
	}
	return requests
}
