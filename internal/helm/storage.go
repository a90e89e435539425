package helm

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// RevisionsArgs asks for the last revisions of releases in a namespace with one request, whereas
// `helm status` asks for one release's. Helm keeps a revision in a secret with labels for its
// owner, name, status and number (https://helm.sh/docs/topics/advanced/#storage-backends).
func RevisionsArgs(namespace string, names ...string) []string {
	slices.Sort(names)
	return recordsArgs(namespace, "owner=helm,status!=superseded,name in ("+strings.Join(names, ",")+")")
}

// HistoryRevisionsArgs asks for all revisions of a release that Helm keeps.
func HistoryRevisionsArgs(namespace, name string) []string {
	return recordsArgs(namespace, "owner=helm,name="+name)
}

func recordsArgs(namespace, selector string) []string {
	return []string{
		"kubectl", "get", "--raw",
		"/api/v1/namespaces/" + namespace + "/secrets?labelSelector=" + url.QueryEscape(selector),
	}
}

// ParseRevisions reads the answer to RevisionsArgs: the last revision of each release.
func ParseRevisions(answer string) (map[string]Revision, error) {
	all, err := ParseHistoryRevisions(answer)
	last := map[string]Revision{}
	for name, revisions := range all {
		for _, revision := range revisions {
			if revision.Number > last[name].Number {
				last[name] = revision
			}
		}
	}
	return last, err
}

// ParseHistoryRevisions reads the answer to HistoryRevisionsArgs: the revisions of each release, in any
// order.
func ParseHistoryRevisions(answer string) (map[string][]Revision, error) {
	var list struct {
		Items []struct {
			Metadata struct {
				Labels            map[string]string
				CreationTimestamp time.Time
				UID               string
				ManagedFields     []struct {
					Manager string
					Time    time.Time
				}
			}
			Data struct{ Release []byte }
		}
	}
	if err := json.Unmarshal([]byte(answer), &list); err != nil {
		return nil, fmt.Errorf("read the cluster's list of Helm's revisions: %w", err)
	}
	all := map[string][]Revision{}
	for _, item := range list.Items {
		name, revision, err := decode(item.Data.Release)
		if err != nil {
			return nil, fmt.Errorf("read a revision of the Helm release %s: %w", item.Metadata.Labels["name"], err)
		}
		revision.Operation = item.Metadata.Labels[OperationLabel]
		revision.Claim = Claim(item.Metadata.Labels[ClaimLabel])
		revision.Recovered = item.Metadata.Labels[RecoveryLabel]
		revision.of, revision.chart = item.Metadata.Labels[ValuesLabel], item.Metadata.Labels[ChartLabel]
		revision.Status = rolledOut(revision.Status, revision.Number, item.Metadata.Labels[RolloutLabel])
		revision.Created, revision.UID = item.Metadata.CreationTimestamp, item.Metadata.UID
		for _, fields := range item.Metadata.ManagedFields {
			if fields.Manager == claimant && fields.Time.After(revision.Claimed) {
				revision.Claimed = fields.Time
			}
		}
		all[name] = append(all[name], revision)
	}
	return all, nil
}

// maxRecord is how many bytes a revision's record may unpack to. A secret holds 1 MiB, which a
// chart's text packs into about a tenth of itself, but zeros into a thousandth.
const maxRecord = 32 << 20

// decode reads what Helm keeps of a revision: JSON, compressed, in base64
// (https://github.com/helm/helm/blob/main/pkg/storage/driver/util.go). `helm status` prints the
// same record.
func decode(kept []byte) (name string, revision Revision, err error) {
	var stored struct {
		Name    string
		Version int
		Info    struct {
			Status       string
			Description  string
			LastDeployed time.Time `json:"last_deployed"`
		}
		Manifest string
		Config   map[string]any
		Hooks    []struct {
			Name     string
			Events   []string
			Manifest string
		}
	}
	data, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(kept)))
	if err != nil {
		return "", Revision{}, err
	}
	limited := &io.LimitedReader{R: data, N: maxRecord}
	if err := json.NewDecoder(limited).Decode(&stored); err != nil {
		if limited.N == 0 {
			err = fmt.Errorf("it unpacks to more than %d MB", maxRecord>>20)
		}
		return "", Revision{}, err
	}
	revision = Revision{
		Number: stored.Version, Status: stored.Info.Status, Since: stored.Info.LastDeployed,
		Description: stored.Info.Description, Manifest: stored.Manifest, values: stored.Config,
	}
	for _, hook := range stored.Hooks {
		revision.Hooks = append(revision.Hooks, hook.Name)
		if slices.ContainsFunc(hook.Events, isTest) {
			revision.tests += hook.Manifest + "\n---\n"
		}
	}
	return stored.Name, revision, nil
}

// Rolling is the status of a revision whose pods somebody waits for, or verifies, or did so when
// another one came.
const Rolling = "pending-rollout"

// failedRollout is behind the number in the RolloutLabel of a revision whose pods did not become
// ready, or that was not verified.
const failedRollout = ".failed"

// rolledOut is a revision's status by its RolloutLabel, too, which a later revision may have
// inherited. Helm calls a revision deployed, and later superseded, whatever came of its pods.
func rolledOut(status string, number int, label string) string {
	of, failed := strings.CutSuffix(label, failedRollout)
	switch {
	case of != strconv.Itoa(number) || status != "deployed" && status != "superseded":
		return status
	case failed:
		return "failed"
	}
	return Rolling
}

// RolloutsArgs asks for those of a release's revisions that have a RolloutLabel.
func RolloutsArgs(namespace, name string) []string {
	const labels = `{.metadata.labels.version} {.metadata.labels.` + RolloutLabel + `}{"\n"}`
	return []string{
		"kubectl", "get", "secrets", "--namespace", namespace,
		"--selector", "owner=helm,name=" + name + "," + RolloutLabel,
		"--output", "jsonpath={range .items[*]}" + labels + "{end}",
	}
}

// RolledOut is a history whose entries have their status by the answer to RolloutsArgs, too.
func RolledOut(history []Entry, answer string) []Entry {
	labels := map[int]string{}
	for line := range strings.Lines(answer) {
		var revision int
		var label string
		if n, _ := fmt.Sscan(line, &revision, &label); n == 2 {
			labels[revision] = label
		}
	}
	for i, e := range history {
		history[i].Status = rolledOut(e.Status, e.Revision, labels[e.Revision])
	}
	return history
}
