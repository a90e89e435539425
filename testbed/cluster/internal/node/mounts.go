package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dagger/ship/testbed/cluster/internal/layout"
	"golang.org/x/sys/unix"
)

// private are the folders in which containerd, CNI plugins and kubelet keep what they do not let us put elsewhere.
// The node gets empty ones in memory.
var private = []string{"/run", "/var/lib", "/var/log"}

// sysctls are what kubelet insists on. The node sees these values; the machine keeps its own.
var sysctls = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// mountAll prepares this process's own mount namespace. The folders to keep stay visible where they are, even
// below a private one.
func mountAll(folder layout.Folder, keep ...string) error {
	// First cut the namespace off: no mount from here may show up on the machine.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	for name, value := range sysctls {
		if err := cover("/proc/sys/"+name, folder.Run("node", "sysctl", name), value); err != nil {
			return err
		}
	}
	kept := map[string]int{}
	for _, path := range append(keep, string(folder)) {
		descriptor, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open %s: %w", path, err)
		}
		defer unix.Close(descriptor)
		kept[path] = descriptor
	}
	for _, path := range private {
		if err := unix.Mount("tmpfs", path, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
			return fmt.Errorf("mount memory on %s: %w", path, err)
		}
	}
	for path, descriptor := range kept {
		if err := rebind(path, descriptor); err != nil {
			return err
		}
	}
	// Containers get some of these mounts passed on, and runc asks for the means to do so.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("make mounts shared: %w", err)
	}
	return nil
}

// cover lays a file with this value over the one at path, where there is one.
func cover(path, file, value string) error {
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("make folder for kernel settings: %w", err)
	}
	if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
		return fmt.Errorf("write kernel setting: %w", err)
	}
	if err := unix.Mount(file, path, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount over %s: %w", path, err)
	}
	return nil
}

// rebind makes a folder that a private one hides visible again, from a descriptor that was opened before.
func rebind(path string, descriptor int) error {
	hidden := false
	for _, above := range private {
		hidden = hidden || strings.HasPrefix(path+"/", above+"/")
	}
	if !hidden {
		return nil
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("make %s visible: %w", path, err)
	}
	if err := unix.Mount(fmt.Sprintf("/proc/self/fd/%d", descriptor), path, "", unix.MS_BIND|unix.MS_REC,
		""); err != nil {
		return fmt.Errorf("make %s visible: %w", path, err)
	}
	return nil
}
