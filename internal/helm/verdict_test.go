package helm

import (
	"strings"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	const second = time.Second
	pending := Hold{What: "pending-upgrade", Limit: 80 * second, Known: true}
	foreign := Hold{What: "pending-upgrade"}
	claim := Hold{What: "claimed by another release", Limit: 160 * second, Known: true, Claim: true}
	for name, c := range map[string]struct {
		hold            Hold
		lasted, watched time.Duration
		want            Verdict
		left            time.Duration
	}{
		"Ship's, at work":               {pending, 79 * second, second, Wait, second},
		"Ship's, killed":                {pending, 80 * second, 0, Stuck, 0},
		"Ship's, long ago":              {pending, time.Hour, 0, Stuck, 0},
		"Ship's, by a clock ahead":      {pending, -time.Hour, 0, Wait, time.Hour + 80*second},
		"somebody's, at work":           {foreign, time.Hour, 59 * second, Wait, second},
		"somebody's, watched in vain":   {foreign, 0, 60 * second, Foreign, 0},
		"a claim":                       {claim, 100 * second, 0, Wait, 60 * second},
		"a claim that has ended":        {claim, 160 * second, 0, Free, 0},
		"a claim that nobody gave back": {claim, time.Hour, 0, Free, 0},
	} {
		if verdict, left := c.hold.Judge(c.lasted, c.watched, time.Minute); verdict != c.want || left != c.left {
			t.Errorf("%s: %d, %s; want %d, %s", name, verdict, left, c.want, c.left)
		}
	}
}

func TestWayBack(t *testing.T) {
	const ran, failed = "Upgrade complete", `Upgrade "shop" failed: timed out`
	for name, c := range map[string]struct {
		history  []Entry
		way      Back
		revision int
	}{
		"nothing":       {nil, BackNowhere, 0},
		"ran before":    {[]Entry{{1, "superseded", ran}, {2, "deployed", ran}, {3, "failed", failed}}, BackTo, 2},
		"never ran":     {[]Entry{{1, "failed", failed}}, BackUninstall, 0},
		"never, twice":  {[]Entry{{1, "failed", failed}, {2, "failed", failed}}, BackLeave, 0},
		"being deleted": {[]Entry{{1, "uninstalling", ran}}, BackUninstall, 0},
	} {
		if way, revision := WayBack(c.history); way != c.way || revision != c.revision {
			t.Errorf("%s: %d, %d", name, way, revision)
		}
	}
}

func TestLeftAs(t *testing.T) {
	for name, c := range map[string]struct {
		now   Revision
		own   bool
		words string
		want  string
	}{
		"its own":       {Revision{Number: 3, Status: "failed"}, true, "timed out", ""},
		"nothing there": {Revision{}, false, "refused", "nothing was installed"},
		"one came after": {
			Revision{Number: 4, Status: "deployed"},
			false,
			"timed out",
			"revision 4 is deployed, by another operation",
		},
		"one is at work": {
			Revision{Number: 3, Status: "pending-upgrade"},
			false,
			"another operation (install/upgrade/rollback) is in progress",
			"by another operation",
		},
		"it came to run after all": {
			Revision{Number: 3, Status: "deployed"},
			true,
			"timed out",
			"by another operation",
		},
		"Helm never began": {
			Revision{Number: 2, Status: "deployed"},
			false,
			"refused",
			"Helm changed nothing, and revision 2 is deployed as before",
		},
		"left pending": {
			Revision{Number: 3, Status: "pending-upgrade"},
			false,
			"killed",
			"left as it is: revision 3 is pending-upgrade",
		},
	} {
		got := LeftAs(c.now, 3, c.own, Locked(c.words))
		if (got == "") != (c.want == "") || !strings.HasSuffix(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
