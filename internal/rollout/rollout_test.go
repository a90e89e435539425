package rollout

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// capture is what kubectl answered to Args for a namespace of that name, less fields that are not
// read. In each, a release named shop was rolled out on a real node (kubelet v1.37, containerd
// 2.4).
func capture(t testing.TB, name string) string {
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func read(t *testing.T, list string, release Release) *State {
	t.Helper()
	state, err := Read(list, release, nil)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func shop(namespace string) Release {
	return Release{Name: "shop", Namespace: namespace, Hooks: []string{"shop-migrate"}}
}

func TestCause(t *testing.T) {
	for name, want := range map[string]struct{ cause, log string }{
		"good": {},
		"pull": {cause: "pod shop-84c7ff6bb8-pj96v: container shop needs the image " +
			"127.0.0.1:38997/acme/none:1.2.3@sha256:" +
			strings.Repeat("1", 64) + ", which cannot be pulled: not found"},
		// three pods of the revision before run beside it
		"rolling": {
			cause: "pod shop-654f9468b-fnghh: container shop needs the image 127.0.0.1:38997/acme/none:2, which " +
				"cannot be pulled: not found",
		},
		"probe": {cause: `pod shop-6449848d98-2c5vx: container shop is not ready: readiness probe fails: ` +
			`Get "http://10.244.0.36:8080/": dial tcp 10.244.0.36:8080: connect: connection refused`, log: "shop"},
		"crash": {
			cause: "pod shop-6847bf5f9c-v874f: container shop crashes again and again: exit code 3 (restarts: 2)",
			log:   "shop --previous",
		},
		"liveness": {
			cause: "pod shop-6cd689fc86-w2bdj: container shop is killed again and again: liveness probe fails: " +
				"deadlock (restarts: 3)",
			log: "shop --previous",
		},
		"oom": {cause: "pod shop-7555474648-drvqw: container shop is killed for using more memory than its limit of " +
			"32Mi (OOMKilled) (restarts: 2)",
			log: "shop --previous"},
		"init": {
			cause: "pod shop-84b9c47dbc-cp582: init container migrate crashes again and again: exit code 5 " +
				"(restarts: 2)",
			log: "migrate --previous",
		},
		"start": {
			cause: `pod shop-665b74867-2xvjg: container shop cannot be started: ` +
				`exec: "no-such-program": executable file not found in $PATH`,
		},
		"config": {cause: `pod shop-ff8b4dcd5-5ttr5: container shop cannot be started: secret "database" not found`},
		"root": {cause: `pod shop-868ffcfc9f-nz64l: container shop cannot be started: ` +
			`container has runAsNonRoot and image will run as root ` +
			`(pod: "shop-868ffcfc9f-nz64l_root(2f193a9f-34ff-4f6b-836a-a3402acf5237)", container: shop)`},
		"volume": {
			cause: `pod shop-8474c85b54-bplnn: cannot start: FailedMount: ` +
				`MountVolume.SetUp failed for volume "v" : configmap "settings" not found`,
		},
		"cpu": {cause: "pod shop-7ddc74fd-gff2g: cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu."},
		"quota": {
			cause: "replicaset shop-7cf744bd47: pods cannot be created: exceeded quota: small, requested: pods=1, " +
				"used: pods=0, limited: pods=0",
		},
		"sets": {cause: "daemonset agent: pods cannot be created: exceeded quota: small, requested: pods=1, used: " +
			"pods=0, limited: pods=0" +
			" (and 1 more like it)"},
		"hook": {cause: "job shop-migrate: the pre-install and pre-upgrade hook failed: Job has reached the " +
			"specified backoff limit: " +
			"container migrate ended: exit code 4", log: "migrate"},
		// a pod of the revision before waits for an image, and comes first by name
		"replaced": {
			cause: `pod shop-665b74867-dtd6t: container shop cannot be started: ` +
				`exec: "no-such-program": executable file not found in $PATH`,
		},
		// beside it, a job has failed, another one only at first, and a deployment was late
		"mixed": {
			cause: "pod shop-58fb9cf5cf-vpvcp: container shop is not ready: readiness probe fails: warming up",
			log:   "shop index",
		},
		"hooking": {cause: "pod shop-migrate-w7nt5: container migrate has not ended yet", log: "migrate"},
	} {
		t.Run(name, func(t *testing.T) {
			state := read(t, capture(t, name), shop(name))
			if got := state.Cause(); got != want.cause {
				t.Errorf("got  %s\nwant %s", got, want.cause)
			}
			log := ""
			for _, l := range state.Logs() {
				args := strings.Join(l.Args(), " ")
				if !strings.HasPrefix(args, "kubectl --namespace "+name+" logs "+l.Pod+" --container "+l.Container+
					" --tail 20") {
					t.Errorf("it asks for a log with %s", args)
				}
				log += " " + l.Container + strings.TrimPrefix(args, args[:strings.Index(args,
					"--tail 20")+len("--tail 20")])
			}
			if log = strings.TrimSpace(log); log != want.log {
				t.Errorf("it asks for the log of %q, want %q", log, want.log)
			}
		})
	}
}

func TestHealthy(t *testing.T) {
	for name, want := range map[string]string{
		"good":    "",
		"crash":   "crashes again and again",
		"rolling": "cannot be pulled", // though as many pods are ready as are wanted,
		"one":     "cannot be pulled", // and as many are of the newest generation
		"sets":    "exceeded quota",
		"hook":    "", // no workload of the release
	} {
		release := shop(name)
		release.Hooks = nil
		healthy, why := read(t, capture(t, name), release).Healthy()
		if healthy != (want == "") || !strings.Contains(why, want) {
			t.Errorf("%s: %v, %s", name, healthy, why)
		}
	}
	for what, c := range map[string]struct{ old, changed, want string }{
		"scaled up":         {`"replicas": 1}`, `"replicas": 2}`, "1 of 2 pods are ready"},
		"not looked at yet": {`"generation": 1`, `"generation": 2`, "has not acted on its newest generation"},
		"an older pod": {`"updatedReplicas": 1`, `"updatedReplicas": 0`,
			"0 of 1 pods are of the newest generation"},
	} {
		changed := strings.ReplaceAll(capture(t, "good"), c.old, c.changed)
		if healthy, why := read(t, changed, shop("good")).Healthy(); healthy || !strings.Contains(why, c.want) {
			t.Errorf("%s: %v, %q", what, healthy, why)
		}
	}
}

// TestOfTheRelease puts another release's objects beside those of the release.
func TestOfTheRelease(t *testing.T) {
	both := strings.Replace(capture(t, "good"), "\n]}", ",", 1) + strings.SplitN(capture(t, "crash"), "\n", 2)[1]
	if state := read(t, both, shop("good")); state.Cause() != "" || state.Text(nil) != "" {
		t.Errorf("another release's trouble is told: %s\n%s", state.Cause(), state.Text(nil))
	}
	if state := read(t, both, shop("other")); !state.Empty() {
		t.Error("a release without objects has some")
	}
	if state := read(t, both, shop("crash")); state.Empty() || !strings.Contains(state.Cause(), "exit code 3") {
		t.Errorf("the cause is not found: %q", state.Cause())
	}
	lines := strings.Split(strings.TrimSpace(capture(t, "crash")), "\n") // whatever the order
	for i := 1; i < len(lines)-1; i++ {
		lines[i] = strings.TrimSuffix(lines[i], ",")
	}
	slices.Reverse(lines[1 : len(lines)-1])
	reversed := lines[0] + strings.Join(lines[1:len(lines)-1], ",") + "]}"
	if state := read(t, reversed, shop("crash")); !strings.Contains(state.Cause(), "exit code 3") {
		t.Errorf("the cause is not found in another order: %q", state.Cause())
	}
	hook := shop("hook")
	hook.Hooks = []string{"another"}
	if state := read(t, capture(t, "hook"), hook); state.Cause() != "" {
		t.Errorf("another release's hook is told: %s", state.Cause())
	}
}

func TestSince(t *testing.T) {
	began := time.Date(2026, 11, 22, 23, 57, 30, 0, time.UTC) // of these rollouts
	for _, name := range []string{"hook", "probe"} {
		release := shop(name)
		release.Since = began
		if text := read(t, capture(t, name), release).Text(nil); !strings.Contains(text, "events:") {
			t.Errorf("%s: no events\n%s", name, text)
		}
		release.Since = began.Add(time.Hour)
		state := read(t, capture(t, name), release)
		if strings.Contains(state.Text(nil), "events:") || name == "hook" && state.Cause() != "" {
			t.Errorf("%s: what happened in an earlier rollout is told: %s\n%s", name, state.Cause(), state.Text(nil))
		}
	}
}

func TestText(t *testing.T) {
	state := read(t, capture(t, "liveness"), shop("liveness"))
	logs := state.Logs()
	logs[0].Text = "serving\n" + strings.Repeat("x", 1000) + "\n"
	want := `pods:
  shop-6cd689fc86-w2bdj: CrashLoopBackOff, restarts: 3, image: 127.0.0.1:38997/acme/debian:bookworm-slim

events:
  23:57:41 pod shop-6cd689fc86-w2bdj: Unhealthy: Liveness probe failed: deadlock (3 times)
  23:57:43 pod shop-6cd689fc86-w2bdj: Unhealthy: Readiness probe failed: not yet (15 times)
  23:57:44 pod shop-6cd689fc86-w2bdj: Unhealthy: Readiness probe errored and resulted in unknown state: ` +
		`rpc error: code = NotFound desc = failed to exec in container: failed to load task: no running task found: ` +
		`not found (3 times)
  23:57:47 pod shop-6cd689fc86-w2bdj: BackOff: Back-off restarting failed container shop in pod ` +
		`shop-6cd689fc86-w2bdj_liveness(c4bf3bcc-798d-44bf-a9db-00c5430bb78c) (4 times)

the last lines of shop in pod shop-6cd689fc86-w2bdj, before it was restarted:
  serving
  ` + strings.Repeat("x", 400) + "…"
	if got := state.Text(logs); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if mixed := read(t, capture(t, "mixed"), shop("mixed")).Text(nil); strings.Contains(mixed, "late") ||
		strings.Contains(mixed, "again") {
		t.Errorf("what is well by now is told:\n%s", mixed)
	}
	quota := read(t, capture(t, "quota"), shop("quota")).Text(nil)
	if strings.Count(quota, "exceeded quota") != 1 || !strings.Contains(quota, "(13 times)") {
		t.Errorf("the refused pods' names make events differ:\n%s", quota)
	}
}

// TestManyPods makes fifty pods of one that crashes.
func TestManyPods(t *testing.T) {
	one := capture(t, "crash")
	head, tail, _ := strings.Cut(one, "\n")
	lines := strings.Split(strings.TrimSuffix(strings.TrimSpace(tail), "\n]}"), ",\n")
	all := slices.Clone(lines)
	for i := range 49 {
		for _, line := range lines {
			if strings.Contains(line, "shop-6847bf5f9c-v874f") {
				line = strings.ReplaceAll(line, "shop-6847bf5f9c-v874f", fmt.Sprintf("shop-6847bf5f9c-v%d", i))
				all = append(all, strings.ReplaceAll(line, "980a2efc-d358-4868-b31b-53e295910978",
					fmt.Sprint("uid-", i)))
			}
		}
	}
	state := read(t, head+"\n"+strings.Join(all, ",\n")+"\n]}", shop("crash"))
	text := state.Text(state.Logs())
	for _, want := range []string{"\n  and 40 more\n", "(30 earlier ones are left out)",
		"the logs of 45 more containers are left out"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if lines := strings.Count(text, "\n"); lines > 60 || !strings.HasSuffix(state.Cause(), "(and 49 more like it)") {
		t.Errorf("%d lines, cause %s\n%s", lines, state.Cause(), text)
	}
}

func TestRedact(t *testing.T) {
	state, err := Read(capture(t, "start"), shop("start"), func(text string) string {
		return strings.ReplaceAll(text,
			"no-such-program", "***")
	})
	if err != nil {
		t.Fatal(err)
	}
	if all := state.Cause() + state.Text(nil); strings.Contains(all, "no-such-program") ||
		strings.Count(all, `exec: "***"`) < 2 {
		t.Error(all)
	}
}

func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.json")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		f.Add(capture(f, name), name)
	}
	f.Add(`{"items":[null,{"kind":"Pod","metadata":{"uid":"a","ownerReferences":[{"uid":"a"}]}}]}`, "")
	f.Fuzz(func(t *testing.T, list, namespace string) {
		state, err := Read(list, shop(namespace), nil)
		if err != nil {
			return
		}
		cause := state.Cause()
		if strings.ContainsAny(cause, "\r\n") || utf8.RuneCountInString(cause) > maxCause+50 {
			t.Errorf("no short line: %q", cause)
		}
		if healthy, why := state.Healthy(); healthy != (why == "") {
			t.Errorf("healthy %v, %q", healthy, why)
		}
		if logs := state.Logs(); len(logs) > maxLogs || strings.Count(state.Text(logs), "\n") > 100 {
			t.Error("a flood")
		}
	})
}

// TestHookPod has a hook that is a pod fail, and one run longer than it may, beside a pod that is not ready.
func TestHookPod(t *testing.T) {
	const (
		web = `{"kind":"Pod","metadata":{"uid":"a","name":"a-web","namespace":"shop","annotations":{
			"meta.helm.sh/release-name":"shop"}},"status":{"phase":"Running","containerStatuses":[
			{"name":"web","state":{"waiting":{"reason":"X","message":"no disk"}}}]}}`
		hooks = `{"kind":"Pod","metadata":{"uid":"b","name":"shop-test","namespace":"shop",
			"annotations":{"helm.sh/hook":"test"}},"status":{"phase":"PHASE",
			"conditions":[{"type":"Ready","status":"True"}],
			"containerStatuses":[{"name":"done","state":{"terminated":{"exitCode":0}}},
			{"name":"asks","ready":true,"state":STATE}]}}`
	)
	for name, c := range map[string]struct{ phase, state, web, want string }{
		"fails": {"Failed", `{"terminated":{"exitCode":3}}`, web,
			"pod shop-test: container asks ended: exit code 3"},
		"takes long": {"Running", `{"running":{}}`, "", "pod shop-test: container asks has not ended yet"},
	} {
		list := c.web + strings.NewReplacer("PHASE", c.phase, "STATE", c.state).Replace(hooks)
		state, err := Read(list, Release{Name: "shop", Namespace: "shop", Hooks: []string{"shop-test"}}, nil)
		if err != nil || state.Cause() != c.want {
			t.Errorf("%s: %q, %v", name, state.Cause(), err)
		}
		if logs := state.Logs(); len(logs) != 1 || logs[0].Container != "asks" {
			t.Errorf("%s: the logs are %+v", name, logs)
		}
	}
}
