package rollout

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"dagger/ship/internal/helm"
)

// Progress is how far the objects that a chart makes have come.
type Progress struct {
	Ready  bool
	Failed bool     // it will not become ready by waiting
	Why    string   // what is not ready, if it is not
	Others []string // what is not ready either, but does not keep the workloads from running

	// Underway are those of Others that say that they are at work on that.
	Underway []string
}

// ProgressArgs waits up to block until workloads have rolled out, and asks for the release's last
// revision and for the objects that it made, each by its name: an account that may get them
// suffices. What prevents a look at them follows after them: see SplitProgress.
func ProgressArgs(r Release, objects []helm.Object, block time.Duration) []string {
	look := helm.RevisionsArgs(r.Namespace, r.Name)
	script := []string{
		"kubectl get --raw " + helm.Quote(look[len(look)-1]) + " || exit",
		"echo; echo " + helm.Quote(separator) + "; : >/tmp/refused",
	}
	seconds := max(1, int(block/time.Second))
	var waits []string
	for _, o := range objects {
		namespace, name := helm.Quote(o.Namespace), helm.Quote(resource(o)+"/"+o.Name)
		if rolls(o) {
			waits = append(waits,
				fmt.Sprintf("kubectl --namespace %s rollout status %s --timeout=%ds", namespace, name, seconds))
		}
		// one at a time: kubectl shows none if it does not know the kind of one
		script = append(script, fmt.Sprintf(
			"kubectl --namespace %s get --ignore-not-found --output json %s 2>>/tmp/refused || :", namespace, name))
	}
	if len(waits) > 0 && block > 0 {
		wait := helm.Quote(strings.Join(waits, " && "))
		script = slices.Insert(script, 0, fmt.Sprintf("timeout %d sh -c %s >/dev/null 2>&1 || :", seconds, wait))
	}
	script = append(script, "echo; echo "+helm.Quote(separator), "cat /tmp/refused")
	return []string{"sh", "-c", strings.Join(script, "\n")}
}

// SplitProgress takes the answer to ProgressArgs apart: the revisions, for helm.ParseRevisions, the
// objects and what was refused, for Judge.
func SplitProgress(answer string) (revisions, objects, refused string) {
	revisions, rest, _ := strings.Cut(answer, "\n"+separator+"\n")
	objects, refused, _ = strings.Cut(rest, separator+"\n")
	return revisions, objects, strings.TrimSpace(refused)
}

// Workloads are those of a chart's objects that say whether a release is ready.
func Workloads(objects []helm.Object) []helm.Object {
	return those(objects, func(o helm.Object) bool { return workload(o) || deploys(o) })
}

// Others are objects whose state a person wants to know, though it does not count: many may never become
// ready.
func Others(objects []helm.Object) []helm.Object {
	others := those(objects, watched)
	return others[:min(len(others), maxOthers)]
}

// maxOthers is how many objects are looked at that do not count.
const maxOthers = 20

func those(objects []helm.Object, are func(helm.Object) bool) (found []helm.Object) {
	for _, o := range objects {
		if are(o) {
			found = append(found, o)
		}
	}
	return found
}

// workload tells whether an object runs pods.
func workload(o helm.Object) bool {
	switch o.Group {
	case "":
		return o.Kind == "Pod" || o.Kind == "ReplicationController"
	case "apps":
		return rolls(o) || o.Kind == "ReplicaSet" || o.Kind == "Deployment"
	case "batch":
		return o.Kind == "Job"
	}
	return false
}

// rolls tells whether kubectl can wait for an object's rollout. It would wait for a paused one
// until that goes on.
func rolls(o helm.Object) bool {
	spec, _ := o.Body["spec"].(map[string]any)
	paused, _ := spec["paused"].(bool)
	return o.Group == "apps" && (o.Kind == "Deployment" && !paused || o.Kind == "StatefulSet" || o.Kind == "DaemonSet")
}

// stateless are the groups of Kubernetes' own kinds that have no state of being ready.
var stateless = []string{
	"", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "storage.k8s.io",
	"scheduling.k8s.io", "apiextensions.k8s.io", "admissionregistration.k8s.io", "coordination.k8s.io", "node.k8s.io",
}

