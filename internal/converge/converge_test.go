package converge

import (
	"strings"
	"testing"

	"dagger/ship/internal/version"
)

const (
	head  = "cccccccccccccccccccccccccccccccccccccccc"
	older = "0000000000000000000000000000000000000001"
	other = "dddddddddddddddddddddddddddddddddddddddd"
	image = "sha256:1"
)

// table is what every combination of tag and image leads to: the design's table, row by row.
// An image is named by the commit on its label; "-" is none, "" is unlabelled.
var table = []struct {
	tagged, image string
	want          string // the steps taken, or "refuse"
	commit        string
}{
	{"", "-", "build tag publish latest", head},
	{"", head, "tag latest", head},
	{"", older, "refuse", ""},
	{"", other, "refuse", ""},
	{"", "", "refuse", ""},
	{head, "-", "build publish latest", head},
	{head, head, "latest", head},
	{head, older, "refuse", ""},
	{head, other, "refuse", ""},
	{head, "", "refuse", ""},
	{older, "-", "build publish latest", older},
	{older, older, "latest", older},
	{older, head, "refuse", ""},
	{older, other, "refuse", ""},
	{older, "", "refuse", ""},
}

// environments is what every state of an environment leads to, for a release of 1.4.0 with an image.
var environments = []struct {
	state  Environment
	deploy bool
}{
	{Environment{}, true},
	{Environment{Status: Unknown}, true},
	{Environment{Version: "1.3.0", Digest: "sha256:0", Status: "deployed"}, true},
	{Environment{Version: "1.3.0", Digest: "sha256:0", Status: "failed"}, true},
	{Environment{Version: "1.4.0", Digest: image, Status: "deployed"}, false},
	{Environment{Version: "1.4.0", Digest: image, Status: "failed"}, true},
	{Environment{Version: "1.4.0", Digest: image, Status: "pending-upgrade"}, true},
	{Environment{Version: "1.4.0", Digest: "sha256:0", Status: "deployed"}, true},
	{Environment{Version: "1.4.0", Status: "deployed"}, true},
	{Environment{Version: "1.5.0", Digest: "sha256:2", Status: "deployed"}, false},
	{Environment{Version: "1.5.0", Digest: "sha256:2", Status: "failed"}, false},
	{Environment{Version: "1.3.0", Digest: "sha256:0", Status: "deployed", RolledBack: "1.4.0"}, false},
	{Environment{Version: "1.3.0", Digest: "sha256:0", Status: "deployed", RolledBack: "1.5.0"}, false},
	{Environment{Version: "1.3.0", Digest: "sha256:0", Status: "deployed", RolledBack: "1.3.1"}, true},
	{Environment{Version: "1.3.0", Digest: "sha256:0", Status: "deployed", RolledBack: "nightly"}, true},
	{Environment{Version: "1.4.0", Digest: image, Status: "deployed", RolledBack: "1.5.0"}, false},
	{Environment{Version: "nightly", Digest: "sha256:2", Status: "deployed"}, true},
}

func TestTable(t *testing.T) {
	for _, row := range table {
		for _, e := range environments {
			f := facts(t, "1.4.0")
			f.Tagged, f.Environments = row.tagged, []Environment{e.state}
			if row.image != "-" {
				f.Digest, f.Revision = image, row.image
			}
			plan, err := Decide(f, Options{})
			if row.want == "refuse" {
				if err == nil || !strings.Contains(err.Error(), f.Image) {
					t.Errorf("tag %q, image %q: %v, want a refusal that names the image", row.tagged, row.image, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("tag %q, image %q: %v", row.tagged, row.image, err)
				continue
			}
			if got := taken(plan); got != row.want || plan.Commit != row.commit {
				t.Errorf("tag %q, image %q: %q from %s, want %q from %s", row.tagged, row.image, got, plan.Commit, row.want, row.commit)
			}
			// no image yet means that whatever runs under this version is not it
			want := e.deploy || row.image == "-" && e.state.Version == "1.4.0"
			if plan.Deploy[0].Needed != want {
				t.Errorf("tag %q, image %q, environment %+v: deploy %+v", row.tagged, row.image, e.state, plan.Deploy[0])
			}
		}
	}
}

func TestAnything(t *testing.T) {
	f := facts(t, "1.4.0")
	f.Tagged, f.Digest, f.Revision, f.Latest = older, image, older, image
	f.Environments = []Environment{{Version: "1.4.0", Digest: image, Status: "deployed"}}
	if plan, err := Decide(f, Options{}); err != nil || plan.Anything().Needed {
		t.Errorf("all is there: %+v, %v", plan, err)
	}
	f.Environments[0].Version = "1.3.0"
	if plan, err := Decide(f, Options{}); err != nil || !plan.Anything().Needed {
		t.Errorf("one environment is behind: %+v, %v", plan, err)
	}
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		version, others string
		maintenance     bool
		refused, latest bool
	}{
		{"1.4.0", "", false, false, true},
		{"1.4.0", "1.3.9", false, false, true},
		{"1.4.0", "1.4.0-rc.1", false, false, true},
		{"1.4.0", "1.5.0-rc.1", true, false, true}, // the highest final version is still this one
		{"1.4.0", "1.4.5 1.5.0-rc.1", true, false, false},
		{"1.4.0", "1.10.0", false, true, false},
		{"1.4.0", "1.10.0", true, false, false},
		{"1.4.0-rc.1", "1.3.0", false, false, false},
		{"1.4.0-rc.1", "1.4.0", false, true, false},
	} {
		f := facts(t, c.version)
		for _, other := range strings.Fields(c.others) {
			f.Others = append(f.Others, parse(t, other))
		}
		plan, err := Decide(f, Options{Maintenance: c.maintenance})
		if (err != nil) != c.refused || plan.Latest.Needed != c.latest {
			t.Errorf("%+v: %+v, %v", c, plan.Latest, err)
		}
	}
}

func TestPrereleases(t *testing.T) {
	for _, asked := range []bool{true, false} {
		f := facts(t, "1.4.0-rc.1")
		f.Environments = []Environment{{Name: "test", Prereleases: asked}}
		if plan, err := Decide(f, Options{}); err != nil || plan.Deploy[0].Needed != asked {
			t.Errorf("asked for pre-releases %v: %+v, %v", asked, plan.Deploy, err)
		}
	}
}

func facts(t *testing.T, v string) Facts {
	return Facts{Version: parse(t, v), Commit: head, Tag: "shop-" + v, Image: "registry.example/shop:" + v}
}

func parse(t *testing.T, text string) version.Version {
	t.Helper()
	v, err := version.Parse(version.SemVer, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func taken(p Plan) string {
	var steps []string
	for _, s := range []struct {
		name string
		Step
	}{{"build", p.Build}, {"tag", p.Tag}, {"publish", p.Publish}, {"latest", p.Latest}} {
		if s.Needed {
			steps = append(steps, s.name)
		}
	}
	return strings.Join(steps, " ")
}
