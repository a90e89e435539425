package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// measuring is the word by which this program runs another one, and tells on its third file descriptor what that took.
// Linux counts what the process that starts a program holds among that program's peak memory (exec takes over the old
// maximum), so it must be one that holds little.
const measuring = "measure"

// measured is what is told, as JSON.
type measured struct {
	Took   time.Duration `json:"took"`
	Memory int64         `json:"memory"` // bytes: of the program and of those that it waited for, the largest
}

// through makes the command one that is run by this program in that way. It returns what to read afterwards.
func through(cmd *exec.Cmd) (read func() (measured, error), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	told, tell, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Path, cmd.Args = self, append([]string{self, measuring, cmd.Path}, cmd.Args[1:]...)
	cmd.ExtraFiles = []*os.File{tell}
	return func() (m measured, err error) {
		tell.Close()
		defer told.Close()
		if err := json.NewDecoder(told).Decode(&m); err != nil {
			return m, fmt.Errorf("read what a program took: %w", err)
		}
		return m, nil
	}, nil
}

// measure runs the program that args name, tells what it took, and returns its exit code.
func measure(args []string) int {
	tell := os.NewFile(3, "tell")
	syscall.CloseOnExec(3)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	start := time.Now()
	err := cmd.Run()
	m := measured{Took: time.Since(start)}
	if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if usage, is := cmd.ProcessState.SysUsage().(*syscall.Rusage); is {
		m.Memory = usage.Maxrss * 1024 // getrusage(2): kilobytes on Linux
	}
	if err := json.NewEncoder(tell).Encode(m); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return cmd.ProcessState.ExitCode()
}
