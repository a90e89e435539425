package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dagger/ship/e2e/bed"
)

// example is a project of an example whose plans are looked at, too.
func example(t *testing.T, of bed.Example) *project {
	t.Helper()
	p := newProject(t, of)
	t.Cleanup(func() { makeRoom(t, p.Name) })
	must(t, 0, component())
	delete(p.Settings, "environments") // ship.toml has them
	return p
}

// plans wants a plan to say the words, on one screen.
func (p *project) plans(words ...string) {
	p.t.Helper()
	if out := p.app.says([]string{"plan"}, words...); strings.Count(out, "\n") > 20 {
		p.t.Errorf("the plan has %d lines", strings.Count(out, "\n"))
	}
}

// runsImage wants an environment's Helm release to run the version's image by its digest.
func (p *project) runsImage(namespace, release, version string) {
	p.t.Helper()
	got := p.kubectl("get", "deployment", release, "--namespace="+namespace,
		"--output=jsonpath={.spec.template.spec.containers[0].image}")
	if want := p.Image() + ":" + version + "@" + p.look(version).Digest; got != want {
		p.t.Errorf("%s in %s runs %s, want %s", release, namespace, got, want)
	}
}

// TestExampleCloud merges into the example whose registry and clusters want what programs make, and presses its button.
// The first job has no key for production, so it must not look there.
func TestExampleCloud(t *testing.T) {
	t.Parallel()
	p := example(t, bed.Cloud)
	p.edit(".env", "(?m)^SHIP_IMAGE=.*", "SHIP_IMAGE="+p.Image())
	p.edit(".env", "(?m)^SHIP_LOGIN=.*", "SHIP_LOGIN="+p.Registry.User)
	p.commit("a cloud of our own")
	for _, name := range []string{"CI_REGISTRY_IMAGE", "CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD"} {
		delete(p.variables, name)
	}
	p.program("aws", `test "$*" = "ecr get-login-password --region=eu-central-1" && echo "`+p.Registry.Password+`"`)
	ids := map[string]string{"test": "AKIATESTEXAMPLE", "production": "AKIAPRODUCTIONEXAMPLE"}
	programs := map[string]string{}
	for name, id := range ids {
		programs[name] = `test "$AWS_ACCESS_KEY_ID" = ` + id + " || exit 1; " + gives("$AWS_SECRET_ACCESS_KEY")
	}
	token, kubeconfig := plugins(t, p.app, programs)
	p.variables["KUBECONFIG_FILE"] = kubeconfig
	p.scoped = map[string]map[string]string{"AWS_ACCESS_KEY_ID": ids,
		"AWS_SECRET_ACCESS_KEY": {"test": token, "production": token}}
	p.Settings["kubeconfig"] = "file://" + kubeconfig
	p.Secrets["AWS_ACCESS_KEY_ID"], p.Secrets["AWS_SECRET_ACCESS_KEY"] = ids["test"], token

	p.plans(p.Image()+":1.4.0 is not in the registry", "> deploy test        test runs nothing",
		"= deploy production  production is left to deploy --environment=production")
	p.runs("+ publish", "+ deploy test")
	p.runs("nothing is missing")
	for range 2 {
		out, err := p.gitlab("production")
		must(t, out, err)
		p.runsImage(p.Name+"-production", "shop", "1.4.0")
	}
	p.runsImage(p.Name+"-test", "shop", "1.4.0")
	if test, production := p.revisions(p.Name+"-test"), p.revisions(p.Name+"-production"); test+production != 2 {
		t.Errorf("there are %d revisions in test, %d in production", test, production)
	}
}

