package e2e

import (
	"strings"
	"testing"

	"dagger/ship/e2e/bed"
)

// TestExampleByCommit merges into the example whose images are called by their commits, and presses its button.
func TestExampleByCommit(t *testing.T) {
	t.Parallel()
	p := example(t, bed.ByCommit)
	acceptance, production := p.Name+"-acc", p.Name+"-prod"
	button := func() (string, error) { return p.gitlab("production") }
	if out, err := button(); err == nil || !strings.Contains(out, "is not published") {
		t.Errorf("the button before the merge has run: %v", err)
	}
	first := ""
	for _, page := range []string{"one", "two"} {
		p.write("www/index.html", page+"\n")
		commit := p.commit("page " + page)
		if first != "" {
			p.plans(p.Name+" sha-"+commit[:7]+" at ", "sha-"+commit+" is not in the registry", "> deploy acceptance  "+
				"acceptance runs sha-"+first[:7]+"\n", "production is left to deploy --environment=production")
		}
		p.runs("+ publish", "+ deploy acceptance")
		want := p.Image() + ":sha-" + commit + "@" + p.look("sha-"+commit).Digest
		if got := p.running(acceptance); got != want {
			t.Errorf("acceptance runs %s, want %s", got, want)
		}
		presses := 1
		if first == "" {
			p.runs("nothing is missing")
			presses = 2
		}
		first = commit
		for range presses {
			out, err := button()
			must(t, out, err)
			if got := p.running(production); got != want {
				t.Errorf("production runs %s, want %s", got, want)
			}
		}
		about := p.kubectl("get", "deployment", "shop-prod", "--namespace="+production,
			"--output=jsonpath={.spec.replicas} {.spec.template.spec.containers[0].env[0].value}")
		if about != "2 production "+commit {
			t.Errorf("production is about %q", about)
		}
	}
	if got := p.revisions(production); got != 2 {
		t.Errorf("production has %d revisions after two commits", got)
	}
	if tags := p.tags(); len(tags) != 0 {
		t.Errorf("tags: %v", tags)
	}
}

// TestExampleByTag merges into the example whose versions are tags, and pushes one.
func TestExampleByTag(t *testing.T) {
	t.Parallel()
	p := example(t, bed.ByTag)
	p.variables["KUBECONFIG_FILE"] = contexts(t, p.app, "staging", "live")
	p.variables["DB_PASSWORD"] = "correct-horse-battery"
	p.Secrets["DB_PASSWORD"] = p.variables["DB_PASSWORD"] // never to be shown
	runs := func(environment, tag string) {
		t.Helper()
		want := p.Image() + ":" + tag + "@" + p.look(tag).Digest
		if got := p.running(p.Name + "-" + environment); got != want {
			t.Errorf("%s runs %s, want %s", environment, got, want)
		}
	}
	p.Settings["kubeconfig"] = "file://" + p.variables["KUBECONFIG_FILE"]
	commit := p.git("rev-parse", "HEAD")
	p.runs("deploy live        no tag was given")
	runs("staging", "sha-"+commit)
	p.runs("nothing is missing")

	p.git("tag", "v1.4.0")
	p.git("push", "--quiet", "origin", "v1.4.0")
	p.variables["CI_COMMIT_TAG"] = "v1.4.0"
	p.Settings["version"] = "v1.4.0"
	p.plans("is 1.4.0, as --version says", "= tag                v1.4.0 is at "+commit[:7],
		"> deploy staging     staging runs sha-"+commit[:7]+"\n", "> deploy live        live runs nothing")
	p.runs("+ deploy live")
	p.runs("nothing is missing")
	runs("staging", "1.4.0")
	runs("live", "1.4.0")
	password := p.kubectl("get", "secret", "shop", "--namespace="+p.Name+"-live",
		"--output=go-template={{.data.password | base64decode}}")
	if password != p.variables["DB_PASSWORD"] {
		t.Error("live has another password")
	}
}
