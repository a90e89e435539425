package helm

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Release names a Helm release and what it is made from. Paths are those inside the container that Helm runs in.
type Release struct {
	Name      string
	Namespace string
	Chart     string
	Values    []string      // files, a later one over an earlier one
	Timeout   time.Duration // of an operation, hooks included
	Helm      Version

	// Next is the revision that an operation is to make. An upgrade or install says it in a label of the revision, with the
	// operation's limit, so that whoever finds it pending later knows when its maker has ended: see Revision.Ends.
	Next int

	// CreateNamespace has Helm make the namespace where there is none. That takes a right on the whole cluster, even
	// where the namespace exists.
	CreateNamespace bool
}

// UpgradeArgs installs the release or upgrades it, and waits until its pods are ready.
// It does not roll back: what went wrong is only to be seen before that.
func (r Release) UpgradeArgs() []string {
	return r.rollout("upgrade", "--install", r.Name, r.Chart)
}

// InstallArgs installs the release anew.
func (r Release) InstallArgs() []string {
	return r.rollout("install", r.Name, r.Chart)
}

func (r Release) rollout(args ...string) []string {
	args = append(args, r.values()...)
	args = append(args, "--labels", fmt.Sprintf("%s=%d.%d", OperationLabel, r.Next, r.limit()/time.Second))
	if r.CreateNamespace {
		args = append(args, "--create-namespace")
	}
	return r.operation(append(args, r.overwrite()...)...)
}

// UninstallArgs removes the release and waits until its objects are gone.
func (r Release) UninstallArgs() []string {
	return r.operation("uninstall", r.Name, "--ignore-not-found")
}

// RollbackArgs takes the release back to a revision. Helm has a place to say how long that may take from 4.3 on.
func (r Release) RollbackArgs(revision int) []string {
	args := append([]string{"rollback", r.Name, strconv.Itoa(revision)}, r.overwrite()...)
	if r.Helm.from(4, 3) {
		args = append(args, "--description", fmt.Sprintf(rollback+"%d, by Ship in %d s at most", revision, r.limit()/time.Second))
	}
	return r.operation(args...)
}

// overwrite makes Helm 4 do what Helm 3 does anyway: set what the chart says where somebody else has changed it since,
// also in a release that Helm 3 made.
func (r Release) overwrite() []string {
	if !r.Helm.from(4, 0) {
		return nil
	}
	return []string{"--server-side=true", "--force-conflicts"}
}

// operation bounds one that changes the cluster. Helm's own timeout is for each hook and for the rollout on its own, and does
// not hold while the cluster's API keeps silent; so it is told to end in order (SIGTERM) a little after the timeout, and is
// killed where it does not.
func (r Release) operation(args ...string) []string {
	helm := append([]string{"helm"}, args...)
	return Bounded(r.Timeout+grace, append(helm, "--namespace", r.Namespace, "--wait", "--timeout", r.Timeout.String())...)
}

// limit is the time after which an operation that began has ended, whatever became of it.
func (r Release) limit() time.Duration { return r.Timeout + grace + killAfter + clocks }

// What Helm gets to end in order, to end after it was told to, and what two machines' clocks may differ by.
const (
	grace     = 5 * time.Second
	killAfter = 5 * time.Second
	clocks    = 10 * time.Second
)

// Bounded ends a command after a time, by timeout(1) as BusyBox and GNU coreutils both have it.
func Bounded(limit time.Duration, command ...string) []string {
	seconds := func(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }
	return append([]string{"timeout", "-k", seconds(killAfter), seconds(limit)}, command...)
}

// HistoryArgs asks for the release's revisions.
func (r Release) HistoryArgs() []string {
	return []string{"helm", "history", r.Name, "--namespace", r.Namespace, "--output", "json"}
}

// ValuesArgs asks for the values that a revision was made with.
func (r Release) ValuesArgs(revision int) []string {
	return []string{"helm", "get", "values", r.Name, "--revision", strconv.Itoa(revision), "--namespace", r.Namespace, "--output", "json"}
}

// Labels that Ship puts on a revision. Helm lets a later revision inherit them.
const (
	// OperationLabel is how long the operation that makes the revision may take, as REVISION.SECONDS: see Revision.Ends.
	OperationLabel = "ship-operation"
	// ClaimLabel is on a revision that is being uninstalled and installed anew: see Claim.
	ClaimLabel = "ship-reinstall"
)

// Claim is one release's right to uninstall a revision. Helm takes no lock for that.
type Claim string

// NewClaim makes a claim of the owner's, an id that nobody else has, that holds for as long as an uninstall and an install may take.
func (r Release) NewClaim(owner string) Claim {
	return Claim(fmt.Sprintf("%d-%s", time.Now().Add(2*r.limit()).Unix(), owner))
}

// Of tells whether it is the owner's.
func (c Claim) Of(owner string) bool { return strings.HasSuffix(string(c), "-"+owner) }

// Until returns when the claim ends, whatever became of its owner.
func (c Claim) Until() time.Time {
	var seconds int64
	_, _ = fmt.Sscanf(string(c), "%d-", &seconds) // one that cannot be read has ended
	return time.Unix(seconds, 0)
}

// ClaimArgs puts a claim on a revision. It fails where there is one already, unless it is the old one, which has ended
// (https://www.rfc-editor.org/rfc/rfc6902#section-4.6).
func (r Release) ClaimArgs(revision int, claim, old Claim) []string {
	path, was := "/metadata/labels/"+ClaimLabel, any(nil)
	if old != "" {
		was = old
	}
	patch, _ := json.Marshal([]map[string]any{{"op": "test", "path": path, "value": was}, {"op": "add", "path": path, "value": claim}})
	return []string{"kubectl", "patch", "secret", fmt.Sprintf("sh.helm.release.v1.%s.v%d", r.Name, revision), "--namespace", r.Namespace,
		"--type", "json", "--patch", string(patch)}
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