// TestExampleTakingOver merges into the example whose releases somebody made with Helm 3: one in the same way as Ship,
// with a value more, and one without the image's digest.
func TestExampleTakingOver(t *testing.T) {
	t.Parallel()
	p := example(t, bed.TakingOver)
	p.publish()
	by := func(release, image, more string) {
		t.Helper()
		out, err := p.ClusterProgram("helm3", "install", release, filepath.Join(p.Dir, "chart"), "--namespace="+p.Name,
			"--create-namespace", "--set=web.image="+image+more)
		must(t, out, err)
	}
	image := p.Image() + ":1.4.0"
	by("webshop-test", image+"@"+p.look("1.4.0").Digest, ",web.title=Shop\\, to try out,web.owner=somebody")
	by("webshop", image, ",web.title=Shop")
	pods := func(release string) string {
		t.Helper()
		return p.kubectl("get", "pods", "--namespace="+p.Name, "--selector=app.kubernetes.io/instance="+release,
			"--field-selector=status.phase=Running", "--output=name")
	}
	p.kubectl("wait", "deployments", "--all", "--for=condition=Available", "--namespace="+p.Name, "--timeout=2m")
	before := pods("webshop-test")
	p.plans("test runs 1.4.0, but not as wanted: web.owner", "live runs 1.4.0, but not by its digest")
	p.runs("+ deploy test", "+ deploy live")
	if after := pods("webshop-test"); after != before {
		t.Errorf("the pods %q were replaced by %q, though nothing of them changed", before, after)
	}
	p.runs("nothing is missing")
	for _, release := range []string{"webshop-test", "webshop"} {
		p.runsImage(p.Name, release, "1.4.0")
	}
	if got := p.revisions(p.Name); got != 4 {
		t.Errorf("there are %d revisions, want one of Ship's for each of helm's", got)
	}
}

// TestExampleSharedChart merges into the example with the company's chart, and changes a secret.
func TestExampleSharedChart(t *testing.T) {
	t.Parallel()
	p := example(t, bed.SharedChart)
	packed, registry := t.TempDir(), strings.TrimSuffix(p.Image(), "/"+p.Repo)
	out, err := p.Helm("package", "charts/service", "--destination="+packed)
	must(t, out, err)
	out, err = p.Helm(
		"push",
		filepath.Join(packed, "service-2.3.1.tgz"),
		"oci://"+p.Registry.Address+"/"+p.Repo+"/charts",
		"--plain-http",
		"--username="+p.Registry.User,
		"--password="+p.Registry.Password,
	)
	must(t, out, err)
	p.edit("ship.toml", "registry.example.com", registry+"/"+p.Repo)
	p.commit("a registry of our own")
	file := filepath.Join(t.TempDir(), "LIVE_VALUES")
	must(t, 0, os.WriteFile(file, []byte("files:\n  licence: walrus-in-the-file\n"), 0o600))
	p.variables["LIVE_VALUES"] = file
	p.Settings["secrets"] = "env://DB_PASSWORD,env://SMTP_PASSWORD,env://PAYMENT_KEY,env://SENTRY_DSN,file://" + file
	for _, name := range []string{"DB_PASSWORD", "SMTP_PASSWORD", "PAYMENT_KEY", "SENTRY_DSN"} {
		p.variables[name] = "correct-horse-" + name
		p.Secrets[name] = p.variables[name] // never to be shown
	}
	namespace := p.Name + "-live"
	has := func(secret, key string) string {
		t.Helper()
		return p.kubectl("get", "secret", secret, "--namespace="+namespace,
			"--output=go-template={{.data."+key+" | base64decode}}")
	}
	p.runs("+ publish", "+ deploy live")
	p.runsImage(namespace, "shop", "1.4.0")
	made := has("shop", "SESSION_KEY")
	if !regexp.MustCompile(`^\w{32}$`).MatchString(made) || has("shop-files", "licence") != "walrus-in-the-file" {
		t.Errorf("the session key is %q, the file %q", made, has("shop-files", "licence"))
	}
	p.runs("nothing is missing")

	p.variables["SMTP_PASSWORD"] = "another-horse"
	p.Secrets["SMTP_PASSWORD"] = "another-horse"
	p.plans("live runs 1.4.0, but not as wanted: secrets.SMTP_PASSWORD")
	p.runs("+ deploy live")
	for name, want := range map[string]string{"DB_PASSWORD": "correct-horse-DB_PASSWORD",
		"SMTP_PASSWORD": "another-horse", "SESSION_KEY": made} {
		if got := has("shop", name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
