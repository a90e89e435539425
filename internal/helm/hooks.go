package helm

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Helm may remove a hook as soon as it has failed (helm.sh/hook-delete-policy), and with it what its
// pods printed and how they ended. So that is written down while the operation is at work.

// RolloutHooks are those of a chart's hooks that Helm makes when it installs or upgrades.
func RolloutHooks(hooks []Object) []Object { return hooksOf(hooks, ofRollout) }

// Tests are those of a chart's hooks that helm test makes.
func Tests(hooks []Object) []Object { return hooksOf(hooks, isTest) }

func hooksOf(hooks []Object, of func(event string) bool) (found []Object) {
	for _, o := range hooks {
		if slices.ContainsFunc(o.Events(), of) {
			found = append(found, o)
		}
	}
	return found
}

// isTest tells whether an event is that of a test. Helm 2 had two, of which Helm still takes the one for
// tests that are to succeed.
func isTest(event string) bool { return event == "test" || event == "test-success" }

// hookPods is how kubectl is told which pods hooks are or have: a namespace, and what to select in it
// by.
func hookPods(hooks []Object) (args [][]string) {
	jobs := map[string][]string{}
	for _, o := range hooks {
		switch {
		case o.Group == "batch" && o.Kind == "Job":
			if jobs[o.Namespace] == nil {
				args = append(args, []string{o.Namespace, "--selector"})
			}
			jobs[o.Namespace] = append(jobs[o.Namespace], o.Name)
		case o.Group == "" && o.Kind == "Pod":
			args = append(args, []string{o.Namespace, "--field-selector", "metadata.name=" + o.Name})
		}
	}
	for i, a := range args {
		if a[1] == "--selector" {
			args[i] = append(a, jobLabel+" in ("+strings.Join(jobs[a[0]], ",")+")")
		}
	}
	return args
}

// ofRollout tells whether Helm makes the hooks of an event when it installs or upgrades.
func ofRollout(event string) bool {
	_, of, _ := strings.Cut(event, "-")
	return of == "install" || of == "upgrade"
}

// jobLabel is on the pods of a job
// (https://kubernetes.io/docs/reference/labels-annotations-taints/#job-name).
const jobLabel = "job-name"

// Recording is an operation that writes down what the pods of hooks do meanwhile. If the operation
// succeeds, its output is as ever. If it fails, the program itself succeeds, since what it prints
// gets lost otherwise, or is shown as it is: ReadRecord reads that. Without hooks of jobs or pods,
// it is the operation alone.
func (r Release) Recording(operation []string, hooks []Object) []string {
	pods := hookPods(hooks)
	if len(pods) == 0 {
		return operation
	}
	limit := seconds(r.limit())
	script := recording
	for _, p := range pods {
		script += fmt.Sprintf("(exec >/dev/null 2>&1 </dev/null; record %s %s %s %s) &\n", limit, Quote(p[0]), p[1],
			Quote(p[2]))
	}
	return append([]string{"sh", "-c", script + performing, "sh"}, operation...)
}

// Quote makes one word of a text for a shell.
func Quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// recording writes down each state of pods, on one line, and what they have printed then. If the
// account may not watch pods, it looks each second. It ends with the program, whatever became of that.
const recording = `dir=$(mktemp -d)
record() {
	while kill -0 $$ 2>/dev/null && [ ! -e "$dir/ended" ]; do
		timeout "$1" kubectl get pods --namespace "$2" "$3" "$4" --watch \
			--output 'jsonpath={.metadata.name} {.status.phase} {$}{"\n"}' |
			while read -r name phase object; do
				printf '%s\n' "$object" >"$dir/pod.$name"
				[ "$phase" != Pending ] || continue
				timeout 10 kubectl logs --namespace "$2" "$name" --all-containers --prefix --ignore-errors \
					--tail 20 >"$dir/new.$name" && mv "$dir/new.$name" "$dir/log.$name"
			done
		sleep 1
	done
}
`

// performing runs the operation and prints what was written down if that failed.
const performing = `"$@" 2>"$dir/said"
code=$?
: >"$dir/ended"
cat "$dir/said" >&2
[ $code != 0 ] || exit 0
sleep 1
echo "failed $code"
cd "$dir"
echo "said $(base64 said | tr -d '\n')"
ls -t | grep '^pod[.]' | head -n ` + maxHookPods + ` | while read -r pod; do
	name=${pod#pod.}
	[ ! -f "log.$name" ] || echo "log $name $(tail -c ` + maxHookLog + ` "log.$name" | base64 | tr -d '\n')"
	printf 'pod %s\n' "$(cat "$pod")"
done
`

// How much is written down of hooks: pods, and bytes that each has printed last.
const (
	maxHookPods = "10"
	maxHookLog  = "16000"
)

// Record is what the pods of hooks did in an operation that failed.
type Record struct {
	Pods string // as kubectl prints them, one after the other

	logs map[string]string // by pod: lines that begin with pod and container
}

// Log is what a container printed last, empty if that is not known.
func (r Record) Log(pod, container string) string {
	var lines []string
	for line := range strings.Lines(r.logs[pod]) {
		if text, is := strings.CutPrefix(line, "[pod/"+pod+"/"+container+"] "); is {
			lines = append(lines, text)
		}
	}
	return strings.Join(lines, "")
}

// ReadRecord reads what a program of Recording printed if its operation failed.
func ReadRecord(stdout string) (record Record, code int, stderr string, failed bool) {
	rest, failed := strings.CutPrefix(stdout, "failed ")
	if !failed {
		return record, 0, "", false
	}
	record.logs = map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(rest))
	lines.Buffer(nil, maxRecord)
	for first := true; lines.Scan(); first = false {
		if first {
			code, _ = strconv.Atoi(lines.Text())
			continue
		}
		kind, text, _ := strings.Cut(lines.Text(), " ")
		switch kind {
		case "said":
			said, _ := base64.StdEncoding.DecodeString(text)
			stderr = string(said)
		case "log":
			name, encoded, _ := strings.Cut(text, " ")
			printed, _ := base64.StdEncoding.DecodeString(encoded)
			record.logs[name] = string(printed)
		case "pod":
			record.Pods += asItWas(text)
		}
	}
	return record, max(1, code), stderr, true
}

// asItWas is a pod, without the mark that it is to be removed.
func asItWas(object string) string {
	var pod map[string]any
	if err := json.Unmarshal([]byte(object), &pod); err != nil {
		return ""
	}
	if metadata, is := pod["metadata"].(map[string]any); is {
		for _, key := range []string{"deletionTimestamp", "managedFields"} {
			delete(metadata, key)
		}
	}
	plain, _ := json.Marshal(pod)
	return string(plain) + "\n"
}
