package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dagger/ship/e2e/bed"
	"dagger/ship/testbed/control"
)

// TestPipelines runs each example's .gitlab-ci.yml from a merge commit to pods, and again, when there is nothing to do.
func TestPipelines(t *testing.T) {
	t.Parallel()
	for _, example := range []bed.Example{bed.Poetry, bed.NPM, bed.Cargo} {
		t.Run(example.Folder, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, example)
			must(t, 0, component())
			merged := p.merge("0.2.0")
			p.says("released", "0.2.0")
			p.isReleased("0.2.0", merged)
			p.pushedTag("ci.skip")
			if example.Folder == bed.NPM.Folder { // its .env asks for a release on GitLab
				if told := p.told(p.onGitLab(), p.Name+"-0.2.0").Description; !strings.Contains(told,
					p.look("0.2.0").Digest) {
					t.Errorf("GitLab's release says %q", told)
				}
			}
			if world.CanTLS() {
				p.usedTLS()
			}

			before := len(p.changes())
			p.says("nothing to do", "0.2.0")
			if after := p.changes(); len(after) != before {
				t.Errorf("a second pipeline changed %q", after[before:])
			}
		})
	}
}

// says runs a pipeline and looks for what its jobs say: the report's outcome, or where its text goes to the later jobs,
// the image.
func (p *project) says(outcome, version string) {
	p.t.Helper()
	out, err := p.gitlab()
	reported := strings.Contains(out, p.Name+" "+version+" at ") && strings.Contains(out, ": "+outcome)
	announced := strings.Contains(out, version+" is out as "+p.Image()+":"+version+"@"+p.look(version).Digest)
	if err != nil || !reported && !announced {
		p.t.Errorf("the pipeline says nothing of %s %s: %v", outcome, version, err)
	}
}

// pushedTag wants the app's one tag to have been pushed with these options, as the git server saw them.
func (a *app) pushedTag(options ...string) {
	a.t.Helper()
	requests, err := control.Client{URL: a.Bed.Git.Control}.Requests(a.t.Context())
	for _, r := range must(a.t, requests, err) {
		if r.Repository == a.Repo && r.Operation == "push" && len(r.Refs) == 1 &&
			strings.HasPrefix(r.Refs[0].Name, "refs/tags/") {
			if !slices.Equal(r.PushOptions, options) {
				a.t.Errorf("%s was pushed with the options %q, want %q", r.Refs[0].Name, r.PushOptions, options)
			}
			return
		}
	}
	a.t.Error("no tag was pushed")
}

// TestTagWithPipeline lets the tag's push start a pipeline.
func TestTagWithPipeline(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["pipeline"] = "true"
	if out, err := a.ship("tag", "pushed"); err != nil || out != "true" {
		t.Fatalf("tag: %q, %v", out, err)
	}
	a.pushedTag()
}

// TestPipelineRules looks which pipelines have the jobs of the examples, written out and of the component: the default
// branch's.
func TestPipelineRules(t *testing.T) {
	t.Parallel()
	for example, jobs := range map[*bed.Example]string{&bed.Poetry: "release", &bed.NPM: "release announce",
		&bed.ByCommit: "release production", &bed.ByTag: "release", &bed.Cloud: "release production",
		&bed.TakingOver: "release", &bed.SharedChart: "release"} {
		t.Run(example.Folder, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, *example)
			must(t, 0, component())
			ofTag := ""
			if example == &bed.ByTag {
				ofTag = jobs
			}
			for kind, c := range map[string]struct {
				variables map[string]string
				want      string
			}{
				"default branch": {nil, jobs},
				"other branch":   {map[string]string{"CI_COMMIT_BRANCH": "feature"}, ""},
				"tag":            {map[string]string{"CI_COMMIT_BRANCH": "", "CI_COMMIT_TAG": "shop-1.0.0"}, ofTag},
				"merge request": {map[string]string{"CI_COMMIT_BRANCH": "",
					"CI_PIPELINE_SOURCE": "merge_request_event"}, ""},
			} {
				if got := p.jobs(c.variables); got != c.want {
					t.Errorf("a pipeline of a %s has the jobs %q, want %q", kind, got, c.want)
				}
			}
		})
	}
}

// TestPipelineFiles looks at all pipelines and the component's header by GitLab's own JSON schema, and at the jobs of
// Ship's own pipeline.
func TestPipelineFiles(t *testing.T) {
	t.Parallel()
	p := newProject(t, bed.Poetry)
	modules := filepath.Dir(filepath.Dir(os.Getenv("GITLAB_CI_LOCAL_PROGRAM")))
	files, err := filepath.Glob("../examples/*/.gitlab-ci.yml")
	must(t, 0, err)
	if len(files) != 10 {
		t.Errorf("the examples have %d pipelines", len(files))
	}
	files = append(files, "../templates/release.yml", "../templates/deploy.yml", "../.gitlab-ci.yml")
	if out, err := exec.CommandContext(t.Context(), "node", append([]string{"gitlab/schema.mjs", modules},
		files...)...).CombinedOutput(); err != nil {
		t.Errorf("GitLab's schema: %v\n%s", err, out)
	}

	own, err := os.ReadFile("../.gitlab-ci.yml")
	must(t, 0, err)
	p.write(".gitlab-ci.yml", string(own))
	for kind, c := range map[string]struct {
		variables map[string]string
		want      string
	}{
		"branch": {nil, "lint test"},
		"merge request": {map[string]string{"CI_COMMIT_BRANCH": "", "CI_PIPELINE_SOURCE": "merge_request_event"},
			"lint test"},
		"tag": {map[string]string{"CI_COMMIT_BRANCH": "", "CI_COMMIT_TAG": "v1.0.0"}, "publish"},
	} {
		if got := p.jobs(c.variables); got != c.want {
			t.Errorf("a pipeline of a %s has the jobs %q, want %q", kind, got, c.want)
		}
	}
	for _, command := range regexp.MustCompile(`(?m)^  script: (make \w+)`).FindAllStringSubmatch(string(own), -1) {
		if !strings.Contains(read(t, "CONTRIBUTING.md"), command[1]) {
			t.Errorf("CONTRIBUTING.md does not tell of %s", command[1])
		}
	}
}

// TestExamples runs the examples' own tests, with those languages that this machine has. (Rust's are not among them.)
func TestExamples(t *testing.T) {
	t.Parallel()
	for folder, command := range map[string]string{"npm-service": "node --test",
		"poetry-service": "python3 -m unittest discover tests"} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			words := strings.Fields(command)
			if _, err := exec.LookPath(words[0]); err != nil {
				t.Skipf("there is no %s", words[0])
			}
			cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
			cmd.Dir = filepath.Join("../examples", folder)
			cmd.Env = append(os.Environ(), "PYTHONPATH=src", "PYTHONDONTWRITEBYTECODE=1")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
		})
	}
}
