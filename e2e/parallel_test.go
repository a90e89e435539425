package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// newSlow makes an app whose pods take some seconds until they are ready.
func newSlow(t *testing.T) *app {
	t.Helper()
	if world.Cluster.Node != "real" {
		t.Skip("the cluster's node is simulated: its pods are ready at once: " + world.Cluster.Reason)
	}
	t.Parallel()
	a := newLight(t)
	a.edit("chart/values.yaml", `(?m)^startupProbe:`, "startupProbe:\n  initialDelaySeconds: 6")
	a.commit("start slowly")
	return a
}

// rollout is when the deployment in a namespace was made, and when it was available, to the second.
func (a *app) rollout(namespace string) (begin, end time.Time) {
	a.t.Helper()
	text := a.kubectl("get", "deployments", "--namespace="+namespace,
		`--output=jsonpath={.items[0].metadata.creationTimestamp} {.items[0].status.conditions[?(@.type=="Available")].lastTransitionTime}`)
	first, second, _ := strings.Cut(text, " ")
	begin, err := time.Parse(time.RFC3339, first)
	must(a.t, 0, err)
	end, err = time.Parse(time.RFC3339, second)
	return begin, must(a.t, end, err)
}

// TestTogether deploys to one environment, then to two at the same time, then to one more.
func TestTogether(t *testing.T) {
	a := newSlow(t)
	list := strings.ReplaceAll("test=?-test,eu=?-eu+us=?-us:reinstall,live=?-live", "?", a.Name)
	a.write("ship.toml", "[projects.one]\npath = \".\"\nenvironments = [\""+strings.ReplaceAll(list, ",",
		"\", \"")+"\"]\n")
	delete(a.Settings, "environments")
	inFile, err := a.ship("plan")
	must(t, 0, err)
	a.git("clean", "--force", "--quiet", "ship.toml")
	a.Settings["environments"] = list
	asSetting, err := a.ship("plan")
	must(t, 0, err)
	for _, plan := range []string{inFile, asSetting} {
		if !strings.Contains(plan, "> deploy us          us runs nothing (together with deploy eu)\n") ||
			strings.Count(plan, "together with deploy") != 1 {
			t.Error("the plan does not say what goes together")
		}
	}

	out, err := a.ship("release")
	must(t, 0, err)
	rest := out
	for _, step := range []string{"deploy test ", "deploy eu ", "deploy us ", "together with deploy eu)",
		"deploy live "} {
		_, after, is := strings.Cut(rest, step)
		if !is {
			t.Errorf("the report does not have %q in its place", step)
		}
		rest = after
	}
	_, tested := a.rollout(a.Name + "-test")
	eu, euEnd := a.rollout(a.Name + "-eu")
	us, usEnd := a.rollout(a.Name + "-us")
	live, _ := a.rollout(a.Name + "-live")
	if !eu.Before(usEnd) || !us.Before(euEnd) {
		t.Errorf("eu was rolled out from %s to %s, us from %s to %s: not at the same time", eu, euEnd, us, usEnd)
	}
	if eu.Before(tested) || us.Before(tested) || live.Before(euEnd) || live.Before(usEnd) {
		t.Errorf("test was ready at %s, eu from %s to %s, us from %s to %s, live began at %s: not in order", tested, eu,
			euEnd, us, usEnd, live)
	}

	// by name, each is on its own
	before := a.running(a.Name + "-eu")
	a.bump("0.2.0")
	if _, err := a.ship("publish"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.ship("deploy", "--environment=us"); err != nil {
		t.Fatal(err)
	}
	digest := a.look("0.2.0").Digest
	if !strings.HasSuffix(a.running(a.Name+"-us"), digest) || a.running(a.Name+"-eu") != before {
		t.Errorf("us runs %s, want %s; eu runs %s, want %s", a.running(a.Name+"-us"), digest, a.running(a.Name+"-eu"),
			before)
	}
	if out, err := a.ship("plan"); err != nil || !strings.Contains(out, "> deploy eu ") ||
		strings.Contains(out, "together with") {
		t.Errorf("plan: %v, want eu alone", err)
	}
	a.release("resumed")
	if out, err := a.ship("status"); err != nil || strings.Count(out, " 0.2.0 ") != 4 {
		t.Errorf("status: %v, want 0.2.0 in all four", err)
	}
}

// TestOneOfTwoFails has a hook fail where it is told to, while the other rollout of that time goes on.
func TestOneOfTwoFails(t *testing.T) {
	a := newSlow(t)
	a.Settings["environments"] = strings.ReplaceAll("eu=?-eu+us=?-us,live=?-live", "?", a.Name)
	eu, us, live := a.Name+"-eu", a.Name+"-us", a.Name+"-live"
	for _, namespace := range []string{eu, us} {
		a.kubectl("create", "namespace", namespace)
		a.kubectl("create", "configmap", "stop", "--namespace="+namespace)
	}
	hook := strings.NewReplacer("pre-upgrade", "pre-install",
		`python, -c, "raise SystemExit('the table exists already')"`, `"false"`).Replace(migration)
	a.write("chart/templates/stop.yaml",
		"{{- if lookup \"v1\" \"ConfigMap\" .Release.Namespace \"stop\" }}\n"+hook+"{{- end }}\n")
	a.commit("a hook that fails where it is told to")
	fails := func(names ...string) {
		t.Helper()
		out, err := a.ship("release")
		if err == nil {
			t.Fatal("the release did not fail")
		}
		for _, name := range []string{"eu", "us", "live"} {
			step, cause := strings.Contains(out, "- x deploy "+name+" "),
				strings.Contains(out, "\ndeploy "+name+": the rollout failed: ")
			if want := slices.Contains(names, name); step != want || cause != want {
				t.Errorf("%s failed by its step: %v, by the error's causes: %v, want %v", name, step, cause, want)
			}
		}
		if strings.Contains(out, "deploy live") || a.running(live) != "" {
			t.Error("live was begun")
		}
	}
	fails("eu", "us")
	a.kubectl("delete", "configmap", "stop", "--namespace="+us)
	fails("eu")
	digest := a.look("0.1.0").Digest
	if a.running(eu) != "" || !strings.HasSuffix(a.running(us), digest) {
		t.Errorf("eu runs %q, want nothing; us runs %q, want %s", a.running(eu), a.running(us), digest)
	}
	if out, err := a.Helm("status", a.Name, "--namespace="+us); err != nil ||
		!strings.Contains(out, "STATUS: deployed") {
		t.Errorf("us was not rolled out to the end: %s, %v", out, err)
	}
	a.kubectl("delete", "configmap", "stop", "--namespace="+eu)
	a.release("resumed")
	if !strings.HasSuffix(a.running(eu), digest) || !strings.HasSuffix(a.running(live), digest) ||
		a.revisions(us) != 1 {
		t.Errorf("eu runs %q, live %q, want %s; us has %d revisions, want 1", a.running(eu), a.running(live), digest,
			a.revisions(us))
	}
}

// TestCheckBesideBuild builds while the chart is tried out, and does not go on building for a chart that cannot be
// deployed.
func TestCheckBesideBuild(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.edit("Dockerfile", `(?m)^(FROM .*)$`, "$1\nRUN sleep 3")
	a.commit("take a while to build")
	out, err := a.ship("release")
	must(t, 0, err)
	if !strings.Contains(out, ", together with check)\n") {
		t.Error("the report does not say that the build went together with check")
	}

	a.edit("Dockerfile", "RUN sleep 3", "RUN sleep 100")
	a.write("chart/templates/broken.yaml", "{{ fail \"this cannot be rendered\" }}\n")
	a.bump("0.2.0")
	start := time.Now()
	out, err = a.ship("release")
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %s to say that the chart does not render", took)
	}
	if err == nil || !strings.Contains(out, "this cannot be rendered") ||
		!strings.Contains(out, "= build              stopped, since check failed") {
		t.Error("the error does not say that the chart does not render, and that the build was stopped")
	}
	if tags := a.tags(); len(tags) != 1 {
		t.Errorf("tags: %v", tags)
	}
}
