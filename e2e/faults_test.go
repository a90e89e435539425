package e2e

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"dagger/ship/testbed/control"
)

// fault is a way to disturb a release. Run returns what the release said.
type fault struct {
	name string
	run  func(p *patient, random *rand.Rand) string
}

// The servers that a release talks to.
const (
	gitServer     = "git server"
	imageRegistry = "registry"
	kubernetes    = "cluster"
)

// faults are all of them: a release is killed between its steps and inside them, and each server breaks in every way.
// The first ones are those of make test, beside all other tests.
var faults = func() (all []fault) {
	for _, step := range []string{"read", "look", "check", "build", "tag", "publish", "latest", "notes", "deploy"} {
		all = append(all, killAfter(step))
	}
	for _, at := range []struct {
		server, operation, resource string
		times                       int // how often a release asks for it, at least
	}{
		{gitServer, "fetch", "", 5}, {gitServer, "advertise-push", "", 2}, {gitServer, "push", "", 1},
		{gitServer, "releases", "", 2},
		{imageRegistry, "manifest-read", "", 3}, {imageRegistry, "blob-write", "", 4},
		{imageRegistry, "manifest-write", "", 2},
		{kubernetes, "list", "secrets", 3}, {kubernetes, "create", "secrets", 1}, {kubernetes, "update", "secrets", 1},
		{kubernetes, "patch", "deployments", 1},
	} {
		all = append(all, killAt(at.server, at.operation, at.resource, at.times, false),
			killAt(at.server, at.operation, at.resource, at.times, true))
	}
	for range 3 {
		all = append(all, fault{"killed at any time", killedAnyTime})
	}
	for _, server := range []string{gitServer, imageRegistry, kubernetes} {
		for _, kind := range []string{control.Hang, control.Status, control.CutRequest, control.CutResponse} {
			all = append(all, broken(server, kind))
		}
		all = append(all, refused(server))
	}
	all = append(all, fault{"git server: unknown certificate", unknownCertificate("remote")},
		fault{"registry: unknown certificate", unknownCertificate("image")})
	for range 4 {
		all = append(all, fault{"a race from one commit", raceFromOne}, fault{"a race from two commits", raceFromTwo})
	}
	for range 3 {
		all = append(all, fault{"overlapped by a higher version", overlapped},
			fault{"a clock that is an hour behind", clockBehind})
	}
	return all
}()

// killAfter kills a release as soon as it says that a step is done.
func killAfter(step string) fault {
	return fault{"killed after " + step, func(p *patient, random *rand.Rand) string {
		release := p.begin()
		release.awaitLine("+ " + step)
		return release.kill(random.IntN(2) == 0)
	}}
}

// killAt kills a release while a server holds a request of its, before the server has done what it asks for or after.
func killAt(server, operation, resource string, times int, after bool) fault {
	when := "before"
	if after {
		when = "after"
	}
	name := strings.TrimSpace(fmt.Sprintf("killed %s the %s's %s %s", when, server, operation, resource))
	return fault{name, func(p *patient, random *rand.Rand) string {
		held := p.set(server, resource, control.Fault{Kind: control.Hang, Operation: operation, After: after,
			Skip: random.IntN(times)})
		release := p.begin()
		if err := p.server(server).AwaitWaiting(release.ended, held.ID, 1); err != nil {
			p.t.Logf("%s: the release ended before it came there", name)
		}
		return release.kill(random.IntN(2) == 0)
	}}
}

func killedAnyTime(p *patient, random *rand.Rand) string {
	release := p.begin()
	select {
	case <-release.ended.Done():
	case <-time.After(p.slowly(time.Duration(random.IntN(8000)) * time.Millisecond)):
	}
	return release.kill(random.IntN(2) == 0)
}

