package helm

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Release names a Helm release and what it is made from. Paths are those inside the container that
// Helm runs in.
type Release struct {
	Name      string
	Namespace string
	Chart     string
	Values    []string      // files, a later one over an earlier one
	Timeout   time.Duration // of an operation, with its hooks and its rollout
	Helm      Version

	// PostHooks tells whether the chart has hooks that run after the rollout. Then Helm has to wait for
	// that, too; by the way of Helm 3, which takes custom resources for ready.
	PostHooks bool

	// Preview is the name of the preview that the release is; empty: it is none. An upgrade or install says
	// it in a label of the revision.
	Preview string

	// ChartOf is the digest of a chart that is not in the repo; empty: it is. An upgrade or install says
	// its beginning in a label of the revision.
	ChartOf string

	// ValuesOf is the commit that the files of values are of, if that is another one's than the image's.
	// An upgrade or install says it in a label of the revision.
	ValuesOf string

	// Next is the revision that an operation is to make. An upgrade or install says it in a label
	// of the revision, with the operation's limit, so that whoever finds it pending later knows
	// when its maker has ended: see Revision.Holds.
	Next int
	// CreateNamespace has Helm make the namespace. It is for one that is missing only: Helm 4 takes
	// labels and annotations from one that is there, those that another release of Helm's has set,
	// and it takes a right on the whole cluster.
	CreateNamespace bool
}

// UpgradeArgs installs the release or upgrades it. It does not wait until its pods are ready: Helm 4
// would wait for all that the chart makes, and that may wait for a person, or have a state that
// Helm cannot read. So whoever calls it waits, and says with SettleArgs or FailArgs what came of
// it. It does not roll back: what went wrong can be seen only before that.
func (r Release) UpgradeArgs() []string {
	return r.rollout("upgrade", "--install", r.Name, r.Chart)
}

// InstallArgs installs the release anew.
func (r Release) InstallArgs() []string {
	return r.rollout("install", r.Name, r.Chart)
}

func (r Release) rollout(args ...string) []string {
	args = append(args, r.values()...)
	labels := fmt.Sprintf("%s=%d.%d,%s=%d", OperationLabel, r.Next, r.limit()/time.Second, RolloutLabel, r.Next)
	if r.ValuesOf != "" {
		labels += fmt.Sprintf(",%s=%d.%s", ValuesLabel, r.Next, r.ValuesOf)
	}
	if r.Preview != "" {
		labels += "," + PreviewLabel + "=" + r.Preview
	}
	if r.ChartOf != "" {
		labels += fmt.Sprintf(",%s=%d.%s", ChartLabel, r.Next, shortChart(r.ChartOf))
	}
	args = append(args, "--labels", labels)
	switch {
	case r.PostHooks && r.Helm.from(4, 0):
		args = append(args, "--wait=legacy")
	case r.PostHooks:
		args = append(args, "--wait")
	}
	if r.CreateNamespace {
		args = append(args, "--create-namespace")
	}
	return r.operation(append(args, r.overwrite()...)...)
}

// TestArgs runs the chart's tests, its hooks of the event test, one after the other, all within a time.
// Helm writes what came of each into the record of the release's last revision, and leaves the labels
// there as they were when it began. If they pass, the output is Passed.
func (r Release) TestArgs(limit time.Duration) []string {
	r.Timeout = limit
	return append([]string{"sh", "-c", `"$@" >/dev/null && echo ` + Passed, "sh"}, r.operation("test", r.Name)...)
}

// Passed is what TestArgs prints if the tests pass. Without it, nobody knows.
const Passed = "passed"

// UninstallArgs removes the release and waits until its objects are gone.
func (r Release) UninstallArgs() []string {
	return r.operation("uninstall", r.Name, "--ignore-not-found", "--wait")
}

// RollbackArgs takes the release back to a revision because a person asked for it. From 4.3 on,
// Helm has a place to say how long that may take.
func (r Release) RollbackArgs(revision int) []string {
	return r.rollback(revision, "")
}

// RecoverArgs takes the release back to a revision after a failure. Before Helm 4.3, RecoveredArgs
// has to say so afterwards.
func (r Release) RecoverArgs(revision int) []string {
	return r.rollback(revision, afterFailure)
}

func (r Release) rollback(revision int, why string) []string {
	args := append([]string{"rollback", r.Name, strconv.Itoa(revision)}, r.overwrite()...)
	if r.Helm.describesRollbacks() {
		args = append(args, "--description", fmt.Sprintf(rollback+"%d%s, by Ship in %d s at most", revision, why,
			r.limit()/time.Second))
	}
	return r.operation(args...)
}

