package helm

import "testing"

func TestRolledOut(t *testing.T) {
	for _, c := range []struct{ status, label, want string }{
		{"deployed", "", "deployed"},
		{"deployed", "7", Rolling},
		{"deployed", "7.failed", "failed"},
		{"deployed", "6", "deployed"},        // inherited from the revision before
		{"deployed", "6.failed", "deployed"}, // likewise
		{"superseded", "7", Rolling},         // nobody has seen it ready, and nobody has seen it fail
		{"superseded", "7.failed", "failed"},
		{"pending-upgrade", "7", "pending-upgrade"},
		{"failed", "7", "failed"},
		{"uninstalling", "7", "uninstalling"},
	} {
		if got := rolledOut(c.status, 7, c.label); got != c.want {
			t.Errorf("%s with %q: %s, want %s", c.status, c.label, got, c.want)
		}
	}
}

// A person who rolls back while somebody waits for pods wants what runs then.
func TestRolledBackWhileRolling(t *testing.T) {
	const ran = "Upgrade complete"
	for description, want := range map[string]int{
		"Rollback to 1": 2,
		"Rollback to 1 after a failure, by Ship in 30 s at most": 0,
	} {
		history := RolledOut([]Entry{
			{1, "superseded", ran}, {2, "superseded", ran}, {3, "deployed", description},
		}, "2 2\n")
		if got := RolledBackFrom(history); got != want {
			t.Errorf("%s: rolled back from revision %d, want %d", description, got, want)
		}
	}
}

// A rollout that failed twice is taken back to what ran before both.
func TestHistoryWithRollouts(t *testing.T) {
	const ran = "Upgrade complete"
	history := RolledOut([]Entry{{1, "superseded", ran}, {2, "superseded", ran}, {3, "deployed", ran}},
		"2 2\n3 3.failed\n")
	if way, revision := WayBack(history); way != BackTo || revision != 1 {
		t.Errorf("%d, to revision %d", way, revision)
	}
}

func TestMissingKinds(t *testing.T) {
	objects, err := ParseObjects(`apiVersion: v1
kind: Service
metadata: {name: web}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
---
apiVersion: batch/v1beta1
kind: CronJob
metadata: {name: nightly}
---
apiVersion: legacy.example.com/v1
kind: Route
metadata: {name: old}
`, "shop")
	if err != nil {
		t.Fatal(err)
	}
	// the cluster has no batch/v1beta1 any more, and another kind in the group of the route
	missing := MissingKinds(objects, `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"kind":"Service"}]}
{"groupVersion":"apps/v1","resources":[{"kind":"Deployment"},{"kind":"Scale"}]}
{"groupVersion":"legacy.example.com/v1","resources":[{"kind":"Gateway"}]}
`)
	want := []string{"CronJob/nightly (batch/v1beta1)", "Route/old (legacy.example.com/v1)"}
	if len(missing) != 2 || missing[0] != want[0] || missing[1] != want[1] {
		t.Errorf("got %q, want %q", missing, want)
	}
}
