package e2e

import (
	"strings"
	"testing"

	"dagger/ship/e2e/bed"
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

// says runs a pipeline and looks for what its jobs say: the report's outcome, or where its text goes to the later jobs, the image.
func (p *project) says(outcome, version string) {
	p.t.Helper()
	out, err := p.gitlab()
	reported := strings.Contains(out, p.Name+" "+version+" at ") && strings.Contains(out, ": "+outcome)
	announced := strings.Contains(out, version+" is out as "+p.Image()+":"+version+"@"+p.look(version).Digest)
	if err != nil || !reported && !announced {
		p.t.Errorf("the pipeline says nothing of %s %s: %v", outcome, version, err)
	}
}

// TestPipelineRules looks which pipelines have the jobs of the examples, written out and of the component: the default branch's.
func TestPipelineRules(t *testing.T) {
	t.Parallel()
	for example, jobs := range map[*bed.Example]string{&bed.Poetry: "release", &bed.NPM: "release announce"} {
		t.Run(example.Folder, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, *example)
			must(t, 0, component())
			for kind, c := range map[string]struct {
				variables map[string]string
				want      string
			}{
				"default branch": {nil, jobs},
				"other branch":   {map[string]string{"CI_COMMIT_BRANCH": "feature"}, ""},
				"tag":            {map[string]string{"CI_COMMIT_BRANCH": "", "CI_COMMIT_TAG": "shop-1.0.0"}, ""},
				"merge request":  {map[string]string{"CI_COMMIT_BRANCH": "", "CI_PIPELINE_SOURCE": "merge_request_event"}, ""},
			} {
				if got := p.jobs(c.variables); got != c.want {
					t.Errorf("a pipeline of a %s has the jobs %q, want %q", kind, got, c.want)
				}
			}
		})
	}
}