// watched tells whether an object that runs no pods has a state of being ready.
func watched(o helm.Object) bool {
	spec, _ := o.Body["spec"].(map[string]any)
	switch {
	case workload(o) || deploys(o):
		return false
	case o.Group == "" && o.Kind == "Service":
		return spec["type"] == "LoadBalancer"
	case o.Group == "" && o.Kind == "PersistentVolumeClaim":
		return true
	}
	return !slices.Contains(stateless, o.Group)
}

// resource is how kubectl is told an object's kind.
func resource(o helm.Object) string {
	if o.Group == "" {
		return o.Kind
	}
	return o.Kind + "." + o.Group
}

// Judge tells from the objects in the answer to ProgressArgs how far those that were asked for have
// come. Redact removes secrets from what programs said in their own words; nil changes nothing.
func Judge(answer, refused string, asked []helm.Object, redact func(string) string) (p Progress, err error) {
	found, err := decode(answer)
	if err != nil {
		return p, err
	}
	var lacks []string
	for _, o := range asked {
		at := slices.IndexFunc(found, func(f object) bool {
			return f.Kind == o.Kind && f.Metadata.Name == o.Name &&
				(f.Metadata.Namespace == o.Namespace || f.Metadata.Namespace == "")
		})
		name := strings.ToLower(o.Kind) + " " + o.Name
		if at < 0 {
			switch {
			case o.Kind == "Job": // the cluster may remove one that has ended
			case workload(o) && refused != "":
				lacks = append(lacks, name+" cannot be seen: "+refused)
			case deploys(o) && refused != "": // the account may not, or the cluster has no such kind any more
				p.Others = append(p.Others, cut(oneLine(name+" cannot be seen: "+refused), maxLine))
			case workload(o) || deploys(o):
				lacks = append(lacks, name+" is not there")
			}
			continue
		}
		f := &found[at]
		if redact != nil {
			f.redact(redact)
		}
		said := ""
		switch {
		case o.Group == "" && !workload(o):
			said = f.unsettled()
		case !workload(o):
			if lack := p.judge(o, f, name); lack != "" {
				lacks = append(lacks, lack)
			}
		case f.Kind == "Deployment" && f.Spec.Paused:
			said = "is paused, so its pods stay as they are"
		default:
			if lack := f.shortfall(); lack != "" {
				lacks, p.Failed = append(lacks, cut(oneLine(name+": "+lack), maxCause)), p.Failed || f.hopeless()
			}
		}
		if said != "" {
			p.Others = append(p.Others, cut(oneLine(name+" "+said), maxLine))
		}
	}
	p.Ready, p.Why = len(lacks) == 0, strings.Join(lacks, "; ")
	return p, nil
}

// decode reads what kubectl printed one after the other: objects, and lists of them.
func decode(answer string) (objects []object, err error) {
	documents := json.NewDecoder(strings.NewReader(answer))
	for {
		var document struct {
			object
			Items []object
		}
		// a custom resource may have anything in a field of that name; the other fields are read all the same
		other := new(json.UnmarshalTypeError)
		if err := documents.Decode(&document); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil && !errors.As(err, &other) {
			return nil, fmt.Errorf("read the answer of kubectl get: %w", err)
		}
		if document.Kind == "List" {
			objects = append(objects, document.Items...)
		} else {
			objects = append(objects, document.object)
		}
	}
}

// hopeless tells whether a workload has failed for good: waiting does not help.
func (o *object) hopeless() bool {
	switch o.Kind {
	case "Deployment":
		progress := o.condition("Progressing")
		return progress.Status == "False" && progress.Reason == "ProgressDeadlineExceeded"
	case "Job":
		return o.condition("Failed").Status == "True"
	case "Pod":
		return o.Status.Phase == "Failed"
	}
	return false
}

// unsettled says what an object of Kubernetes' own waits for that runs no pods, empty if it waits for
// nothing.
func (o *object) unsettled() string {
	switch {
	case o.Kind == "PersistentVolumeClaim" && o.Status.Phase != "Bound":
		return "is " + strings.ToLower(o.Status.Phase)
	case o.Kind == "Service" && len(o.Status.LoadBalancer.Ingress) == 0:
		return "has no address of a load balancer yet"
	}
	return ""
}
