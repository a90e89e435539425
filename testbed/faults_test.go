package main_test

import (
	"context"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dagger/ship/testbed/control"
)

func TestGitFaults(t *testing.T) {
	c := newCheckout(t, control.Repository{})
	git := server(t, bed.Git.Control)
	set := func(fault control.Fault) control.Fault {
		t.Helper()
		fault.Repository = c.path
		out, err := git.Fault(t.Context(), fault)
		check(t, err)
		return out
	}
	there := func(tag string) bool { return strings.Contains(c.must("ls-remote", "origin"), "refs/tags/"+tag) }
	push := func(tag string) (string, error) {
		c.git("tag", tag)
		return c.git("push", "origin", tag)
	}

	// Refused once, then it works.
	set(control.Fault{Kind: control.Status, Operation: "advertise-push", Count: 1})
	out, err := push("status")
	expect(t, "503", out, err, "503")
	out, err = push("status")
	expect(t, "second try", out, err, "")

	// A request cut in the middle does nothing. (No count: git tries again when a connection that it has used before
	// is closed.)
	cut := set(control.Fault{Kind: control.CutRequest, Operation: "push", Bytes: 20})
	if out, err := push("cut-request"); err == nil || there("cut-request") {
		t.Errorf("cut in the request: %v, tag there: %v\n%s", err, there("cut-request"), out)
	}
	check(t, git.EndFault(t.Context(), cut.ID))

	// An answer that is lost: the client fails, the tag is there.
	for _, bytes := range []int64{0, 8} {
		tag := "cut-response-" + string(rune('0'+bytes))
		set(control.Fault{Kind: control.CutResponse, Operation: "push", Bytes: bytes, Count: 1})
		if out, err := push(tag); err == nil || !there(tag) {
			t.Errorf("cut after %d bytes of the answer: %v, tag there: %v\n%s", bytes, err, there(tag), out)
		}
	}

	// A delay, only from the third request on: git asks without credentials first.
	set(control.Fault{Kind: control.Delay, Operation: "advertise-fetch", Milliseconds: 1000, Skip: 2, Count: 1})
	start := time.Now()
	c.must("ls-remote", "origin")
	first := time.Since(start)
	c.must("ls-remote", "origin")
	if second := time.Since(start) - first; first > time.Second || second < time.Second {
		t.Errorf("the first took %s, the second %s", first, second)
	}

	// Held until it is let go.
	for _, after := range []bool{false, true} {
		tag := map[bool]string{false: "held-before", true: "held-after"}[after]
		held := set(control.Fault{Kind: control.Hang, Operation: "push", After: after})
		done := make(chan error, 1)
		go func() {
			_, err := push(tag)
			done <- err
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		check(t, git.AwaitWaiting(ctx, held.ID, 1))
		if there(tag) != after {
			t.Errorf("while the push is held, after=%v: tag there: %v", after, there(tag))
		}
		check(t, git.EndFault(t.Context(), held.ID))
		if err := <-done; err != nil || !there(tag) {
			t.Errorf("let go, after=%v: %v, tag there: %v", after, err, there(tag))
		}
	}
	requests(t, git, 2, func(r control.Request) bool { return r.Fault == control.Hang })
}

// A client that dies while its push is sent leaves nothing behind.
func TestKilledPushDoesNothing(t *testing.T) {
	c := newCheckout(t, control.Repository{})
	git := server(t, bed.Git.Control)
	held, err := git.Fault(t.Context(), control.Fault{Kind: control.Hang, Operation: "advertise-push"})
	check(t, err)
	c.must("tag", "dead")
	command := exec.Command("git", "-C", c.dir, "push", "origin", "dead")
	check(t, command.Start())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	check(t, git.AwaitWaiting(ctx, held.ID, 1))
	check(t, command.Process.Kill())
	command.Wait()
	check(t, git.EndFault(t.Context(), held.ID))
	requests(t, git, 0, func(r control.Request) bool { return r.Operation == "push" })
	if out := c.must("ls-remote", "--tags", "origin"); out != "" {
		t.Errorf("there is %s", out)
	}
}

func TestStopAndStart(t *testing.T) {
	c := newCheckout(t, control.Repository{})
	git := server(t, bed.Git.Control)
	check(t, git.Stop(t.Context()))
	out, err := c.git("ls-remote", "origin")
	check(t, git.Start(t.Context()))
	expect(t, "stopped", out, err, "Failed to connect")
	c.must("ls-remote", "origin")
}

func TestFaultsAreChecked(t *testing.T) {
	git := server(t, bed.Git.Control)
	for _, fault := range []control.Fault{{}, {Kind: "unheard-of"}, {Kind: control.Barrier}} {
		if _, err := git.Fault(t.Context(), fault); err == nil {
			t.Errorf("%+v was set", fault)
		}
	}
	if err := git.EndFault(t.Context(), "12345"); err == nil {
		t.Error("a fault was ended that was never set")
	}
	response, err := http.Post(bed.Git.Control+"/faults", "application/json",
		strings.NewReader(`{"kind":"hang","colour":"red"}`))
	check(t, err)
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); response.StatusCode != 400 || !strings.Contains(string(text), "colour") {
		t.Errorf("an unknown field: %s %s", response.Status, text)
	}
}
