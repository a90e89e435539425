package converge

import (
	"fmt"
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
	want          string // the steps performed, or "refuse"
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

// environments is what every state of an environment leads to, for a release of 1.4.0 (or its
// pre-release, if the environment asked for those) with an image.
var environments = []struct {
	state  Environment
	deploy bool
}{
	{Environment{}, true},
	{Environment{Status: Unknown}, true},
	{Environment{Version: "1.3.0", Digest: "sha256:0", Status: "deployed"}, true},
	{Environment{Version: "1.3.0", Digest: "sha256:0", Status: "failed"}, true},
	{Environment{Version: "VERSION", Digest: image, Status: "deployed"}, false},
	{Environment{Version: "VERSION", Digest: image, Status: "failed"}, true},
	{Environment{Version: "VERSION", Digest: image, Status: "pending-upgrade"}, true},
	{Environment{Version: "VERSION", Digest: "sha256:0", Status: "deployed"}, true},
	{Environment{Version: "VERSION", Status: "deployed"}, true},
	{Environment{Version: "1.5.0", Digest: "sha256:2", Status: "deployed"}, false},
	{Environment{Version: "1.5.0", Digest: "sha256:2", Status: "failed"}, false},
	{Environment{Version: "1.3.0", Digest: "sha256:0", Status: "deployed", RolledBack: "VERSION"}, false},
	{Environment{Version: "1.3.0", Digest: "sha256:0", Status: "deployed", RolledBack: "1.5.0"}, false},
	{Environment{Version: "1.3.0", Digest: "sha256:0", Status: "deployed", RolledBack: "1.3.1"}, true},
	{Environment{Version: "1.3.0", Digest: "sha256:0", Status: "deployed", RolledBack: "nightly"}, true},
	{Environment{Version: "VERSION", Digest: image, Status: "deployed", RolledBack: "1.5.0"}, false},
	{Environment{Version: "nightly", Digest: "sha256:2", Status: "deployed"}, true},
}

// others is what the versions that are tagged already lead to.
var others = []struct {
	tagged    string
	backwards bool // a release of 1.4.0 is one backwards
	latest    bool // latest should be 1.4.0
}{
	{"", false, true},
	{"1.3.9 1.4.0-rc.0", false, true},
	{"1.5.0-rc.1", true, true}, // the highest final version is still this one
	{"1.4.5 1.5.0-rc.1", true, false},
	{"1.10.0", true, false},
}

// releaseObjects is what every state of GitLab's release leads to, for a release with an image.
var releaseObjects = []struct {
	state Notes
	tell  bool
}{
	{Notes{}, false},
	{Notes{Found: true, Text: "Ours."}, false},
	{Notes{Wanted: true}, true},
	{Notes{Wanted: true, Found: true}, true},
	{Notes{Wanted: true, Found: true, Text: "Ours.\n\nImage: shop@sha256:0"}, true},
	{Notes{Wanted: true, Found: true, Text: "Ours.\n\nImage: shop@" + image}, false},
	{Notes{Wanted: true, Failure: "no answer"}, true},
}

// TestEveryCombination decides on every combination of facts.
func TestEveryCombination(t *testing.T) {
	texts, latests, either := []string{"1.4.0", "1.4.0-rc.1"}, []string{"", image, "sha256:9"}, []bool{false, true}
	combinations := len(table) * len(others) * len(environments) * len(releaseObjects) *
		len(texts) * len(latests) * len(either) * len(either)
	for n := range combinations {
		row, other := pick(table, &n), pick(others, &n)
		environment, object := pick(environments, &n), pick(releaseObjects, &n)
		text, latest, maintenance, asked := pick(texts, &n), pick(latests, &n), pick(either, &n), pick(either, &n)

		f := facts(t, text)
		f.Tagged, f.Images[0].Latest = row.tagged, latest
		for _, v := range strings.Fields(other.tagged) {
			f.Others = append(f.Others, parse(t, v))
		}
		if row.image != "-" {
			f.Images[0].Digest, f.Images[0].Revision = image, row.image
		}
		e := environment.state
		e.Version = strings.ReplaceAll(e.Version, "VERSION", text)
		e.RolledBack = strings.ReplaceAll(e.RolledBack, "VERSION", text)
		e.Prereleases = asked
		f.Environments = []Environment{e}
		f.Notes = object.state

		final := text == "1.4.0"
		want := expected{
			refused: row.want == "refuse" || row.tagged == "" && other.backwards && !maintenance,
			steps:   strings.TrimSuffix(strings.TrimSuffix(row.want, "latest"), " "),
			commit:  row.commit,
			latest:  final && other.latest && (row.image == "-" || latest != image),
			// no image yet means that whatever runs under this version is not it
			deploy: (final || asked) && (environment.deploy || row.image == "-" && e.Version == text),
			notes:  object.tell || object.state.Wanted && row.image == "-",
		}
		plan, err := Decide(f, Options{Maintenance: maintenance})
		if complaint := want.check(plan, err); complaint != "" {
			t.Errorf("%+v, maintenance %v: %s", f, maintenance, complaint)
		}
	}
}

// pick removes a digit from a number that counts combinations.
func pick[T any](from []T, n *int) T {
	digit := *n % len(from)
	*n /= len(from)
	return from[digit]
}

type expected struct {
	refused        bool
	steps, commit  string
	latest, deploy bool
	notes          bool
}

func (want expected) check(plan Plan, err error) string {
	switch {
	case want.refused && (err == nil || plan.Anything().Needed):
		return "not refused"
	case want.refused:
		return ""
	case err != nil:
		return "refused: " + err.Error()
	}
	got := taken(plan)
	latest := strings.HasSuffix(got, "latest")
	got = strings.TrimSuffix(strings.TrimSuffix(got, "latest"), " ")
	if got != want.steps || latest != want.latest || plan.Commit != want.commit ||
		plan.Deploy[0].Needed != want.deploy ||
		plan.Notes.Needed != want.notes {
		return fmt.Sprintf("%q, latest %v, from %s, deploy %+v, notes %+v; want %+v", got, latest, plan.Commit,
			plan.Deploy[0], plan.Notes, want)
	}
	if anything := want.steps != "" || want.latest || want.deploy || want.notes; plan.Anything().Needed != anything {
		return fmt.Sprintf("anything: %+v", plan.Anything())
	}
	return ""
}

func TestNewer(t *testing.T) {
	f := facts(t, "1.4.0")
	for _, v := range strings.Fields("1.5.0 1.3.9 2.0.0-rc.1 1.4.0 1.10.0 1.4.0-rc.1 1.4.1") {
		f.Others = append(f.Others, parse(t, v))
	}
	var got []string
	for _, v := range f.Newer() {
		got = append(got, v.Text)
	}
	if want := "1.10.0 1.5.0 1.4.1"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %s", got, want)
	}
}

