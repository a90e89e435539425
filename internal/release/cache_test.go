package release

import (
	"strings"
	"testing"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/projects"
	"dagger/ship/internal/settings"
)

// TestCache looks where layers are kept, and what is said where they cannot be.
func TestCache(t *testing.T) {
	no := false
	given := settings.Given{Registry: "r.example", Cache: true, Images: []projects.Image{
		{Name: "web"}, {Name: "worker", Cache: &no}, {Name: "cron"},
	}}
	needed := converge.ImagePlan{Build: converge.Step{Needed: true}}
	plan := converge.Plan{Images: []converge.ImagePlan{needed, needed, {}}}
	for name, c := range map[string]struct {
		can       bool // whether what Ship runs in can keep layers
		container *dagger.Container
		steps     string
		remark    string
	}{
		"on BuildKit": {can: true, steps: "cache web true r.example/shop/web:buildcache keeps the layers of the " +
			"build; cache cron false nothing is built"},
		"on an engine":      {remark: "; without a layer cache: a Dagger engine of 0.21 keeps none in a registry"},
		"a container given": {container: new(dagger.Container)},
	} {
		r := planned(t, given)
		r.keepsLayers, r.Container = func() bool { return c.can }, c.container
		var steps []string
		for _, s := range r.cacheSteps(plan) {
			words := s.Name + " false "
			if s.Needed {
				words = s.Name + " true "
			}
			steps = append(steps, words+s.Why)
		}
		if got := strings.Join(steps, "; "); got != c.steps {
			t.Errorf("%s: the steps are %q, want %q", name, got, c.steps)
		}
		remark := r.remarkCache(1) + r.remarkCache(0) + r.remarkCache(2) // once, and not about one that has none
		if remark != c.remark {
			t.Errorf("%s: the remark is %q, want %q", name, remark, c.remark)
		}
	}
}
