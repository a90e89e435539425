package e2e

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dagger/ship/testbed/control"
)

// hold lets a release of the app be held when it asks the cluster for secrets, which is how Helm reads its revisions.
func (a *app) hold(operation string, skip int) (control.Fault, func()) {
	a.t.Helper()
	cluster := control.Client{URL: a.Cluster.Control}
	held, err := cluster.Fault(a.t.Context(), control.Fault{
		Repository: a.Name + "/secrets", Operation: operation, Kind: control.Hang, Skip: skip, Count: 1,
	})
	must(a.t, 0, err)
	return held, func() { must(a.t, 0, cluster.EndFault(a.t.Context(), held.ID)) }
}

// through returns what another call of ship says, which reaches the cluster through the way that hold disturbs.
func (a *app) through(function ...string) *exec.Cmd {
	kubeconfig := a.Settings["kubeconfig"]
	a.Settings["kubeconfig"] = "file://" + a.Cluster.Disturbed
	defer func() { a.Settings["kubeconfig"] = kubeconfig }()
	return a.Command(context.Background(), function...)
}

// begin starts a command and returns a channel with what it says, and whether it failed.
func (a *app) begin(cmd *exec.Cmd) <-chan said {
	ended := make(chan said, 1)
	go func() {
		out, err := cmd.CombinedOutput()
		ended <- said{string(out), err}
	}()
	return ended
}

type said struct {
	text string
	err  error
}

// TestOverlap lets a release stand still while it deploys, and meanwhile another one release a higher version whole:
// the environment keeps the higher one, and the slow release says so.
func TestOverlap(t *testing.T) {
	if world.OnEngine() {
		t.Skip("the cluster is disturbed on loopback, where a Dagger engine is not")
	}
	t.Parallel()
	for name, at := range map[string]struct {
		operation string
		skip      int // of what is asked for before: the look, and the look before the deploy
	}{
		"before Helm's first read":  {"list", 2},
		"before Helm's second read": {"list", 3},
		"before Helm's own claim":   {"create", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			a.Settings["environments"] = "production=" + a.Name
			a.release("released")
			a.bump("0.2.0")
			if _, err := a.ship("publish"); err != nil {
				t.Fatal(err)
			}
			held, goOn := a.hold(at.operation, at.skip)
			slow := a.begin(a.through("release"))
			must(t, 0, control.Client{URL: a.Cluster.Control}.AwaitWaiting(t.Context(), held.ID, 1))
			a.bump("0.3.0")
			a.release("released")
			goOn()
			if end := <-slow; end.err != nil ||
				!strings.Contains(end.text, "production runs 0.3.0, which is newer by now") {
				t.Errorf("the slow release: %v\n%s", end.err, end.text)
			}
			if want := a.look("0.3.0").Digest; !strings.HasSuffix(a.running(a.Name), want) {
				t.Errorf("production runs %s, want %s\n%s", a.running(a.Name), want, a.helm("history"))
			}
		})
	}
}

// TestOverlapOfReinstalls lets a release stand still before it uninstalls. The other one waits for it, for as long as
// it may take.
func TestOverlapOfReinstalls(t *testing.T) {
	if world.OnEngine() {
		t.Skip("the cluster is disturbed on loopback, where a Dagger engine is not")
	}
	if *runs < soak {
		t.Skip("it waits for a minute: make soak runs it")
	}
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "test=" + a.Name + ":reinstall"
	a.release("released")
	a.Settings["timeout"] = a.brief()
	a.bump("0.2.0")
	if _, err := a.ship("publish"); err != nil {
		t.Fatal(err)
	}
	held, goOn := a.hold("list", 3) // as well after the look at whose claim it is
	slow := a.begin(a.through("release"))
	must(t, 0, control.Client{URL: a.Cluster.Control}.AwaitWaiting(t.Context(), held.ID, 1))
	a.bump("0.3.0")
	a.release("released")
	goOn()
	end := <-slow
	t.Logf("the slow release: %v\n%s", end.err, end.text)
	if want := a.look("0.3.0").Digest; !strings.HasSuffix(a.running(a.Name), want) {
		t.Errorf("test runs %s, want %s", a.running(a.Name), want)
	}
}