// TestRefusalsName makes sure that a refusal says what disagrees.
func TestRefusalsName(t *testing.T) {
	for _, row := range table {
		f := facts(t, "1.4.0")
		f.Tagged, f.Images[0].Digest, f.Images[0].Revision = row.tagged, image, row.image
		if _, err := Decide(f, Options{}); row.want == "refuse" &&
			(err == nil || !strings.Contains(err.Error(), f.Images[0].Address)) {
			t.Errorf("tag %q, image %q: %v, want a refusal that names the image", row.tagged, row.image, err)
		}
	}
}

func facts(t *testing.T, v string) Facts {
	return Facts{
		Name: v, Version: parse(t, v), Commit: head, Tag: "shop-" + v,
		Images: []Image{{Address: "registry.example/shop:" + v}},
	}
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
	}{{"build", p.Images[0].Build}, {"tag", p.Tag}, {"publish", p.Images[0].Publish}, {"latest", p.Images[0].Latest}} {
		if s.Needed {
			steps = append(steps, s.name)
		}
	}
	return strings.Join(steps, " ")
}

// TestWithoutDigest: what somebody's helm made runs the version by its tag alone.
func TestWithoutDigest(t *testing.T) {
	f := facts(t, "1.4.0")
	f.Images[0].Digest = image
	for digest, want := range map[string]string{"": "live runs 1.4.0, but not by its digest",
		"sha256:0": "live runs 1.4.0 from another image"} {
		got := Deploy(f, Environment{Name: "live", Version: "1.4.0", Digest: digest, Status: "deployed"})
		if !got.Needed || got.Why != want {
			t.Errorf("%q: %+v, want %s", digest, got, want)
		}
	}
}
