// Package shim runs a container's command for a session: it is the first process in the container.
//
// BuildKit caches what a command leaves in its mounts, but gives no output and no exit code of it. So the embedded
// program itself, being static, is mounted into the container and started there. It runs the command, and writes
// what the command prints to a mount, with secrets replaced. What comes in is a Request in a file; what goes out are
// the files of OutputDir, or, where the command fails, the end of its output on this process's own, since BuildKit
// throws the mounts of a failed step away.
package shim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Where things are in the container.
const (
	Dir         = "/.embedded"
	Program     = Dir + "/shim"
	RequestFile = Dir + "/request"
	OutputDir   = Dir + "/output"
)

// The files that a command which succeeds leaves in OutputDir.
const (
	Stdout   = "stdout"
	Stderr   = "stderr"
	Combined = "combinedOutput"
	ExitCode = "exitCode"
)

// MaxErrorOutput is how many bytes of output an error holds; the engine's limit.
const MaxErrorOutput = 100 << 10

// Request says what to run. Names are those of Container.withExec.
type Request struct {
	Args           []string
	Stdin          string
	RedirectStdin  string
	RedirectStdout string
	RedirectStderr string
	Expect         string   // SUCCESS, FAILURE or ANY
	SecretEnv      []string // names of variables whose values are secrets
	SecretFiles    []string // paths of files that are secrets
}

// Failure says how a command failed.
type Failure struct {
	Args     []string
	ExitCode int
}

// mark begins the Failure, in JSON, at the end of standard error.
const mark = "\x00embedded:"

// ParseFailure tells a failed command's standard error from the Failure after it. It is false where the step was
// not one that the shim ran.
func ParseFailure(stderr []byte) ([]byte, Failure, bool) {
	var failure Failure
	at := bytes.LastIndex(stderr, []byte(mark))
	if at < 0 || json.Unmarshal(stderr[at+len(mark):], &failure) != nil {
		return stderr, failure, false
	}
	return stderr[:at], failure, true
}

// Main runs the request in RequestFile and returns the code to exit with: 0 where the command did what was expected.
func Main() int {
	var r Request
	data, err := os.ReadFile(RequestFile)
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "read what to run:", err)
		return 1
	}
	code, err := r.run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if expected(r.Expect, code) {
		return 0
	}
	os.Stdout.Write(end(Stdout))
	os.Stderr.Write(end(Stderr))
	text, _ := json.Marshal(Failure{r.Args, code})
	os.Stderr.WriteString(mark + string(text))
	return max(code, 1)
}

// expected leaves 128 to 191 out, as the engine does: a process that a signal ended.
func expected(expect string, code int) bool {
	signal := code >= 128 && code <= 191
	switch expect {
	case "ANY":
		return !signal
	case "FAILURE":
		return code != 0 && !signal
	}
	return code == 0
}

// end is the end of a file of output. Where the beginning is cut off, it says so in the engine's words.
func end(name string) []byte {
	data, _ := os.ReadFile(filepath.Join(OutputDir, name))
	if over := len(data) - MaxErrorOutput; over > 0 {
		data = data[over:]
		copy(data, fmt.Sprintf("[omitting %d bytes]...", over))
	}
	return data
}

func (r Request) run() (int, error) {
	secrets := r.secrets()
	combined := &shared{}
	var closers []io.Closer
	defer func() {
		for _, c := range closers {
			c.Close()
		}
	}()
	open := func(name string, flags int) (*os.File, error) {
		file, err := os.OpenFile(name, flags, 0o600)
		if err == nil {
			closers = append(closers, file)
		}
		return file, err
	}
	create := func(name string) (*os.File, error) {
		return open(filepath.Join(OutputDir, name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC)
	}
	file, err := create(Combined)
	if err != nil {
		return 0, err
	}
	combined.w = file
	var outputs []*scrubber
	output := func(name, redirect string) (io.Writer, error) {
		file, err := create(name)
		if err != nil {
			return nil, err
		}
		to := []io.Writer{file, combined}
		if redirect != "" {
			file, err := open(redirect, os.O_CREATE|os.O_WRONLY|os.O_TRUNC)
			if err != nil {
				return nil, fmt.Errorf("open the file to redirect %s to: %w", name, err)
			}
			to = append(to, file)
		}
		scrub := newScrubber(io.MultiWriter(to...), secrets)
		outputs = append(outputs, scrub)
		return scrub, nil
	}
	command := exec.Command(r.Args[0], r.Args[1:]...)
	if errors.Is(command.Err, exec.ErrDot) {
		command.Err = nil
	}
	if command.Stdout, err = output(Stdout, r.RedirectStdout); err != nil {
		return 0, err
	}
	if command.Stderr, err = output(Stderr, r.RedirectStderr); err != nil {
		return 0, err
	}
	command.Stdin = bytes.NewReader([]byte(r.Stdin))
	if r.RedirectStdin != "" {
		if command.Stdin, err = open(r.RedirectStdin, os.O_RDONLY); err != nil {
			return 0, fmt.Errorf("open the file to redirect stdin from: %w", err)
		}
	}
	code := r.start(command)
	for _, scrub := range outputs {
		scrub.Flush()
	}
	file, err = create(ExitCode)
	if err == nil {
		_, err = file.WriteString(strconv.Itoa(code))
	}
	return code, err
}

// start runs the command and what it leaves behind, and returns the command's exit code; 128 and the signal's number
// where one ended it, 1 where it could not be started.
func (r Request) start(command *exec.Cmd) int {
	// a process that is left behind may hold the output open
	command.WaitDelay = 2 * time.Second
	if err := command.Start(); err != nil {
		fmt.Fprintln(command.Stderr, err)
		return 1
	}
	if os.Getpid() == 1 {
		var info siginfo
		if waitExited(command.Process.Pid, &info) == nil {
			syscall.Kill(-1, syscall.SIGKILL) // all but this process
		}
	}
	command.Wait()
	status, _ := command.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
