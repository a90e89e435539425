package helm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const hookManifests = `kind: Job
apiVersion: batch/v1
metadata: {name: shop-migrate, annotations: {helm.sh/hook: "pre-install, pre-upgrade"}}
---
kind: Job
apiVersion: batch/v1
metadata: {name: shop-seed, annotations: {helm.sh/hook: post-install}}
---
kind: Pod
apiVersion: v1
metadata: {name: it's, namespace: other, annotations: {helm.sh/hook: post-upgrade}}
---
kind: Job
apiVersion: batch/v1
metadata: {name: shop-bye, annotations: {helm.sh/hook: pre-delete}}
---
kind: Pod
apiVersion: v1
metadata: {name: shop-test, annotations: {helm.sh/hook: test}}
---
kind: Pod
apiVersion: v1
metadata: {name: shop-old, annotations: {helm.sh/hook: test-success}}
---
kind: Secret
apiVersion: v1
metadata: {name: shop-secret, annotations: {helm.sh/hook: pre-install}}
`

// kubectl is one that shows a pod of a hook which fails and is removed, to whoever may watch, and another that is still
// to come.
const kubectl = `#!/bin/sh
case "$*" in
*"get pods --namespace live --selector job-name in (shop-migrate,shop-seed)"*)
	echo 'shop-migrate-x Pending {"kind":"Pod","metadata":{"name":"shop-migrate-x"}}'
	echo 'shop-seed-y Pending {"kind":"Pod","metadata":{"name":"shop-seed-y"}}'
	echo 'shop-migrate-x Failed {"kind":"Pod","metadata":{"name":"shop-migrate-x","deletionTimestamp":"2026"},"'\
'a":"b\\n"}'
	sleep 2 ;;
*"get pods --namespace other --field-selector metadata.name=it's"*) exit 1 ;;
*"logs --namespace live shop-migrate-x"*)
	printf '[pod/shop-migrate-x/migrate] failed 0\n[pod/shop-migrate-x/proxy] up\n'
	printf '[pod/shop-migrate-x/migrate] last\n' ;;
*) echo "$*" >>"$WRONG" ;;
esac
`

func TestRecording(t *testing.T) {
	hooks, err := ParseObjects(hookManifests, "live")
	must(t, err)
	tests := Tests(hooks)
	hooks = RolloutHooks(hooks)
	release := Release{Name: "shop", Timeout: time.Minute}
	programs := t.TempDir()
	must(t, os.WriteFile(filepath.Join(programs, "kubectl"), []byte(kubectl), 0o755))
	wrong := filepath.Join(programs, "wrong")
	run := func(operation string) (string, string, int) {
		args := release.Recording([]string{"sh", "-c", operation}, hooks)
		cmd := exec.Command(args[0], args[1:]...)
		temporary, err := os.MkdirTemp(programs, "recorded")
		must(t, err)
		cmd.Env = []string{"PATH=" + programs + ":/usr/bin:/bin", "WRONG=" + wrong, "TMPDIR=" + temporary}
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		_ = cmd.Run()
		// what looks at pods must end with it, though the folder that it writes into is gone
		must(t, os.RemoveAll(temporary))
		for deadline := time.Now().Add(30 * time.Second); syscall.Kill(-cmd.Process.Pid, 0) == nil; {
			if time.Now().After(deadline) {
				_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
				t.Fatal("something of it is still at work")
			}
			time.Sleep(50 * time.Millisecond)
		}
		return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
	}
	const said = "Error: UPGRADE FAILED: pre-upgrade hooks failed\n"
	stdout, stderr, code := run("sleep 1; printf '" + said + "' >&2; exit 7")
	if code != 0 || stderr != said {
		t.Errorf("the program ended with exit code %d and said %q", code, stderr)
	}
	record, code, stderr, failed := ReadRecord(stdout)
	if !failed || code != 7 || stderr != said {
		t.Errorf("%v: exit code %d, it said %q", failed, code, stderr)
	}
	pods := strings.Split(record.Pods, "\n") // in any order
	const pod = `{"a":"b\n","kind":"Pod","metadata":{"name":"shop-migrate-x"}}`
	if len(pods) != 3 || pods[0] != pod && pods[1] != pod {
		t.Errorf("the pods are\n%s", record.Pods)
	}
	if got := record.Log("shop-migrate-x", "migrate"); got != "failed 0\nlast\n" {
		t.Errorf("migrate printed %q", got)
	}
	if got := record.Log("shop-seed-y", "seed"); got != "" {
		t.Errorf("a pod that has not begun printed %q", got)
	}
	if stdout, _, code := run("echo '{}'"); stdout != "{}\n" || code != 0 {
		t.Errorf("an operation that succeeds: exit code %d, it printed %q", code, stdout)
	}
	if data, err := os.ReadFile(wrong); err == nil {
		t.Errorf("kubectl was asked for\n%s", data)
	}
	if got := release.Recording([]string{"helm"}, hooks[3:]); len(got) != 1 {
		t.Errorf("without hooks of pods: %q", got)
	}
	got := strings.Join(release.Recording([]string{"helm"}, tests), " ")
	if !strings.Contains(got, "'live' --field-selector 'metadata.name=shop-test'") ||
		!strings.Contains(got, "metadata.name=shop-old") || strings.Contains(got, "migrate") {
		t.Errorf("with tests: %q", got)
	}
}

func FuzzReadRecord(f *testing.F) {
	f.Add("failed 1\nsaid YQ==\nlog a W3BvZC9hL2JdIGM=\npod {}\n")
	f.Fuzz(func(t *testing.T, stdout string) {
		record, code, _, failed := ReadRecord(stdout)
		record.Log("a", "b")
		if failed && code == 0 {
			t.Error("what failed did not")
		}
	})
}
