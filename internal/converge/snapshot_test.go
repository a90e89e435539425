package converge

import (
	"strings"
	"testing"
)

const (
	own       = "sha-" + head  // the snapshot that is to run
	another   = "sha-" + other // another commit's
	snapImage = "sha256:5"
)

// orders is what every combination of what is to run, what runs and their commits leads to: deploy, or
// why not.
var orders = []struct {
	name, running string
	order         Order
	want          string
}{
	{own, "", NotAsked, "deploy"},
	{own, own, NotAsked, "runs sha-" + Short(head)},
	{own, another, Later, "deploy"},
	{own, another, Earlier, "of a later commit"},
	{own, another, NotAsked, "deploy"}, // the remote has it no more
	{own, "1.4.0", Later, "deploy"},
	{own, "1.4.0", Earlier, "of a later commit"},
	{own, "1.4.0", Same, "of the same commit"},
	{own, "1.4.0", NotAsked, "deploy"}, // no such tag
	{own, "nightly", NotAsked, "deploy"},
	{"1.4.0", another, Later, "deploy"},
	{"1.4.0", another, Earlier, "of a later commit"},
	{"1.4.0", another, Same, "deploy"},
	{"1.4.0", another, NotAsked, "deploy"},
	{"1.4.0", "1.4.0", NotAsked, "runs 1.4.0"},
	{"1.4.0", "1.3.0", NotAsked, "deploy"},
	{"1.4.0", "1.5.0", NotAsked, "which is newer"},
}

// TestEverySnapshot decides on every combination of those with the state of the release, what it was
// rolled back from, and what the environment asks for.
func TestEverySnapshot(t *testing.T) {
	t.Parallel()
	states, backs := []string{"deployed", "failed", "pending-rollout"}, []string{"", "own", "later", "older"}
	either, valuesOf := []bool{false, true}, []Order{NotAsked, Earlier, Same, Later}
	all := len(orders) * len(states) * len(backs) * len(either) * len(either) * len(either) * len(either) *
		len(valuesOf)
	for n := range all {
		row, state, back := pick(orders, &n), pick(states, &n), pick(backs, &n)
		snapshots, manual, same, differs := pick(either, &n), pick(either, &n), pick(either, &n), pick(either, &n)
		values := pick(valuesOf, &n)

		there := Image{Address: "h/shop:" + row.name, Digest: snapImage, Revision: head}
		f := Facts{Name: row.name, Commit: head, Images: []Image{there}, Snapshot: row.name == own}
		if !f.Snapshot {
			f = facts(t, row.name)
			f.Images[0], f.Tagged = there, head
		}
		e := Environment{
			Name: "test", Version: row.running, Status: state, Order: row.order, Snapshots: snapshots, Manual: manual,
			ValuesOrder: values,
		}
		if e.Digest = "sha256:6"; same {
			e.Digest = snapImage
		}
		if differs {
			e.Differs = []string{"db.password"}
		}
		switch back {
		case "own":
			e.RolledBack = f.Name
		case "later":
			e.RolledBack, e.Back = "sha-"+older, Earlier
		case "older":
			e.RolledBack, e.Back = "sha-"+older, Later
		}
		f.Environments = []Environment{e}
		plan, err := Decide(f, Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := row.want
		switch isOwn := row.running == f.Name; {
		case manual:
			want = "is left to deploy --environment=test"
		case f.Snapshot && !snapshots:
			want = "takes versions only"
		case row.running == "", strings.Contains(want, "of ") || strings.Contains(want, "newer"):
		case !isOwn && (back == "own" || back == "later"):
			want = "rolled back from"
		case isOwn && !same:
			want = "deploy"
		case isOwn && state != "deployed":
			want = "deploy"
		case isOwn && differs && values == Earlier:
			want = "with values or a chart of a later commit"
		case isOwn && differs && back == "own":
			want = "taken back to other values"
		case isOwn && differs:
			want = "deploy"
		}
		got := plan.Deploy[0]
		if got.Needed != (want == "deploy") || !got.Needed && !strings.Contains(got.Why, want) {
			t.Errorf("%s over %+v: %+v, want %s", f.Name, e, got, want)
		}
		if f.Snapshot && (plan.Tag.Needed || plan.Writes() || plan.Notes.Needed || plan.Builds()) {
			t.Errorf("a snapshot that is published: %+v", plan)
		}
	}
}

// TestOvertaken: a snapshot that has nowhere to run is not built.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	newer := Environment{Name: "test", Version: another, Status: "deployed", Order: Earlier, Snapshots: true}
	behind, versions, button := newer, newer, newer
	behind.Order, versions.Snapshots, button.Manual = Later, false, true
	for _, c := range []struct {
		environments []Environment
		build        bool
	}{
		{nil, true}, {[]Environment{newer}, false}, {[]Environment{newer, versions}, false},
		{[]Environment{newer, behind}, true}, {[]Environment{newer, button}, true}, {[]Environment{versions}, true},
	} {
		f := Facts{
			Name: own, Commit: head, Snapshot: true, Images: []Image{{Address: "h/shop:" + own}},
			Environments: c.environments,
		}
		plan, err := Decide(f, Options{})
		if err != nil || plan.Builds() != c.build || plan.Publishes() != c.build {
			t.Errorf("%+v: %+v, %v", c.environments, plan, err)
		}
	}
}

// TestPushed: a tag that a person is to push is never made, and without a version nothing is.
func TestPushed(t *testing.T) {
	t.Parallel()
	f := facts(t, "1.4.0")
	f.Pushed = true
	if _, err := Decide(f, Options{}); err == nil || !strings.Contains(err.Error(), "has no tag shop-1.4.0") {
		t.Errorf("a tag that is not there: %v", err)
	}
	f.Tagged = head
	if plan, err := Decide(f, Options{}); err != nil || plan.Tag.Needed || !plan.Builds() {
		t.Errorf("a tag that is there: %+v, %v", plan, err)
	}
	none := Facts{None: "no tag was given", Commit: head, Environments: []Environment{{Name: "test"}}}
	if plan, err := Decide(none, Options{}); err != nil || plan.Anything().Needed || plan.Deploy[0].Why != none.None {
		t.Errorf("no version: %+v, %v", plan, err)
	}
}

// TestHold has an environment take only what runs well in another one.
func TestHold(t *testing.T) {
	t.Parallel()
	f := facts(t, "1.4.0")
	f.Images[0].Digest = snapImage
	well := Environment{Name: "test", Version: "1.4.0", Digest: snapImage, Status: "deployed"}
	older, failed, other := well, well, well
	older.Version, failed.Status, other.Digest = "1.3.0", "failed", "sha256:6"
	needed := Step{true, "production runs 1.3.0"}
	e := Environment{Name: "production", After: "test"}
	for _, c := range []struct {
		before       Environment
		decided, its Step
		want         bool
	}{
		{well, needed, Step{}, true}, {older, needed, Step{}, false}, {failed, needed, Step{}, false},
		{other, needed, Step{}, false}, {older, needed, Step{Needed: true}, true},
		{Environment{}, needed, Step{}, false},
		{well, Step{}, Step{}, false},
	} {
		if got := Hold(f, e, c.decided, c.before, c.its); got.Needed != c.want {
			t.Errorf("after %+v, %+v: %+v", c.before, c.its, got)
		}
	}
	e.After = ""
	if got := Hold(f, e, needed, older, Step{}); got != needed {
		t.Errorf("after nothing: %+v", got)
	}
}
