package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dagger/ship/e2e/bed"
	"dagger/ship/testbed/control"
)

// TestFinishesFromTheTag leaves a release after its tag, lets the branch go on, and releases again.
func TestFinishesFromTheTag(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	first := a.git("rev-parse", "HEAD")
	if _, err := a.ship("tag"); err != nil {
		t.Fatal(err)
	}
	a.edit("Dockerfile", `(?m)^CMD`, "RUN echo this came after the version; exit 1\nCMD")
	a.commit("work goes on")
	a.release("resumed")
	a.isReleased("0.1.0", first)
	if got := a.revisions(a.Name + "-production"); got != 1 {
		t.Errorf("production has %d revisions, want 1", got)
	}
}

// TestFinishesAfterPublish is left between image and tag, as an older tool would leave it.
func TestFinishesAfterPublish(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	if _, err := a.ship("publish"); err != nil {
		t.Fatal(err)
	}
	digest := a.look("0.1.0").Digest
	a.release("resumed")
	if len(a.tags()) != 1 || a.look("0.1.0").Digest != digest {
		t.Errorf("tags %v, image %v; want one tag and digest %s", a.tags(), a.look("0.1.0"), digest)
	}

	a.bump("0.2.0") // published from a commit that nobody tags
	if _, err := a.ship("publish"); err != nil {
		t.Fatal(err)
	}
	a.write("notes.md", "A note.\n")
	a.commit("a note")
	out, err := a.ship("release")
	if err == nil || !strings.Contains(out, "exists already and is built from") || len(a.tags()) != 1 {
		t.Errorf("an image of another commit: %v, tags %v", err, a.tags())
	}
}

func TestBackwardsIsRefused(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	a.bump("0.10.0")
	a.release("released")
	a.bump("0.9.1")
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "lower than 0.10.0") {
		t.Errorf("a lower version: %v", err)
	}
	a.Settings["maintenance"] = "true"
	a.release("released")
	if a.look("latest") != a.look("0.10.0") || len(a.tags()) != 2 {
		t.Errorf("latest is %+v, tags are %v", a.look("latest"), a.tags())
	}
}

// TestRace releases one version from two commits at once.
func TestRace(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	b := &app{App: copyOf(a), t: t}
	a.git("clone", "--quiet", a.Dir, b.Dir)
	b.git("remote", "set-url", "origin", a.git("remote", "get-url", "origin"))
	b.write("notes.md", "A note.\n")
	b.commit("a note")

	// both see that there is no tag before either pushes one
	barrier := control.Fault{Repository: a.Repo, Operation: "push", Kind: control.Barrier, Parties: 2, Count: 2}
	if _, err := (control.Client{URL: a.Bed.Git.Control}).Fault(t.Context(), barrier); err != nil {
		t.Fatal(err)
	}
	var outs [2]string
	var errs [2]error
	var group sync.WaitGroup
	for i, racer := range []*app{a, b} {
		group.Go(func() { outs[i], errs[i] = racer.ship("release") })
	}
	group.Wait()
	all := outs[0] + outs[1]
	if errs[0] != nil || errs[1] != nil || strings.Count(all, ": released") != 1 ||
		strings.Count(all, ": superseded") != 1 {
		t.Errorf("%v, %v: want one released and one superseded", errs[0], errs[1])
	}
	tag := a.tags()[a.Name+"-0.1.0"]
	if image := a.look("0.1.0"); image.Revision != tag {
		t.Errorf("the tag is at %s, the image is of %s", tag, image.Revision)
	}
}

