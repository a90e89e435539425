package node

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const cgroupRoot = "/sys/fs/cgroup"

// A hierarchy is one tree of cgroups. Version 2 has one with all controllers, version 1 one for each few.
type hierarchy struct {
	path   string // where it is mounted
	kind   string // file system: cgroup or cgroup2
	option string // the controllers, for version 1
}

func (h hierarchy) mount() error {
	if err := os.MkdirAll(h.path, 0o755); err != nil {
		return fmt.Errorf("make folder for cgroups: %w", err)
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	if err := unix.Mount(h.kind, h.path, h.kind, flags, h.option); err != nil {
		return fmt.Errorf("mount cgroups (%s %s): %w", h.kind, h.option, err)
	}
	return nil
}

// hierarchies reads what this machine has from /proc/self/cgroup (its format: man 7 cgroups).
func hierarchies() ([]hierarchy, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(cgroupRoot, &stat); err != nil {
		return nil, fmt.Errorf("look at %s: %w", cgroupRoot, err)
	}
	if stat.Type == unix.CGROUP2_SUPER_MAGIC {
		return []hierarchy{{path: cgroupRoot, kind: "cgroup2"}}, nil
	}
	file, err := os.Open("/proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("look for cgroups: %w", err)
	}
	defer file.Close()
	var found []hierarchy
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.SplitN(lines.Text(), ":", 3)
		if len(fields) != 3 || fields[1] == "" {
			continue // version 2 without controllers beside version 1: nothing needs it
		}
		name, named := strings.CutPrefix(fields[1], "name=")
		option := fields[1]
		if named {
			option = "none," + option
		}
		found = append(found, hierarchy{path: filepath.Join(cgroupRoot, name), kind: "cgroup", option: option})
	}
	if len(found) == 0 {
		return nil, errors.New("look for cgroups: the machine has none")
	}
	return found, nil
}

// enterCgroups moves this process into a cgroup called name in every hierarchy and makes that the root of all it
// sees. The thread must be the one that goes on to exec: cgroup namespaces belong to threads.
func enterCgroups(name string) error {
	found, err := hierarchies()
	if err != nil {
		return err
	}
	// Mount the hierarchies afresh: the machine may show them read-only, or elsewhere.
	if found[0].kind == "cgroup" {
		if err := unix.Mount("tmpfs", cgroupRoot, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC,
			"mode=755"); err != nil {
			return fmt.Errorf("mount memory on %s: %w", cgroupRoot, err)
		}
	}
	for _, each := range found {
		if err := each.mount(); err != nil {
			return err
		}
		if each.kind == "cgroup2" {
			for _, controller := range needed {
				_ = enable(each.path, controller) // delegate tells which one the machine would not give
			}
		}
		if err := join(each, name); err != nil {
			return fmt.Errorf("enter cgroup: %w", err)
		}
	}
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return fmt.Errorf("make cgroup namespace: %w", err)
	}
	for _, each := range found {
		if err := unix.Unmount(each.path, unix.MNT_DETACH); err != nil {
			return fmt.Errorf("unmount cgroups: %w", err)
		}
		if err := each.mount(); err != nil {
			return err
		}
	}
	if found[0].kind == "cgroup2" {
		return delegate()
	}
	return nil
}

// join makes the cgroup and moves this process into it.
func join(tree hierarchy, name string) error {
	group := filepath.Join(tree.path, name)
	if err := os.MkdirAll(group, 0o755); err != nil {
		return err
	}
	if strings.Contains(tree.option, "cpuset") {
		// A new cpuset of version 1 is empty, and nothing can live in an empty one.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			value, err := os.ReadFile(filepath.Join(tree.path, file))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(group, file), value, 0o644); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte("0"), 0o644)
}

// needed are the controllers without which kubelet does not start.
var needed = []string{"cpu", "cpuset", "memory", "pids"}

// delegate lets pods have controllers under version 2, where a cgroup has either processes or children with
// controllers: this process moves aside first.
func delegate() error {
	if err := join(hierarchy{path: cgroupRoot}, "supervisor"); err != nil {
		return fmt.Errorf("enter cgroup: %w", err)
	}
	for _, controller := range needed {
		if err := enable(cgroupRoot, controller); err != nil {
			return fmt.Errorf("delegate controller %s: %w", controller, err)
		}
	}
	return nil
}

// enable gives a cgroup's children a controller, under version 2.
func enable(group, controller string) error {
	return os.WriteFile(filepath.Join(group, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
}