// broken makes a server answer wrongly, a few times or until the release has ended, which it must do by itself.
func broken(server, kind string) fault {
	return fault{server + ": " + kind, func(p *patient, random *rand.Rand) string {
		p.set(server, "*", control.Fault{
			Kind: kind, Status: []int{500, 502, 503, 429}[random.IntN(4)], Bytes: int64(random.IntN(200)),
			Skip: random.IntN(12), Count: []int{0, 1, 2, 4}[random.IntN(4)],
		})
		return p.begin().await(2 * time.Minute)
	}}
}

// outage is held while a port is closed.
var outage sync.RWMutex

// calm does what must not meet a port that another project has closed.
func calm(do func()) {
	outage.RLock()
	defer outage.RUnlock()
	do()
}

// refused closes a server's port for a while. It is closed for all other projects too.
func refused(server string) fault {
	return fault{server + ": refused", func(p *patient, random *rand.Rand) string {
		release := p.begin()
		select {
		case <-release.ended.Done():
		case <-time.After(p.slowly(time.Duration(random.IntN(6000)) * time.Millisecond)):
		}
		outage.Lock()
		must(p.t, 0, p.server(server).Stop(p.t.Context()))
		time.Sleep(time.Duration(random.IntN(2500)) * time.Millisecond)
		must(p.t, 0, p.server(server).Start(p.t.Context()))
		outage.Unlock()
		return release.await(2 * time.Minute)
	}}
}

// unknownCertificate names a server by its address over TLS, whose certificate is of an authority that Ship does not
// know.
func unknownCertificate(setting string) func(*patient, *rand.Rand) string {
	return func(p *patient, _ *rand.Rand) string {
		settings := p.Settings
		p.Settings = maps.Clone(settings)
		if p.Settings[setting] = p.Bed.Git.TLS + "/" + p.Repo + ".git"; setting == "image" {
			p.Settings[setting] = p.Registry.TLS + "/" + p.Repo
			delete(p.Settings, "insecure")
		}
		before := len(p.changes())
		said := p.begin().await(2 * time.Minute)
		if p.Settings = settings; !strings.Contains(said, "--ca") || len(p.changes()) != before {
			p.t.Errorf("an unknown certificate does not end a release before it changes something:\n%s", said)
		}
		return said
	}
}

func raceFromOne(p *patient, _ *rand.Rand) (said string) {
	calm(func() { said = p.race(p.begin(), p.begin()) })
	return said
}

// raceFromTwo releases a version from the commit that raised it and from the next one.
func raceFromTwo(p *patient, _ *rand.Rand) (said string) {
	calm(func() {
		other := &patient{app: &app{App: copyOf(p.app), t: p.t}}
		p.git("clone", "--quiet", p.Dir, other.Dir)
		other.git("remote", "set-url", "origin", p.git("remote", "get-url", "origin"))
		other.write("notes.md", fmt.Sprintf("Version %d.\n", p.version))
		other.commit("a note")
		said = p.race(p.begin(), other.begin())
		p.git("pull", "--quiet", "--ff-only", "origin", "main")
		must(p.t, 0, os.RemoveAll(other.Dir))
	})
	return said
}

// overlapped holds a release while it deploys, until another one has released the next version whole. One that
// reinstalls is waited for by the other, and ended by its own timeout.
func overlapped(p *patient, random *rand.Rand) (said string) {
	calm(func() {
		operation, skip := "list", 2+random.IntN(4)
		if random.IntN(4) == 0 {
			operation, skip = "create", 0
		}
		held := p.set(kubernetes, "secrets", control.Fault{Kind: control.Hang, Operation: operation,
			Skip: skip, Count: 1})
		slow := p.begin()
		if err := p.server(kubernetes).AwaitWaiting(slow.ended, held.ID, 1); err != nil {
			p.t.Log("overlapped: the release ended before it came there")
		}
		p.nextVersion()
		said = p.begin().await(3 * time.Minute)
		must(p.t, 0, p.server(kubernetes).EndFault(p.t.Context(), held.ID))
		p.endFaults = nil
		said += slow.await(3 * time.Minute)
	})
	return said
}

