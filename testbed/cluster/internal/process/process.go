// Package process starts the programs of a cluster and reaps them. A Group is also fit to be process 1 of a
// PID namespace: it reaps orphans that it did not start.
package process

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// An Exit says which process ended, and how.
type Exit struct {
	Name   string
	Log    string // the file with its output
	Status syscall.WaitStatus
}

// Error describes the end of a process that should have gone on running.
func (e Exit) Error() string {
	how := fmt.Sprintf("exit status %d", e.Status.ExitStatus())
	if e.Status.Signaled() {
		how = "signal " + e.Status.Signal().String()
	}
	return fmt.Sprintf("%s ended (%s); its log is %s%s", e.Name, how, e.Log, tail(e.Log))
}

// A Group is a set of running processes. Only one may exist in a program, and nothing else may wait for children.
type Group struct {
	// Exits receives one value for each process of the group that ends.
	Exits chan Exit

	mutex   sync.Mutex
	running map[int]Exit
	reaping bool
}

// NewGroup makes an empty group.
func NewGroup() *Group {
	return &Group{Exits: make(chan Exit, 64), running: map[int]Exit{}}
}

// Start runs argv with its output appended to the file log. The process is killed when this thread ends, so
// the caller must be on a thread that lives as long as the program, which in Go is only the main one.
func (g *Group) Start(name, log string, argv ...string) error {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open %s's log: %w", name, err)
	}
	defer output.Close()

	g.mutex.Lock() // until the process is registered: Reap must not look for it earlier
	defer g.mutex.Unlock()
	process, err := os.StartProcess(argv[0], argv, &os.ProcAttr{
		Files: []*os.File{nil, output, output},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	if !g.reaping {
		g.reaping = true
		go g.reap()
	}
	g.running[process.Pid] = Exit{Name: name, Log: log}
	return process.Release()
}

// Kill ends every process of the group at once and waits until all are gone or the time is over. What they
// hold is thrown away anyway, and API servers and etcd take long over a polite end.
func (g *Group) Kill(timeout time.Duration) {
	deadline := time.Now().Add(timeout)
	for time.Now().Before(deadline) {
		g.mutex.Lock()
		for pid := range g.running {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		left := len(g.running)
		g.mutex.Unlock()
		if left == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// reap collects children, and orphans when this is process 1, until there are none.
func (g *Group) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		g.mutex.Lock()
		if err != nil && len(g.running) > 0 { // there was no child, but Start was faster than the lock
			g.mutex.Unlock()
			continue
		}
		if err != nil {
			g.reaping = false // no children left: the next Start begins anew
			g.mutex.Unlock()
			return
		}
		exit, ours := g.running[pid]
		if ours && (status.Exited() || status.Signaled()) {
			delete(g.running, pid)
			exit.Status = status
			g.Exits <- exit
		}
		g.mutex.Unlock()
	}
}