// TestOverlappingRollback lets a rollback stand still while somebody's Helm, which knows nothing of Ship, upgrades the
// release: what that one made runs in the end, and the rollback fails.
func TestOverlappingRollback(t *testing.T) {
	if world.OnEngine() {
		t.Skip("the cluster is disturbed on loopback, where a Dagger engine is not")
	}
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "production=" + a.Name
	a.release("released")
	a.bump("0.2.0")
	a.release("released")
	a.bump("0.3.0")
	if _, err := a.ship("publish"); err != nil {
		t.Fatal(err)
	}
	// the look before it, the history, its labels, and the look at whose claim it is
	held, goOn := a.hold("list", 4)
	slow := a.begin(a.through("rollback", "--environment=production"))
	must(t, 0, control.Client{URL: a.Cluster.Control}.AwaitWaiting(t.Context(), held.ID, 1))
	digest := a.look("0.3.0").Digest
	out, err := a.Helm("upgrade", a.Name, a.Dir+"/chart", "--namespace="+a.Name, "--wait", "--timeout=1m",
		"--set=image.repository="+a.Image(), "--set=image.tag=0.3.0", "--set=image.digest="+digest)
	if err != nil {
		t.Fatal(out, err)
	}
	goOn()
	if end := <-slow; end.err == nil || !strings.Contains(end.text,
		"not rolled back: another operation came in between: revision 3") {
		t.Errorf("the rollback: %v\n%s", end.err, end.text)
	}
	if !strings.HasSuffix(a.running(a.Name), digest) {
		t.Errorf("production runs %s, want %s\n%s", a.running(a.Name), digest, a.helm("history"))
	}
}

// TestOtherClock has a release at work on a machine whose clock is an hour behind. It is waited for, and not taken
// back.
func TestOtherClock(t *testing.T) {
	a := newSlow(t)
	a.Settings["environments"] = "production=" + a.Name
	a.release("released")
	a.bump("0.2.0")
	slow := a.begin(a.Command(t.Context(), "release"))
	a.awaitRollout(2)
	a.ageRevision(2, time.Hour)
	a.bump("0.3.0")
	a.release("released")
	if end := <-slow; end.err != nil {
		t.Errorf("the slow release: %v\n%s", end.err, end.text)
	}
	if history := a.helm("history"); strings.Contains(history, "Rollback") {
		t.Errorf("the slow release was taken back:\n%s", history)
	}
	if want := a.look("0.3.0").Digest; !strings.HasSuffix(a.running(a.Name), want) {
		t.Errorf("production runs %s, want %s", a.running(a.Name), want)
	}
}

// TestTakenBackAlive takes back a release that is at work, as another one would that thought it dead, and as a person
// would. The first is put right, the second is left and said.
func TestTakenBackAlive(t *testing.T) {
	t.Parallel()
	for name, description := range map[string]string{
		"by a release": "Rollback to 1 after a failure, by Ship in 30 s at most",
		"by a person":  "Rollback to 1",
	} {
		t.Run(name, func(t *testing.T) {
			a := newSlow(t)
			a.Settings["environments"] = "production=" + a.Name
			a.release("released")
			before := a.running(a.Name)
			a.bump("0.2.0")
			slow := a.begin(a.Command(t.Context(), "release"))
			a.awaitRollout(2)
			if out, err := a.Helm("rollback", a.Name, "1", "--namespace="+a.Name, "--description="+description,
				"--server-side=true", "--force-conflicts"); err != nil {
				t.Fatal(out, err)
			}
			end := <-slow
			want := a.look("0.2.0").Digest
			if byPerson := name == "by a person"; byPerson {
				if end.err == nil || a.running(a.Name) != before {
					t.Errorf("production runs %s, want %s: %v\n%s\n%s", a.running(a.Name), before, end.err, end.text,
						a.helm("history"))
				}
			} else if end.err != nil || !strings.HasSuffix(a.running(a.Name), want) {
				t.Errorf("production runs %s, want %s: %v\n%s\n%s", a.running(a.Name), want, end.err, end.text,
					a.helm("history"))
			}
		})
	}
}