// clockBehind has a release at work whose machine's clock is an hour behind, while the next version is released.
func clockBehind(p *patient, _ *rand.Rand) (said string) {
	settings := p.Settings
	p.Settings = maps.Clone(settings)
	p.Settings["timeout"] = p.slowly(time.Minute).String() // so that it is alive still when the next one comes
	defer func() { p.Settings = settings }()
	calm(func() {
		held := p.set(kubernetes, "secrets", control.Fault{Kind: control.Hang, Operation: "update", Count: 1})
		slow := p.begin()
		if err := p.server(kubernetes).AwaitWaiting(slow.ended, held.ID, 1); err == nil {
			p.ageRevision(p.lastRevision(), time.Hour)
		}
		p.nextVersion()
		next := p.begin()
		next.awaitLine("waiting for that Helm operation")
		must(p.t, 0, p.server(kubernetes).EndFault(p.t.Context(), held.ID))
		p.endFaults = nil
		said = slow.await(3*time.Minute) + next.await(3*time.Minute)
		if strings.Contains(said, "by a run that died") {
			p.t.Errorf("a release that was alive was taken back:\n%s", p.helm("history"))
		}
	})
	return said
}

// race waits for two releases, neither of which may fail.
func (p *patient) race(releases ...*call) (said string) {
	for _, release := range releases {
		said += release.await(2 * time.Minute)
		if release.err != nil {
			p.t.Errorf("a racing release failed: %v\n%s", release.err, said)
		}
	}
	return said
}

// set makes a fault for this project alone; disturb ends it. Resource is the cluster's.
func (p *patient) set(server, resource string, f control.Fault) control.Fault {
	p.t.Helper()
	f.Repository = p.Repo
	if server == kubernetes {
		f.Repository = p.Name + "/" + resource
	}
	set, err := p.server(server).Fault(p.t.Context(), f)
	must(p.t, 0, err)
	p.endFaults = append(p.endFaults, func() error { return p.server(server).EndFault(p.t.Context(), set.ID) })
	return set
}

func (p *patient) server(name string) control.Client {
	return control.Client{URL: map[string]string{gitServer: p.Bed.Git.Control, imageRegistry: p.Registry.Control,
		kubernetes: p.Cluster.Control}[name]}
}

// call is a release at work.
type call struct {
	p     *patient
	cmd   *exec.Cmd
	ended context.Context //nolint:containedctx // tells others that it has ended, and is given to nothing
	err   error           // once it has ended

	mu   sync.Mutex
	said bytes.Buffer
}

// begin starts a release, with its children in a process group of their own.
func (p *patient) begin() *call {
	p.t.Helper()
	ended, end := context.WithCancel(p.t.Context())
	r := &call{p: p, cmd: p.Command(context.Background(), "release"), ended: ended}
	r.cmd.Stdout, r.cmd.Stderr = r, r
	r.cmd.WaitDelay = 30 * time.Second // a child that lives on must not hold us by its output
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	must(p.t, 0, r.cmd.Start())
	go func() {
		r.err = r.cmd.Wait()
		end()
	}()
	return r
}

func (r *call) Write(data []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Write(data)
}

func (r *call) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String()
}

// awaitLine waits until the release says something, or ends.
func (r *call) awaitLine(words string) {
	for r.ended.Err() == nil && !strings.Contains(r.text(), words) {
		time.Sleep(2 * time.Millisecond)
	}
}

// kill ends the release with SIGKILL, alone or with the children that it started.
func (r *call) kill(children bool) string {
	pid := r.cmd.Process.Pid
	if children {
		pid = -pid
	}
	if r.ended.Err() == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-r.ended.Done()
	return r.text()
}

// await waits for a release to end by itself: no fault may hold it for ever.
func (r *call) await(limit time.Duration) string {
	r.p.t.Helper()
	limit = r.p.slowly(limit)
	select {
	case <-r.ended.Done():
	case <-time.After(limit):
		_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
		<-r.ended.Done()
		r.p.t.Errorf("a release did not end within %s: %s", limit, filepath.Base(r.cmd.Path))
	}
	return r.text()
}
