package helm

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Revision is one state that a release has been in.
type Revision struct {
	Number int    // counted from 1; 0: there is no such release
	Status string // deployed, failed, superseded, pending-upgrade, …: https://helm.sh/docs/helm/helm_status/
	Since  time.Time

	Description string // what Helm or whoever called it says of it

	Hooks []string // names of the chart's hook objects

	Operation string // OperationLabel, which a later revision may have inherited
	Claim     Claim  // ClaimLabel, likewise

	values map[string]any
}

// Image is what the revision runs.
func (r Revision) Image(keys Keys) Image { return keys.Image(r.values) }

// Pending tells whether an operation holds the revision, or was killed while it did.
func (r Revision) Pending() bool { return strings.HasPrefix(r.Status, "pending-") }

// Is tells whether it is the same revision, in the same state: an install counts from 1 again after an uninstall.
func (r Revision) Is(other Revision) bool {
	return r.Number == other.Number && r.Status == other.Status && r.Since.Equal(other.Since)
}

// Rollback tells whether a rollback made the revision.
func (r Revision) Rollback() bool { return strings.HasPrefix(r.Description, rollback) }

// Ends returns when the operation that holds a pending revision has ended, by its OperationLabel or, for a
// rollback, its description. Known is false where Ship did not begin it: nothing then says how long it may take.
func (r Revision) Ends() (at time.Time, known bool) {
	var of, seconds int
	if _, err := fmt.Sscanf(r.Operation, "%d.%d", &of, &seconds); err != nil || of != r.Number {
		if _, err := fmt.Sscanf(r.Description, rollback+"%d, by Ship in %d s at most", &of, &seconds); err != nil {
			return time.Time{}, false
		}
	}
	return r.Since.Add(time.Duration(seconds) * time.Second), !r.Since.IsZero()
}

// Taken is what Ship says where Helm would take no lock.
const Taken = "another operation came in between"

// Locked recognizes that another operation holds the release: Helm refuses to begin, or finds its next revision taken.
func Locked(cause string) bool {
	return slices.ContainsFunc([]string{"another operation", "release: already exists", "a name that is still in use"},
		func(words string) bool { return strings.Contains(cause, words) })
}

// MayNotCreateNamespace recognizes an account without the right to create namespaces.
func MayNotCreateNamespace(cause string) bool {
	return strings.Contains(cause, `cannot create resource "namespaces"`)
}

// Waited tells whether Helm failed because pods or hooks did not become ready, and not because something was refused to it
// before that.
func Waited(cause string) bool { return waiting.MatchString(cause) }

var waiting = regexp.MustCompile(`(?i)not ready|deadline|timed out|hooks? failed|failed (pre|post)-|see --timeout`)

// Missing recognizes Helm's word that there is no such release.
func Missing(stderr string) bool { return strings.Contains(stderr, "release: not found") }

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

// Ran tells whether the revision's rollout succeeded. A rollback that fails calls what it began from superseded too,
// though that may never have run: then its description tells.
func (e Entry) Ran() bool {
	return (e.Status == "deployed" || e.Status == "superseded") &&
		!strings.HasPrefix(e.Description, "Preparing ") && !strings.Contains(e.Description, " failed: ")
}

// LastRan returns the newest revision that ran, 0 where none did.
func LastRan(history []Entry) int {
	for _, e := range slices.Backward(history) {
		if e.Ran() {
			return e.Revision
		}
	}
	return 0
}

// RolledBackFrom returns the revision that was running well when somebody rolled the release back, 0 where the last revision is
// no rollback or one that followed a failure.
func RolledBackFrom(history []Entry) int {
	onPurpose := false
	for i := len(history) - 1; i >= 0; i-- {
		switch e := history[i]; {
		case !strings.HasPrefix(e.Description, rollback):
			if onPurpose && e.Ran() {
				return e.Revision
			}
			return 0
		case i > 0 && !history[i-1].Ran():
			i-- // it followed a failure, and changed nothing about what ran before that
		default:
			onPurpose = true
		}
	}
	return 0
}

// Earlier returns the revisions that ran and can be gone back to, the newest first. After a rollback those are the ones before
// the revision that it went back to: going back twice goes back two versions.
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
			if before = slices.IndexFunc(history, func(e Entry) bool { return e.Revision >= target }); before < 0 || history[before].Revision > target {
				return revisions // the history does not reach back so far
			}
		}
	}
	return revisions
}

// rollbackTo returns the revision that the entry went back to, where it is a rollback.
func (e Entry) rollbackTo() (revision int, is bool) {
	_, err := fmt.Sscanf(e.Description, rollback+"%d", &revision)
	return revision, err == nil && revision < e.Revision
}

// rollback is what Helm writes into the description of a revision that is one.
const rollback = "Rollback to "

// ParseValues reads the answer to ValuesArgs.
func ParseValues(answer string, keys Keys) (Image, error) {
	var values map[string]any
	if err := json.Unmarshal([]byte(answer), &values); err != nil {
		return Image{}, fmt.Errorf("read the answer of helm get values: %w", err)
	}
	return keys.Image(values), nil
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

// Failure is what to say of a program that ended with an exit code other than 0: what Helm said went wrong, or where it was killed
// before it could say anything, that it did.
func Failure(exitCode int, stderr string) string {
	return cmp.Or(Cause(stderr), fmt.Sprintf("it ended with exit code %d and said nothing", exitCode))
}

var chartError = regexp.MustCompile(`(?s)Error: (.*)`)

// Cause returns what Helm said went wrong, without what it warned of before.
func Cause(stderr string) string {
	if found := chartError.FindStringSubmatch(stderr); found != nil {
		stderr = found[1]
	}
	return strings.TrimSpace(stderr)
}
