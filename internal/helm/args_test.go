package helm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTestArgs(t *testing.T) {
	r := Release{Name: "shop", Namespace: "live", Timeout: time.Minute, Helm: Version{4, 3}}
	want := `sh -c "$@" >/dev/null && echo passed sh timeout -k 5 14 helm test shop --namespace live --timeout 8.5s`
	if got := strings.Join(r.TestArgs(8500*time.Millisecond), " "); got != want {
		t.Errorf("got %s", got)
	}
	if r.Timeout != time.Minute {
		t.Error("the release has another timeout now")
	}
}

// TestSettleArgs ends the claim of who settles a revision, and no other's.
func TestSettleArgs(t *testing.T) {
	r := Release{Name: "shop", Namespace: "live", Timeout: time.Minute}
	const (
		ready = `{"op":"remove","path":"/metadata/labels/ship-rollout"}`
		ends  = `{"op":"remove","path":"/metadata/labels/ship-claim"}`
	)
	for claim, want := range map[Claim]string{
		"":         `[{"op":"test","path":"/metadata/labels/ship-claim","value":null},` + ready + `]`,
		"2.160.YA": `[{"op":"test","path":"/metadata/labels/ship-claim","value":"2.160.YA"},` + ready + `]`,
		"3.160.A": `[{"op":"test","path":"/metadata/labels/ship-claim","value":"3.160.A"},` +
			ready + "," + ends + "]",
		"3.160.A.B": `[{"op":"test","path":"/metadata/labels/ship-claim","value":"3.160.A.B"},` + ready + `]`,
	} {
		args := r.SettleArgs(3, claim, "A")
		if got := args[len(args)-1]; got != want {
			t.Errorf("%s: got %s, want %s", claim, got, want)
		}
	}
}

// TestRevisionTests reads the tests that a revision was made with, as Helm keeps them.
func TestRevisionTests(t *testing.T) {
	const hooks = `[
		{"name":"shop-migrate","events":["pre-upgrade"],"manifest":"kind: Job\nmetadata: {name: shop-migrate}\n"},
		{"name":"shop-test","events":["test"],
			"manifest":"kind: Pod\nmetadata: {name: shop-test, annotations: {helm.sh/hook: test}}"},
		{"name":"shop-after","events":["post-upgrade","test"],
			"manifest":"kind: Pod\nmetadata: {name: after, annotations: {helm.sh/hook: 'post-upgrade,test'}}\n"}]`
	last, err := ParseRevisions(`{"items":[` + kept(t, `{}`, `{"name":"shop","version":1,"hooks":`+hooks+`}`) + `]}`)
	must(t, err)
	tests, err := last["shop"].Tests("live")
	if err != nil || len(tests) != 2 || tests[0].Name != "shop-test" || tests[0].Namespace != "live" ||
		tests[1].Name != "after" {
		t.Errorf("got %+v, %v", tests, err)
	}
	if none, err := last["other"].Tests("live"); err != nil || len(none) > 0 {
		t.Errorf("a release that is not has the tests %+v, %v", none, err)
	}
}

// TestTestsPass runs a Helm that prints what it has done, as it does whether the tests pass or not.
func TestTestsPass(t *testing.T) {
	tests, err := ParseObjects("kind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}}\n", "live")
	must(t, err)
	for code, want := range map[string]string{"0": Passed + "\n", "3": ""} {
		programs := t.TempDir()
		helm := "#!/bin/sh\necho NAME: shop\necho Error: pod t failed >&2\nexit " + code + "\n"
		must(t, os.WriteFile(filepath.Join(programs, "helm"), []byte(helm), 0o755))
		must(t, os.WriteFile(filepath.Join(programs, "kubectl"), []byte("#!/bin/sh\n"), 0o755))
		r := Release{Name: "shop", Timeout: time.Minute}
		for _, hooks := range [][]Object{tests, nil} {
			args := r.Recording(r.TestArgs(time.Minute), hooks)
			cmd := exec.Command(args[0], args[1:]...)
			cmd.Env = []string{"PATH=" + programs + ":/usr/bin:/bin", "TMPDIR=" + t.TempDir()}
			stdout, _ := cmd.Output()
			_, failedWith, said, failed := ReadRecord(string(stdout))
			if want != "" && string(stdout) != want {
				t.Errorf("tests that pass: it printed %q", stdout)
			}
			if want == "" && hooks != nil && (!failed || failedWith != 3 || said != "Error: pod t failed\n") {
				t.Errorf("tests that fail: it printed %q", stdout)
			}
			if ended := cmd.ProcessState.ExitCode(); want == "" && hooks == nil && (ended != 3 || len(stdout) > 0) {
				t.Errorf("tests that fail, without a record: exit code %d, it printed %q", ended, stdout)
			}
		}
	}
}
