package converge

import (
	"reflect"
	"testing"

	"dagger/ship/internal/version"
)

func TestPartsOfAPlan(t *testing.T) {
	step := func(why string) Step { return Step{Needed: true, Why: why} }
	whole := Plan{
		Commit: "c1",
		Images: []ImagePlan{{step("build"), step("publish"), step("latest")}},
		Tag:    step("tag"),
		Notes:  step("notes"),
		Deploy: []Step{step("deploy")},
	}
	for name, c := range map[string]struct{ got, want Plan }{
		"tag": {whole.ForTag(), Plan{Commit: "c1", Tag: step("tag")}},
		"publish": {
			whole.ForPublish(),
			Plan{Commit: "c1", Images: []ImagePlan{{step("build"), step("publish"), step("latest")}}},
		},
		"deploy": {whole.ForDeploy(), Plan{Commit: "c1", Deploy: []Step{step("deploy")}}},
		"build":  {BuildOf("c2"), Plan{Commit: "c2", Images: []ImagePlan{{Build: step("it was asked for")}}}},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, c.got, c.want)
		}
	}
	if whole.Deploy == nil || !whole.Tag.Needed {
		t.Error("a part changed the whole")
	}
}

// TestDevelopment: a version that is still worked on is not released, whatever is tagged, until
// somebody pushes its tag.
func TestDevelopment(t *testing.T) {
	v, err := version.Parse(version.Maven, "1.5.0-SNAPSHOT")
	if err != nil {
		t.Fatal(err)
	}
	final, err := version.Parse(version.Maven, "1.5.0")
	if err != nil {
		t.Fatal(err)
	}
	f := Facts{
		Name:         v.Text,
		Version:      v,
		Commit:       head,
		Tag:          "shop-1.5.0-SNAPSHOT",
		Images:       []Image{{Address: "r/shop:1.5.0-SNAPSHOT"}},
		Others:       []version.Version{final},
		Environments: []Environment{{Name: "test", Prereleases: true}},
	}
	plan, err := Decide(f, Options{})
	want := "1.5.0-SNAPSHOT is a version that is still worked on: raise it to 1.5.0 to release that, " +
		"or push the tag shop-1.5.0-SNAPSHOT to release it as it is"
	if got := plan.Anything(); err != nil || got.Needed || got.Why != want {
		t.Errorf("%+v, %v, want nothing to do, since %s", got, err, want)
	}
	if len(plan.Deploy) != 1 || plan.Deploy[0].Why == "" || plan.Tag.Why == "" || plan.Commit != head {
		t.Errorf("a step does not say why it is skipped: %+v", plan)
	}
	for _, part := range []Plan{plan.ForTag(), plan.ForPublish(), plan.ForDeploy()} {
		if got := part.Anything(); got.Needed || got.Why != want {
			t.Errorf("a part of it: %+v", got)
		}
	}
	f.Tagged, f.Others = head, nil
	plan, err = Decide(f, Options{})
	if err != nil || !plan.Builds() || !plan.Deploy[0].Needed || plan.Withheld != "" {
		t.Errorf("tagged by hand: %+v, %v", plan, err)
	}
}

func TestBehind(t *testing.T) {
	parse := func(texts ...string) (all []version.Version) {
		for _, text := range texts {
			v, err := version.Parse(version.SemVer, text)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, v)
		}
		return all
	}
	tagged := parse("1.0.0", "1.2.0", "1.1.0", "2.0.0-rc.1")
	for _, c := range []struct {
		running     string
		prereleases bool
		want        string
	}{
		{"1.0.0", false, "1.2.0"}, {"1.2.0", false, ""}, {"1.2.0", true, "2.0.0-rc.1"}, {"3.0.0", true, ""},
		{"1.1.0", true, "2.0.0-rc.1"},
	} {
		if got := Behind(parse(c.running)[0], tagged, c.prereleases); got != c.want {
			t.Errorf("%s, pre-releases %v: behind %q, want %q", c.running, c.prereleases, got, c.want)
		}
	}
}

func TestBelow(t *testing.T) {
	v, err := version.Parse(version.SemVer, "1.1.0")
	if err != nil {
		t.Fatal(err)
	}
	for running, want := range map[string]bool{"": true, "1.0.0": true, "1.1.0": false, "1.2.0": false, "main": false} {
		if got := Below(Facts{Name: v.Text, Version: v}, Environment{Version: running}); got != want {
			t.Errorf("%q: %v", running, got)
		}
	}
}

// TestNoLatest: whoever wants no tag latest gets none, whatever else there is to do.
func TestNoLatest(t *testing.T) {
	f := facts(t, "1.4.0")
	for off, want := range map[bool]Step{
		true: {false, "the setting latest is false"}, false: {true, "latest is not 1.4.0"},
	} {
		plan, err := Decide(f, Options{NoLatest: off})
		if err != nil || plan.Images[0].Latest != want || !plan.Tag.Needed {
			t.Errorf("off %v: %+v, %v", off, plan, err)
		}
	}
}
