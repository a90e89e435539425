package helm

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Revision is one state that a release has been in.
type Revision struct {
	UID     string    // of its record: an install counts from 1 again after an uninstall
	Number  int       // counted from 1; 0: there is no such release
	Status  string    // deployed, failed, pending-upgrade, …: https://helm.sh/docs/helm/helm_status/; or Rolling
	Since   time.Time // when its operation began, by the clock of the machine that Helm ran on
	Created time.Time // the same by the cluster's clock, which is the only one that all releases share

	Description string // what Helm or whoever called it says of it

	Manifest string   // what the chart made, without hooks: see Objects
	Hooks    []string // names of the chart's hook objects
	tests    string   // manifests of those that are tests: see Tests

	Operation string    // OperationLabel, which a later revision may have inherited
	Claim     Claim     // ClaimLabel, likewise
	Claimed   time.Time // when the claim was put there, by the cluster's clock
	Recovered string    // RecoveryLabel, likewise
	of        string    // ValuesLabel, likewise
	chart     string    // ChartLabel, likewise

	values map[string]any
}

// Images are what the revision runs.
func (r Revision) Images(slots Slots) Images { return slots.Images(r.values) }

// Runs tells whether the revision was told to run the images.
func (r Revision) Runs(slots Slots, images Images) bool { return slots.wrote(r.values, images) }

// ValuesOf is the commit that the files of values are of, if they follow the branch; empty: they do not.
func (r Revision) ValuesOf() string {
	commit, is := strings.CutPrefix(r.of, strconv.Itoa(r.Number)+".")
	if !is {
		return ""
	}
	return commit
}

// HasChart tells whether the revision was made of the chart of a digest.
func (r Revision) HasChart(digest string) bool {
	return r.chart == fmt.Sprintf("%d.%s", r.Number, shortChart(digest))
}

// shortChart is the beginning of a chart's digest: a label takes 63 letters.
func shortChart(digest string) string {
	text := strings.TrimPrefix(digest, "sha256:")
	return text[:min(len(text), 40)]
}

// Pending tells whether an operation holds the revision, or was killed while it did.
func (r Revision) Pending() bool { return strings.HasPrefix(r.Status, "pending-") }

// Is tells whether it is the same revision, in the same state: an install counts from 1 again after
// an uninstall.
func (r Revision) Is(other Revision) bool {
	return r.Number == other.Number && r.Status == other.Status && r.Since.Equal(other.Since)
}

// Rollback tells whether a rollback made the revision.
func (r Revision) Rollback() bool { return strings.HasPrefix(r.Description, rollback) }

// Recovery tells whether Ship made the revision to take back a failure, and not because a person
// asked for it.
func (r Revision) Recovery() bool {
	return Entry{Description: r.Description}.recovery() || r.Recovered == strconv.Itoa(r.Number)
}

// Hold is what keeps others from acting on a revision.
type Hold struct {
	What  string        // pending-upgrade, …
	Since time.Time     // by the cluster's clock; zero if that is not known
	Limit time.Duration // how long it may last
	Known bool          // whether Ship began it; if not, nothing says how long it may last
	Claim bool          // whether it is a claim. One that is over can be replaced, and nothing has to be freed
}

// Holds tells what keeps the owner of an id from acting on the revision: another's claim, and a
// pending operation. Both may do so: whoever takes a pending revision back claims it.
func (r Revision) Holds(owner string) (holds []Hold) {
	if of, limit, known := r.Claim.parse(); known && of == r.Number && !r.Claim.Of(owner) {
		claim := Hold{What: "claimed by another release", Since: r.Claimed, Limit: limit, Known: true, Claim: true}
		holds = append(holds, claim)
	}
	if r.Pending() {
		limit, known := r.limit()
		holds = append(holds, Hold{What: r.Status, Since: r.Created, Limit: limit, Known: known})
	}
	return holds
}

// limit returns how long the operation of a pending revision may take, by its OperationLabel or,
// for a rollback, its description.
func (r Revision) limit() (limit time.Duration, known bool) {
	var of, seconds int
	if _, err := fmt.Sscanf(r.Operation, "%d.%d", &of, &seconds); err != nil || of != r.Number {
		found := rollbackByShip.FindStringSubmatch(r.Description)
		if found == nil {
			return 0, false
		}
		seconds, _ = strconv.Atoi(found[1])
	}
	return time.Duration(seconds) * time.Second, true
}

var rollbackByShip = regexp.MustCompile("^" + rollback + `\d+(?:` + afterFailure + `)?, by Ship in (\d{1,9}) s at most`)

// Entry is a line of a release's history.
type Entry struct {
	Revision    int
	Status      string
	Description string
}