func (v Version) describesRollbacks() bool { return v.from(4, 3) }

// RecoveredArgs marks a revision as one that RecoverArgs made. It returns nil if Helm has written
// that down already.
func (r Release) RecoveredArgs(revision int) []string {
	if r.Helm.describesRollbacks() {
		return nil
	}
	return []string{"kubectl", "label", "secret", r.record(revision), "--namespace", r.Namespace, "--overwrite",
		fmt.Sprintf("%s=%d", RecoveryLabel, revision)}
}

// record is the name of the secret that Helm keeps a revision in.
func (r Release) record(revision int) string {
	return fmt.Sprintf("sh.helm.release.v1.%s.v%d", r.Name, revision)
}

// overwrite makes Helm 4 do what Helm 3 does anyway: set what the chart says if somebody else has
// changed it since, also in a release that Helm 3 made.
func (r Release) overwrite() []string {
	if !r.Helm.from(4, 0) {
		return nil
	}
	return []string{"--server-side=true", "--force-conflicts"}
}

// operation bounds a command that changes the cluster. Helm's own timeout is for each hook on its
// own, and does not hold while the cluster's API does not answer. So Helm is
// told to end in order (SIGTERM) a little after the timeout, and is killed if it does not.
func (r Release) operation(args ...string) []string {
	helm := append([]string{"helm"}, args...)
	helm = append(helm, "--namespace", r.Namespace, "--timeout", r.Timeout.String())
	return Bounded(r.Timeout+grace, helm...)
}

// limit is the time after which an operation has ended, whatever its outcome.
func (r Release) limit() time.Duration {
	return r.Timeout + grace + killAfter + ClockTolerance
}

const (
	grace     = 5 * time.Second // for Helm to end in order
	killAfter = 5 * time.Second // for Helm to end after it was told to

	// ClockTolerance is how much two machines' clocks may differ.
	ClockTolerance = 10 * time.Second
)

// Bounded ends a command after a time, by timeout(1) as BusyBox and GNU coreutils both have it.
func Bounded(limit time.Duration, command ...string) []string {
	return append([]string{"timeout", "-k", seconds(killAfter), seconds(limit)}, command...)
}

func seconds(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }

// ThenLook is an operation, and a look at the release's last revision after it if it succeeded: in
// one program, since each further container takes as long as the look. Its output is that of
// RevisionsArgs, or empty if the look failed.
func (r Release) ThenLook(limit time.Duration, operation []string) []string {
	const script = `look=$1 limit=$2; shift 2; "$@" >/dev/null || exit; ` +
		`timeout -k 5 "$limit" kubectl get --raw "$look" 2>/dev/null || :`
	look := RevisionsArgs(r.Namespace, r.Name)
	return append([]string{"sh", "-c", script, "sh", look[len(look)-1], seconds(limit)}, operation...)
}

// HistoryArgs asks for the release's revisions.
func (r Release) HistoryArgs() []string {
	return []string{"helm", "history", r.Name, "--namespace", r.Namespace, "--output", "json"}
}

// ValuesArgs asks for the values that a revision was made with.
func (r Release) ValuesArgs(revision int) []string {
	return []string{
		"helm", "get", "values", r.Name, "--revision", strconv.Itoa(revision),
		"--namespace", r.Namespace, "--output", "json",
	}
}

// Labels that Ship puts on a revision. Helm lets a later revision inherit them.
const (
	// OperationLabel is how long the operation that makes the revision may take, as
	// REVISION.SECONDS: see Revision.Ends.
	OperationLabel = "ship-operation"
	// ClaimLabel is on a revision that is being uninstalled or rolled back: see Claim.
	ClaimLabel = "ship-claim"
	// RecoveryLabel is on a revision that took back a failure, as REVISION: see Revision.Recovery.
	RecoveryLabel = "ship-recovery"
	// RolloutLabel is on a revision whose pods nobody has seen ready, or that is not verified though that
	// was asked for: as REVISION while somebody waits for that, as REVISION.failed after that. Helm calls it
	// deployed all the while: see rolledOut.
	RolloutLabel = "ship-rollout"
	// ValuesLabel is on a revision whose files of values follow the branch, as REVISION.COMMIT: see
	// Revision.ValuesOf.
	ValuesLabel = "ship-values"
	// ChartLabel is on a revision whose chart is not the repo's, as REVISION.DIGEST: see Revision.HasChart.
	ChartLabel = "ship-chart"
	// PreviewLabel is on the revisions of a preview, and on a namespace that was made for one, as the
	// preview's name.
	PreviewLabel = "ship-preview"
)

