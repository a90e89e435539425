package release

import (
	"slices"
	"testing"
	"time"

	"dagger/ship/internal/cluster"
	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/manifest"
	"dagger/ship/internal/projects"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/report"
	"dagger/ship/internal/settings"
	"dagger/ship/internal/version"
)

func TestOutcome(t *testing.T) {
	needed := converge.Step{Needed: true}
	images := []converge.ImagePlan{{}, {Build: needed, Publish: needed}}
	for name, c := range map[string]struct {
		plan converge.Plan
		want report.Outcome
	}{
		"nothing": {converge.Plan{}, report.Nothing},
		"everything": {converge.Plan{Tag: needed, Images: images},
			report.Released},
		"tagged before":    {converge.Plan{Images: images}, report.Resumed},
		"published before": {converge.Plan{Tag: needed}, report.Resumed},
		"a deploy":         {converge.Plan{Deploy: []converge.Step{{}, needed}}, report.Resumed},
	} {
		if got := outcome(c.plan); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func planned(t *testing.T, given settings.Given) *Release {
	t.Helper()
	s, err := settings.Parse(given)
	if err != nil {
		t.Fatal(err)
	}
	r := New(&Common{}, s)
	v, err := version.Parse(version.SemVer, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	r.read.Project, r.facts.Name, r.read.ImageTag = manifest.Project{Name: "shop", Version: v}, v.Text, v.Text
	for _, image := range s.Images {
		r.read.Images = append(r.read.Images, imageAt(image, "r.example/shop"))
	}
	r.facts.Images, r.made.images = r.missingImages(), make([]madeImage, len(s.Images))
	for _, e := range s.Flat() {
		r.read.Environments = append(
			r.read.Environments,
			&environment{Environment: &cluster.Environment{Cluster: &cluster.Cluster{}, Target: e.Target}, said: e},
		)
	}
	return r
}

func imageAt(s settings.Image, address string) image {
	if s.Name != "" {
		address += "/" + s.Name
	}
	return image{s, registry.Repository{Address: address}}
}

// fromFile are settings with a ship.toml over them.
func fromFile(t *testing.T, given settings.Given, text string) settings.Settings {
	t.Helper()
	file, err := projects.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := settings.For(given, file.Top)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestBuildArgs: an argument may refer to what the commit says, and nothing else is changed in it.
func TestBuildArgs(t *testing.T) {
	r := planned(t, settings.Given{Args: []string{
		"VERSION={version}",
		"BUILD={version}+{commit}",
		"JSON={\"a\": {b}}",
		"NAME={name}",
		"${X}={version",
		"AT={created}", "EMPTY=",
	}})
	got := r.buildArgs("0123abc", time.Unix(42, 0), r.Settings.Images[0].Args)
	want := []dagger.BuildArg{
		{Name: "SOURCE_DATE_EPOCH", Value: "42"}, {Name: "VERSION", Value: "1.0.0"},
		{Name: "BUILD", Value: "1.0.0+0123abc"}, {Name: "JSON", Value: `{"a": {b}}`}, {Name: "NAME", Value: "{name}"},
		{Name: "${X}", Value: "{version"}, {Name: "AT", Value: "1970-01-01T00:00:42Z"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func names(groups []flow.Group) (all [][]string) {
	for _, group := range groups {
		var names []string
		for _, step := range group {
			names = append(names, step.Name)
		}
		all = append(all, names)
	}
	return all
}

// TestGroups holds the order of a release's steps, and what of them goes together.
func TestGroups(t *testing.T) {
	r := planned(
		t,
		settings.Given{Environments: []string{"test", "eu+us", "live"}, GitLab: "https://gitlab.example/api/v4"},
	)
	plan := converge.Plan{Deploy: make([]converge.Step, 4), Images: make([]converge.ImagePlan, 1)}
	r.plan = plan
	got := names(r.groups(plan))
	want := [][]string{
		{
			"check",
			"build",
		}, {"tag"}, {"publish"}, {"latest"}, {"notes"}, {"deploy test"}, {"deploy eu", "deploy us"}, {"deploy live"},
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, step := range r.groups(plan)[0] {
		if step.Stops != (step.Name == "check") {
			t.Errorf("%s stops those beside it: %v", step.Name, step.Stops)
		}
	}
	if got := names(
		planned(t, settings.Given{}).groups(converge.Plan{Images: make([]converge.ImagePlan, 1)}),
	); len(
		got,
	) != 4 {
		t.Errorf("without environments and GitLab: %q", got)
	}
}

func TestWith(t *testing.T) {
	r := planned(t, settings.Given{Environments: []string{"test", "eu+us=america"}})
	if err := r.With("us"); err != nil || len(r.Flat()) != 1 || r.Flat()[0].Namespace != "america" || !r.byName {
		t.Errorf("got %+v, %v", r.Environments, err)
	}
	if err := r.With("asia"); err == nil {
		t.Error("there is no environment asia")
	}
}

func TestReferences(t *testing.T) {
	r := planned(t, settings.Given{})
	if got := r.references(); got != "" {
		t.Errorf("nothing is published, but it is called %q", got)
	}
	r.facts.Images[0].Digest = "sha256:1"
	if got := r.references(); got != "r.example/shop:1.0.0@sha256:1" {
		t.Errorf("got %q", got)
	}
	r.made.images[0].digest = "sha256:2"
	if got := r.images()[0]; got != (helm.Image{Repository: "r.example/shop", Tag: "1.0.0", Digest: "sha256:2"}) {
		t.Errorf("what this call pushed does not count: %+v", got)
	}
	if r.facts.Images[0].Digest != "sha256:1" {
		t.Error("the facts of the look were changed")
	}
}

// TestIgnores: what a person deploys to by name is not looked at, unless something waits for what runs there.
func TestIgnores(t *testing.T) {
	text := "[environments.test]\n[environments.live]\nmanual = true\n" +
		"[environments.late]\nmanual = true\nafter = 'live'\n"
	for more, want := range map[string][]bool{
		"":                                      {false, true, true},
		"[environments.last]\nafter = 'live'\n": {false, false, true, false},
	} {
		s := fromFile(t, settings.Given{}, text+more)
		r := New(&Common{}, s)
		for _, said := range s.Flat() {
			r.read.Environments = append(r.read.Environments, &environment{
				Environment: &cluster.Environment{Target: said.Target}, said: said,
			})
		}
		for i, e := range r.read.Environments {
			if got := r.ignores(e); got != want[i] {
				t.Errorf("%s: %s is ignored: %v", more, e.Name, got)
			}
		}
		r.byName = true
		if r.ignores(r.read.Environments[1]) {
			t.Error("what was asked for by name is ignored")
		}
	}
}
