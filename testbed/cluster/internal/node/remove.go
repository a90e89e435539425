package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// RemoveCgroups ends all that still lives in cgroups called name and removes them, on the machine itself.
func RemoveCgroups(name string, timeout time.Duration) error {
	var trees []string
	for _, pattern := range []string{cgroupRoot, cgroupRoot + "/*"} {
		found, _ := filepath.Glob(filepath.Join(pattern, name))
		trees = append(trees, found...)
	}
	deadline := time.Now().Add(timeout)
	for _, tree := range trees {
		for err := removeTree(tree); err != nil; err = removeTree(tree) {
			if time.Now().After(deadline) {
				return fmt.Errorf("remove cgroup: %w", err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}

// removeTree removes a cgroup from its leaves up. It fails while a process is left in it.
func removeTree(path string) error {
	entries, err := os.ReadDir(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		if entry.IsDir() {
			err = errors.Join(err, removeTree(filepath.Join(path, entry.Name())))
		}
	}
	processes, _ := os.ReadFile(filepath.Join(path, "cgroup.procs"))
	for _, line := range strings.Fields(string(processes)) {
		var pid int
		if _, scanError := fmt.Sscan(line, &pid); scanError == nil && pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return errors.Join(err, os.Remove(path))
}
