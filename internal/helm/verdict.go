package helm

import (
	"fmt"
	"time"
)

// Verdict is what to do about a hold on a release.
type Verdict int

// The verdicts.
const (
	Free    Verdict = iota // act: nothing holds the release, or what did has ended
	Wait                   // wait: what holds it may be at work
	Stuck                  // take the release back: Ship's own operation holds it, and was killed
	Foreign                // do nothing: somebody else's operation holds it, and may be at work however long that lasts
)

// Judge decides what to do about a hold that has lasted for a time, and was watched for another one
// by somebody with so much patience. Left is how long to wait at most.
func (h Hold) Judge(lasted, watched, patience time.Duration) (verdict Verdict, left time.Duration) {
	left = patience - watched
	if h.Known {
		left = h.Limit - lasted
	}
	switch {
	case left > 0:
		return Wait, left
	case h.Claim:
		return Free, 0
	case h.Known:
		return Stuck, 0
	}
	return Foreign, 0
}

// Back is how a release is taken back whose last revision failed or was left by a run that died.
type Back int

// The ways back.
const (
	BackNowhere   Back = iota // nothing was installed
	BackTo                    // to a revision that ran
	BackLeave                 // to none, since none ran and there are several: what they made may be in use
	BackUninstall             // to nothing, since the only revision never ran
)

// WayBack decides how to take a release back, and for BackTo to which revision.
func WayBack(history []Entry) (way Back, revision int) {
	switch last := LastRan(history); {
	case len(history) == 0:
		return BackNowhere, 0
	case last > 0:
		return BackTo, last
	case len(history) > 1:
		return BackLeave, 0
	}
	return BackUninstall, 0
}

// LeftAs says why a release is left as it is after an operation on it failed, empty if it may be
// taken back. Next is the revision that the operation was to make; own tells whether it was seen to
// have made it, and locked whether another operation held the release.
func LeftAs(now Revision, next int, own, locked bool) string {
	state := fmt.Sprintf("revision %d is %s", now.Number, now.Status)
	switch {
	case now.Number == 0:
		return "nothing was installed"
	case now.Number > next && now.Status != "uninstalling" || locked || own && now.Status != "failed":
		return "left as it is: " + state + ", by another operation"
	case now.Number < next:
		return "left as it is: Helm changed nothing, and " + state + " as before"
	case !own:
		return "left as it is: " + state
	}
	return ""
}