// claimant is the field manager that claims are put on a revision as: the cluster writes down when
// it did so (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management).
const claimant = "ship-claim"

// Claim is one release's right to uninstall a revision or to roll it back: REVISION.SECONDS.OWNER.
// Helm compares nothing before it does that. It holds for SECONDS from when it was put there, by
// the cluster's clock.
type Claim string

// NewClaim makes a claim on a revision for the owner, an id that nobody else has. It holds for as
// long as an uninstall and an install may take.
func (r Release) NewClaim(revision int, owner string) Claim {
	return Claim(fmt.Sprintf("%d.%d.%s", revision, 2*r.limit()/time.Second, owner))
}

// Of tells whether it is the owner's.
func (c Claim) Of(owner string) bool { return strings.HasSuffix(string(c), "."+owner) }

// parse returns which revision is claimed, and for how long. Known is false if it is no claim.
func (c Claim) parse() (revision int, limit time.Duration, known bool) {
	var seconds int
	_, err := fmt.Sscanf(string(c), "%d.%d.", &revision, &seconds)
	return revision, time.Duration(seconds) * time.Second, err == nil
}

// ClaimArgs puts a claim on a revision. It fails if there is one already, unless it is the old one,
// which has ended (https://www.rfc-editor.org/rfc/rfc6902#section-4.6).
func (r Release) ClaimArgs(revision int, claim, old Claim) []string {
	return r.patch(revision, unclaimed(old),
		map[string]any{"op": "add", "path": "/metadata/labels/" + ClaimLabel, "value": claim})
}

// UnclaimArgs takes the owner's claim from a revision. It fails if it is not there.
func (r Release) UnclaimArgs(revision int, owner string) []string {
	path := "/metadata/labels/" + ClaimLabel
	return r.patch(revision, map[string]any{"op": "test", "path": path, "value": r.NewClaim(revision, owner)},
		map[string]any{"op": "remove", "path": path})
}

// SettleArgs writes down that a revision's pods are ready, and that it is verified if that was asked
// for. It fails if another release has claimed the revision since: that one found it left, and takes it
// back. A claim of the owner's own ends by that.
func (r Release) SettleArgs(revision int, claim Claim, owner string) []string {
	operations := []map[string]any{unclaimed(claim),
		{"op": "remove", "path": "/metadata/labels/" + RolloutLabel}}
	if claim.Of(owner) {
		operations = append(operations, map[string]any{"op": "remove", "path": "/metadata/labels/" + ClaimLabel})
	}
	return r.patch(revision, operations...)
}

// unclaimed tests that the claim on a revision is still this one, or that there is still none.
func unclaimed(claim Claim) map[string]any {
	was := any(nil)
	if claim != "" {
		was = claim
	}
	return map[string]any{"op": "test", "path": "/metadata/labels/" + ClaimLabel, "value": was}
}

// FailArgs writes down that a revision's pods did not become ready.
func (r Release) FailArgs(revision int) []string {
	return r.patch(revision, map[string]any{"op": "add", "path": "/metadata/labels/" + RolloutLabel,
		"value": strconv.Itoa(revision) + failedRollout})
}

func (r Release) patch(revision int, operations ...map[string]any) []string {
	patch, _ := json.Marshal(operations)
	return []string{"kubectl", "patch", "secret", r.record(revision), "--namespace", r.Namespace,
		"--field-manager", claimant, "--type", "json", "--patch", string(patch)}
}

// ClockArgs asks for the time by the cluster's clock, which the cluster writes on every new object;
// nothing is made.
func ClockArgs(namespace string) []string {
	return []string{
		"kubectl", "create", "secret", "generic", "ship-clock", "--namespace", namespace,
		"--dry-run=server", "--output", "jsonpath={.metadata.creationTimestamp}",
	}
}

// VersionArgs asks Helm for its own version.
func VersionArgs() []string { return []string{"helm", "version", "--template", "{{.Version}}"} }

// TemplateArgs renders the chart without a cluster.
func (r Release) TemplateArgs() []string {
	return append([]string{"helm", "template", r.Name, r.Chart, "--namespace", r.Namespace}, r.values()...)
}

func (r Release) values() (args []string) {
	for _, file := range r.Values {
		args = append(args, "--values", file)
	}
	return args
}