// ParseHistory reads the answer to HistoryArgs, oldest first.
func ParseHistory(answer string) ([]Entry, error) {
	var history []Entry
	if err := json.Unmarshal([]byte(answer), &history); err != nil {
		return nil, fmt.Errorf("read the answer of helm history: %w", err)
	}
	slices.SortFunc(history, func(a, b Entry) int { return a.Revision - b.Revision })
	return history, nil
}

// Ran tells whether the revision's rollout succeeded. A rollback that fails calls what it began
// from superseded too, though that may never have run: then its description tells.
func (e Entry) Ran() bool {
	return (e.Status == "deployed" || e.Status == "superseded") &&
		!strings.HasPrefix(e.Description, "Preparing ") && !strings.Contains(e.Description, " failed: ")
}

// began tells whether the revision's rollout succeeded, or was at work still when another one came.
func (e Entry) began() bool { return e.Ran() || e.Status == Rolling }

// LastRan returns the newest revision that ran, 0 if none did.
func LastRan(history []Entry) int {
	for _, e := range slices.Backward(history) {
		if e.Ran() {
			return e.Revision
		}
	}
	return 0
}

// recovery tells whether Ship made the revision to take back a failure. What it took back may have
// come to run after all: its maker was thought to be dead and was not.
func (e Entry) recovery() bool {
	return strings.HasPrefix(e.Description, rollback) && strings.Contains(e.Description, afterFailure)
}

// AsRecovery is the entry with the mark of a recovery, for a Helm that has no place to write it.
func (e Entry) AsRecovery() Entry {
	e.Description += afterFailure
	return e
}

// RolledBackFrom returns the revision that was running well when somebody rolled the release back,
// 0 if the last revision is no rollback or one that followed a failure.
func RolledBackFrom(history []Entry) int {
	onPurpose := false
	for i := len(history) - 1; i >= 0; i-- {
		switch e := history[i]; {
		case !strings.HasPrefix(e.Description, rollback):
			if onPurpose && e.began() {
				return e.Revision
			}
			return 0
		case e.recovery() || i > 0 && !history[i-1].began():
			i-- // it followed a failure, and changed nothing about what ran before that
		default:
			onPurpose = true
		}
	}
	return 0
}

// Between returns the newest revision that ran between one and the last, without those that only
// went back to the revision to; 0 if there is none.
func Between(history []Entry, from, to int) int {
	for _, e := range slices.Backward(history[:max(0, len(history)-1)]) {
		if target, is := e.rollbackTo(); e.Revision > from && e.began() && !(is && target == to) {
			return e.Revision
		}
	}
	return 0
}

// Earlier returns the revisions that ran and can be gone back to, the newest first. After a
// rollback those are the ones before the revision that it went back to: going back twice goes back
// two versions.
func Earlier(history []Entry) (revisions []int) {
	before := len(history)
	for i, e := range slices.Backward(history) {
		if i >= before || !e.Ran() {
			continue
		}
		if i < len(history)-1 {
			revisions = append(revisions, e.Revision)
		}
		for target, is := e.rollbackTo(); is; target, is = history[before].rollbackTo() {
			if before = slices.IndexFunc(history, func(e Entry) bool { return e.Revision >= target }); before < 0 ||
				history[before].Revision > target {
				return revisions // the history does not reach back so far
			}
		}
	}
	return revisions
}

// rollbackTo returns the revision that the entry went back to, if it is a rollback.
func (e Entry) rollbackTo() (revision int, is bool) {
	_, err := fmt.Sscanf(e.Description, rollback+"%d", &revision)
	return revision, err == nil && revision < e.Revision
}

const (
	// rollback is what Helm writes into the description of a revision that is one.
	rollback = "Rollback to "
	// afterFailure is what Ship adds to it if nobody asked for the rollback.
	afterFailure = " after a failure"
)

// ParseValues reads the answer to ValuesArgs.
func ParseValues(answer string, slots Slots) (Images, error) {
	var values map[string]any
	if err := json.Unmarshal([]byte(answer), &values); err != nil {
		return nil, fmt.Errorf("read the answer of helm get values: %w", err)
	}
	return slots.Images(values), nil
}

// Version is Helm's own: which flags it knows.
type Version struct{ Major, Minor int }

// ParseVersion reads the answer to VersionArgs, as v4.3.1. Only 3, from 3.13 on, and 4 are known.
func ParseVersion(answer string) (v Version, err error) {
	answer = strings.TrimSpace(answer)
	_, err = fmt.Sscanf(answer, "v%d.%d", &v.Major, &v.Minor)
	if err != nil || !v.from(3, 13) || v.Major > 4 {
		return Version{}, fmt.Errorf("its Helm is version %q: Ship knows Helm 3, from 3.13 on, and 4", answer)
	}
	return v, nil
}

func (v Version) from(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}
