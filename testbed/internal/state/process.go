package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// Process names one process for good: process ids come back, but not with the same start on the same boot.
type Process struct {
	PID   int    `json:"pid"`
	Start string `json:"start"` // clock ticks since the boot, field 22 of /proc/PID/stat
	Boot  string `json:"boot"`  // /proc/sys/kernel/random/boot_id
}

// Identify looks a running process up.
func Identify(pid int) (Process, error) {
	start, err := startOf(pid)
	if err != nil {
		return Process{}, err
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return Process{}, fmt.Errorf("read this boot's id: %w", err)
	}
	return Process{PID: pid, Start: start, Boot: strings.TrimSpace(string(boot))}, nil
}

// startOf reads when a process started (man 5 proc). A zombie counts as gone.
func startOf(pid int) (string, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", fmt.Errorf("look process %d up: %w", pid, err)
	}
	text := string(data)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:]) // the name before may hold anything
	if len(fields) < 20 {
		return "", fmt.Errorf("look process %d up: its stat has too few fields", pid)
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return "", fmt.Errorf("look process %d up: %w", pid, os.ErrProcessDone)
	}
	return fields[19], nil
}

// ReadProcess reads a file that WriteProcess wrote.
func ReadProcess(path string) (Process, error) {
	var process Process
	data, err := os.ReadFile(path)
	if err != nil {
		return process, err
	}
	if err := json.Unmarshal(data, &process); err != nil {
		return process, fmt.Errorf("read %s: %w", path, err)
	}
	return process, nil
}

// WriteProcess notes a running process in a file.
func WriteProcess(path string, pid int) error {
	process, err := Identify(pid)
	if err != nil {
		return err
	}
	data, err := json.Marshal(process)
	if err != nil {
		return err
	}
	return WriteFile(path, data)
}

// Alive says whether that very process still runs.
func (p Process) Alive() bool {
	now, err := Identify(p.PID)
	return err == nil && now == p
}

// End asks the process to end with SIGTERM, and after the patience makes it end with SIGKILL. It says whether that
// was needed.
func (p Process) End(patience time.Duration) (killed bool, err error) {
	for _, step := range []struct {
		signal   syscall.Signal
		patience time.Duration
	}{{syscall.SIGTERM, patience}, {syscall.SIGKILL, 5 * time.Second}} {
		if !p.Alive() {
			return killed, nil
		}
		if err := syscall.Kill(p.PID, step.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return killed, fmt.Errorf("end process %d: %w", p.PID, err)
		}
		killed = step.signal == syscall.SIGKILL
		for deadline := time.Now().Add(step.patience); p.Alive() && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
	}
	if p.Alive() {
		return killed, fmt.Errorf("process %d does not end", p.PID)
	}
	return killed, nil
}