// TestRaceOfBuildsThatDiffer releases a version from one commit twice at once, where each build gives another digest.
func TestRaceOfBuildsThatDiffer(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	a.edit("Dockerfile", `(?m)^CMD`, "ARG N\nLABEL n=$N\nCMD")
	commit := a.commit("builds differ")
	barrier := control.Fault{Repository: a.Repo, Operation: "push", Kind: control.Barrier, Parties: 2, Count: 2}
	if _, err := (control.Client{URL: a.Bed.Git.Control}).Fault(t.Context(), barrier); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for _, n := range []string{"1", "2"} {
		racer := &app{App: copyOf(a), t: t}
		racer.Dir, racer.Settings["source"], racer.Settings["args"] = a.Dir, a.Dir, "N="+n
		group.Go(func() {
			if _, err := racer.ship("release"); err != nil {
				t.Errorf("release with N=%s: %v", n, err)
			}
		})
	}
	group.Wait()
	pushes := 0
	for _, change := range a.changes() {
		if strings.HasPrefix(change, "PUT ") && strings.HasSuffix(change, "/manifests/0.1.0") {
			pushes++
		}
	}
	if pushes != 1 || a.look("0.1.0").Revision != commit || a.look("latest") != a.look("0.1.0") {
		t.Errorf("the version was pushed %d times; it is %+v, latest %+v", pushes, a.look("0.1.0"), a.look("latest"))
	}
}

func TestProtectedTag(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	client := control.Client{URL: a.Bed.Git.Control}
	if err := client.Change(t.Context(), control.Repository{Path: a.Repo,
		ProtectedTags: []string{a.Name + "-*"}}); err != nil {
		t.Fatal(err)
	}
	out, err := a.ship("release")
	if err == nil || !strings.Contains(out, "protected") || a.look("0.1.0").Digest != "" {
		t.Errorf("got %v, want the server's words and nothing published", err)
	}
}

func copyOf(a *app) *bed.App {
	other := *a.App
	other.Dir = filepath.Join(a.t.TempDir(), "other")
	other.Settings = map[string]string{}
	for name, value := range a.Settings {
		other.Settings[name] = value
	}
	other.Settings["source"] = other.Dir
	return &other
}

// TestKilledUpgrade kills a release in Helm's upgrade, which leaves Helm's lock behind: once after a revision that ran,
// and once after one that never did.
func TestKilledUpgrade(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(*app)
		freed  string
	}{
		"after one that ran": {func(a *app) { a.release("released") }, "rolled back to revision 1; "},
		"after one that failed": {func(a *app) {
			_, err := a.Helm("install", a.Name, filepath.Join(a.Dir, "chart"), "--namespace="+a.Name,
				"--create-namespace",
				"--set=image.repository="+a.Image(), "--set=image.tag=none", "--wait", "--timeout=3s")
			if err == nil {
				a.t.Fatal("an image that does not exist runs")
			}
		}, "left as it is, since no earlier revision ran; "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killedUpgrade(t, c.before, c.freed)
		})
	}
}

func killedUpgrade(t *testing.T, before func(*app), freed string) {
	a := newLight(t)
	a.Settings["environments"] = "production=" + a.Name
	before(a)

	a.neverReady()
	a.bump("0.2.0")
	a.publish()                       // so that the release has little to do before it deploys
	a.Settings["timeout"] = a.brief() // with it, the lock of one that died lasts for 20 s more
	a.killWaiting(2)

	a.lighten()
	a.Settings["timeout"] = "1m"
	commit := a.bump("0.3.0")
	out, err := a.ship("release")
	if err != nil || !strings.Contains(out, "was left pending-rollout by a run that died: "+freed) {
		t.Errorf("release: %v", err)
	}
	if want := a.look("0.3.0"); want.Revision != commit || !strings.HasSuffix(a.running(a.Name), want.Digest) {
		t.Errorf("production runs %s, want %s", a.running(a.Name), want.Digest)
	}
}

// TestClaim reinstalls where another release has claimed that, and waits until its claim has ended.
func TestClaim(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "test=" + a.Name + ":reinstall"
	a.release("released")
	until := time.Now().Add(20 * time.Second)
	a.kubectl("label", "secret", "sh.helm.release.v1."+a.Name+".v1", "ship-claim=1.20.OTHER",
		"--field-manager=ship-claim", "--namespace="+a.Name)
	a.bump("0.2.0")
	a.release("released")
	if time.Now().Before(until.Add(-time.Second)) {
		t.Error("another release's claim was not waited for")
	}
	a.answers(a.Name, "0.2.0")
}

