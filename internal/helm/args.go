package helm

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Release names a Helm release and what it is made from. Paths are those inside the container that Helm runs in.
type Release struct {
	Name      string
	Namespace string
	Chart     string
	Values    []string // files, a later one over an earlier one
	Timeout   string   // of a rollout: a Go duration such as 5m
}

// UpgradeArgs installs the release or upgrades it, and waits until its pods are ready.
// It does not roll back: what went wrong is only to be seen before that.
func (r Release) UpgradeArgs() []string {
	args := []string{"helm", "upgrade", "--install", r.Name, r.Chart, "--namespace", r.Namespace, "--create-namespace"}
	return r.rollout(args)
}

// InstallArgs installs the release anew.
func (r Release) InstallArgs() []string {
	return r.rollout([]string{"helm", "install", r.Name, r.Chart, "--namespace", r.Namespace, "--create-namespace"})
}

// UninstallArgs removes the release and waits until its objects are gone.
func (r Release) UninstallArgs() []string {
	return []string{"helm", "uninstall", r.Name, "--namespace", r.Namespace, "--ignore-not-found", "--wait", "--timeout", r.Timeout}
}

// RollbackArgs takes the release back to a revision.
func (r Release) RollbackArgs(revision int) []string {
	return []string{"helm", "rollback", r.Name, fmt.Sprint(revision), "--namespace", r.Namespace, "--wait", "--timeout", r.Timeout}
}

// StatusArgs asks for the release's last revision.
func (r Release) StatusArgs() []string {
	return []string{"helm", "status", r.Name, "--namespace", r.Namespace, "--output", "json"}
}

// HistoryArgs asks for the release's revisions.
func (r Release) HistoryArgs() []string {
	return []string{"helm", "history", r.Name, "--namespace", r.Namespace, "--output", "json"}
}

// TemplateArgs renders the chart without a cluster.
func (r Release) TemplateArgs() []string {
	return append([]string{"helm", "template", r.Name, r.Chart, "--namespace", r.Namespace}, r.values()...)
}

func (r Release) rollout(args []string) []string {
	return append(append(args, r.values()...), "--wait", "--timeout", r.Timeout)
}

func (r Release) values() (args []string) {
	for _, file := range r.Values {
		args = append(args, "--values", file)
	}
	return args
}

// Diagnosis are the commands that show why a release's pods are not ready, each with a heading.
// Charts made by `helm create` label their pods with the release's name.
func (r Release) Diagnosis() []struct {
	Heading string
	Args    []string
} {
	selector := "app.kubernetes.io/instance=" + r.Name
	kubectl := func(args ...string) []string { return append([]string{"kubectl", "--namespace", r.Namespace}, args...) }
	return []struct {
		Heading string
		Args    []string
	}{
		{"pods", kubectl("get", "pods", "--selector", selector, "--output", "wide")},
		{"warnings", kubectl("get", "events", "--field-selector", "type=Warning", "--sort-by", ".lastTimestamp",
			"--output", "custom-columns=OBJECT:.involvedObject.name,REASON:.reason,TIMES:.count,MESSAGE:.message")},
		{"logs", kubectl("logs", "--selector", selector, "--all-containers", "--prefix", "--tail", "20", "--ignore-errors")},
	}
}

// Revision is one state that a release has been in.
type Revision struct {
	Number int
	Status string // deployed, failed, superseded, pending-upgrade, …: https://helm.sh/docs/helm/helm_status/
	Since  time.Time
	Image  Image
}

// Pending tells whether an operation holds the revision, or was killed while it did.
func (r Revision) Pending() bool { return strings.HasPrefix(r.Status, "pending-") }

// Locked recognizes Helm's refusal to begin while another operation holds the release.
func Locked(cause string) bool { return strings.Contains(cause, "another operation") }

// ParseStatus reads the answer to StatusArgs. Exists is false where there is no such release.
func ParseStatus(exitCode int, stdout, stderr string, keys Keys) (revision Revision, exists bool, err error) {
	if exitCode != 0 {
		if Missing(stderr) {
			return Revision{}, false, nil
		}
		return Revision{}, false, fmt.Errorf("helm status: %s", Cause(stderr))
	}
	var answer struct {
		Version int
		Info    struct {
			Status       string
			LastDeployed time.Time `json:"last_deployed"`
		}
		Config map[string]any
	}
	if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
		return Revision{}, false, fmt.Errorf("read the answer of helm status: %w", err)
	}
	return Revision{Number: answer.Version, Status: answer.Info.Status, Since: answer.Info.LastDeployed, Image: keys.Image(answer.Config)}, true, nil
}

// Missing recognizes Helm's word that there is no such release.
func Missing(stderr string) bool { return strings.Contains(stderr, "release: not found") }

// LastDeployed reads the answer to HistoryArgs: the newest revision that ran, 0 where none did, and how many there are.
func LastDeployed(history string) (last, revisions int, err error) {
	var all []struct {
		Revision int
		Status   string
	}
	if err := json.Unmarshal([]byte(history), &all); err != nil {
		return 0, 0, fmt.Errorf("read the answer of helm history: %w", err)
	}
	for _, r := range all {
		if r.Status == "deployed" || r.Status == "superseded" {
			last = max(last, r.Revision)
		}
	}
	return last, len(all), nil
}

var chartError = regexp.MustCompile(`(?s)Error: (.*)`)

// Cause returns what Helm said went wrong, without what it warned of before.
func Cause(stderr string) string {
	if found := chartError.FindStringSubmatch(stderr); found != nil {
		stderr = found[1]
	}
	return strings.TrimSpace(stderr)
}
