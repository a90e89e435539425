package process

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestGroup(t *testing.T) {
	runtime.LockOSThread() // children die with the thread that started them
	defer runtime.UnlockOSThread()
	group := NewGroup()
	log := filepath.Join(t.TempDir(), "log")
	for _, script := range []string{"echo last words; exit 3", "kill -9 $$"} {
		if err := group.Start("script", log, "/bin/sh", "-c", script); err != nil {
			t.Fatal(err)
		}
	}
	said := (<-group.Exits).Error() + (<-group.Exits).Error()
	for _, want := range []string{"script ended (exit status 3)", "last words", "signal killed", log} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %s", want, said)
		}
	}
	if err := group.Start("none", log, "/no/such/program"); err == nil || !strings.Contains(err.Error(), "start none") {
		t.Errorf("starting nothing: %v", err)
	}
}

func TestKill(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	group := NewGroup()
	log := filepath.Join(t.TempDir(), "log")
	for range 3 {
		if err := group.Start("stubborn", log, "/bin/sh", "-c",
			"trap '' TERM; echo up; sleep 60; sleep 60"); err != nil {
			t.Fatal(err)
		}
	}
	for up := ""; strings.Count(up, "up") < 3; time.Sleep(10 * time.Millisecond) {
		content, _ := os.ReadFile(log)
		up = string(content)
	}
	begin := time.Now()
	group.Kill(10 * time.Second)
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("killing took %s", took)
	}
	for range 3 {
		if exit := <-group.Exits; exit.Status.Signal() != syscall.SIGKILL {
			t.Errorf("ended otherwise: %v", exit)
		}
	}
}