// TestHelmDies kills Helm itself in an upgrade, which then says nothing.
func TestHelmDies(t *testing.T) {
	t.Parallel()
	if world.OnEngine() {
		t.Skip("the engine's processes are its own")
	}
	a := newLight(t)
	a.Settings["environments"] = "production=" + a.Name
	a.release("released")
	a.write("chart/templates/slow.yaml", strings.Replace(migration, `sh, -c, "echo the table exists already; exit 1"`,
		`sleep, "60"`, 1))
	a.bump("0.2.0")
	var out string
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		out, err = a.ship("release")
	}()
	a.awaitHelm("pending-upgrade")
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, command := range commands {
		words, _ := os.ReadFile(command)
		if strings.HasPrefix(string(words), "helm\x00upgrade") && strings.Contains(string(words), a.Name) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(command)))
			must(t, 0, err)
			must(t, 0, syscall.Kill(pid, syscall.SIGKILL))
		}
	}
	<-ended
	if err == nil || !strings.Contains(out, "ended with exit code") {
		t.Errorf("a release whose Helm was killed: %v", err)
	}
}

// TestTroubleIsNoMissingChart has the git server in trouble while the chart is fetched.
func TestTroubleIsNoMissingChart(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	environments := a.Settings["environments"]
	delete(a.Settings, "environments")
	a.release("released")
	a.Settings["environments"] = environments
	server := control.Client{URL: a.Bed.Git.Control}
	fault, err := server.Fault(t.Context(), control.Fault{Kind: control.Status, Repository: a.Repo,
		Operation: "fetch", Skip: 1})
	must(t, 0, err)
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "fetch the chart at ") ||
		strings.Contains(out, "no Helm chart") {
		t.Errorf("release: %v", err)
	}
	must(t, 0, server.EndFault(t.Context(), fault.ID))
	a.release("resumed")
}

// TestForeignLock finds Helm's lock held by somebody who is not Ship, and who may be alive.
func TestForeignLock(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "production=" + a.Name
	a.release("released")

	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	helm := exec.CommandContext(ctx, filepath.Join(os.Getenv("CLUSTER_PROGRAMS"), "helm"),
		"--kubeconfig="+a.Cluster.Kubeconfig,
		"upgrade", a.Name, filepath.Join(a.Dir, "chart"), "--namespace="+a.Name, "--set=image.repository="+a.Image(),
		"--set=image.tag=none", "--wait")
	must(t, 0, helm.Start())
	a.awaitHelm("pending-upgrade")
	a.bump("0.2.0")
	a.Settings["timeout"] = a.brief()
	for _, state := range []string{"alive", "dead"} {
		out, err := a.ship("release")
		if err == nil || !strings.Contains(out, "by a Helm operation that Ship did not begin") ||
			!strings.Contains(a.helm("status"), "pending-upgrade") {
			t.Errorf("release beside one that is %s: %v", state, err)
		}
		kill()
		_ = helm.Wait()
	}
	if out, err := a.Helm("rollback", a.Name, "1", "--namespace="+a.Name, "--wait"); err != nil { // as the error says
		t.Fatal(out, err)
	}
	a.Settings["timeout"] = "2m"
	a.release("resumed")
}

// awaitHelm waits until the app's release in production is in a state.
func (a *app) awaitHelm(state string) {
	a.t.Helper()
	for deadline := time.Now().Add(time.Minute); !strings.Contains(a.helm("status"),
		state); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			a.t.Fatalf("the release never was %s", state)
		}
	}
}

// helm asks for the app's release in production.
func (a *app) helm(command string) string {
	a.t.Helper()
	out, err := a.Helm(command, a.Name, "--namespace="+a.Name)
	return must(a.t, out, err)
}
