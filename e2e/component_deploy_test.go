package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/ship/e2e/bed"
)

// deploys writes a .gitlab-ci.yml that includes both components, and lets the program dagger print what it is called
// with.
func (p *project) deploys(inputs string) {
	p.t.Helper()
	p.write(".gitlab-ci.yml", `stages: [deploy, later]
include:
  - component: $CI_SERVER_FQDN/platform/ship/release@v0.1.0
    inputs: {environment: test, environments: test, notes: true}
  - component: $CI_SERVER_FQDN/platform/ship/deploy@v0.1.0
    inputs: {`+inputs+`}
`)
}

// echoes has the runner's program dagger print what it is called with, one argument a line.
func (p *project) echoes() {
	p.t.Helper()
	p.program("dagger", `for argument; do echo "<$argument>" >&2; done`)
}

// program gives the runner a program, before those that it has.
func (p *project) program(name, script string) {
	p.t.Helper()
	folder, path := p.t.TempDir(), ""
	must(p.t, 0, os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	for _, variable := range p.env {
		if value, is := strings.CutPrefix(variable, "PATH="); is {
			path = value
		}
	}
	p.env = append(p.env, "PATH="+folder+":"+path)
}

// TestDeployComponent looks what the component deploy calls, for which environment of GitLab's, and in which pipelines.
func TestDeployComponent(t *testing.T) {
	t.Parallel()
	p := newProject(t, bed.ByTag)
	must(t, 0, component())
	p.echoes()
	gitlab := "<--gitlab=http"
	for inputs, c := range map[string]struct{ says, not []string }{
		// GitLab writes the deployment down, so Ship must not, whatever .env says
		"environment: live": {[]string{"deploy > <--gitlab=>\n", "deploy > <deploy>\n",
			"deploy > <--environment=live>\n", "deploy > <version>\n", "deploy environment: { name: live, "},
			[]string{"deploy > " + gitlab}},
		"environment: live/eu, ship_environment: eu, action: access, job: eu, stage: later, " +
			"url: https://eu.example.com": {[]string{"eu > " + gitlab, "eu > <--environment=eu>\n",
			"eu environment: { name: live/eu, url: https://eu.example.com }"}, []string{"eu > <--gitlab=>"}},
		"environment: live, secrets: 'env://A,env://B', kubeconfig: LIVE, chart: charts/a, context: a:b, " +
			"flags: '--timeout=10m --gitlab=mine', environments: 'test,live'": {
			[]string{"deploy > <--secrets=env://A,env://B>\n", "deploy > <--chart=charts/a>\n",
				"deploy > <--context=a:b>\n", "deploy > <--timeout=10m>\n", "deploy > <--environments=test,live>\n"},
			[]string{"deploy > <--kubeconfig"}}, // which .env has
	} {
		p.deploys(inputs + ", when: on_success")
		out, err := p.gitlab()
		if err != nil {
			t.Errorf("%s: %v", inputs, err)
		}
		// the job of the other component is as ever
		c.says = append(c.says, "release > "+gitlab, "release > <--environments=test>\n", "release > <reports>\n")
		c.not = append(c.not, "release > <deploy>", "> <reports>\ndeploy", "deploy > <reports>", "eu > <reports>")
		for _, text := range c.says {
			if !strings.Contains(out, text) {
				t.Errorf("%s: the pipeline does not say %q", inputs, text)
			}
		}
		for _, text := range c.not {
			if strings.Contains(out, text) {
				t.Errorf("%s: the pipeline says %q", inputs, text)
			}
		}
	}
}

// TestDeployComponentRules looks which pipelines have the component's job, and whether a person starts it.
func TestDeployComponentRules(t *testing.T) {
	t.Parallel()
	p := newProject(t, bed.ByTag)
	must(t, 0, component())
	p.echoes()
	tag := map[string]string{"CI_COMMIT_BRANCH": "", "CI_COMMIT_TAG": "v1.0.0"}
	other := map[string]string{"CI_COMMIT_BRANCH": "feature"}
	for inputs, c := range map[string]struct{ branch, tag string }{
		"environment: live":                              {"release deploy", ""},
		"environment: live, pushed: true":                {"release deploy", "deploy"},
		"environment: live, pushed: true, branch: false": {"release", "deploy"},
	} {
		p.deploys(inputs)
		for kind, got := range map[string]string{c.branch: p.jobs(nil), c.tag: p.jobs(tag), "": p.jobs(other)} {
			if got != kind {
				t.Errorf("%s: the jobs are %q, want %q", inputs, got, kind)
			}
		}
	}
	p.deploys("environment: live")
	if out, err := p.gitlab(); err != nil || strings.Contains(out, "<deploy>") {
		t.Errorf("a pipeline in which nobody presses the button: %v", err)
	}
	if out, err := p.gitlab("deploy"); err != nil || !strings.Contains(out, "deploy > <--environment=live>") ||
		strings.Contains(out, "<reports>") {
		t.Errorf("the button: %v", err)
	}
	for inputs, want := range map[string]string{
		"job: live":                                  "required value has not been provided",
		"environment: live, when: always":            "it is not in the list of allowed options",
		"environment: live, action: stop":            "it is not in the list of allowed options",
		"environment: live, needs: release":          "provided value is not a array",
		"environment: live, needs: [tests]":          "tests",
		"environment: live, ship_environment: 'a b'": "does not match required regex",
		"environment: 'a;b'":                         "does not match required regex",
	} {
		p.deploys(inputs)
		if out, err := p.gitlab(); err == nil || !strings.Contains(out, want) {
			t.Errorf("inputs %s: %v, want %q", inputs, err, want)
		}
	}
}
