// Package layout knows the files of one cluster's state folder.
//
//	kubeconfig      for users: full rights, from the host
//	cluster.json    for programs; see Description
//	logs/           one file for each process; logs/pods holds those of the containers
//	lock            held while a cluster runs
//	run/            everything else, thrown away when the cluster stops
package layout

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// A Folder is the absolute path of a cluster's state folder.
type Folder string

// Open makes the folder at path if it is missing, and returns its absolute path.
func Open(path string) (Folder, error) {
	if path == "" {
		return "", errors.New("no state folder given: set --state")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find state folder: %w", err)
	}
	if err := os.MkdirAll(absolute, 0o700); err != nil {
		return "", fmt.Errorf("make state folder: %w", err)
	}
	return Folder(absolute), nil
}

// Path joins the folder and the parts of a file's name.
func (f Folder) Path(parts ...string) string {
	return filepath.Join(append([]string{string(f)}, parts...)...)
}

// Run is Path below run/.
func (f Folder) Run(parts ...string) string { return f.Path(append([]string{"run"}, parts...)...) }

// Kubeconfig is the file for users on the host.
func (f Folder) Kubeconfig() string { return f.Path("kubeconfig") }

// Log is the file for the output of the process with that name.
func (f Folder) Log(name string) string { return f.Path("logs", name+".log") }

// ID is a short name that no other state folder on the machine has.
func (f Folder) ID() string { return fmt.Sprintf("ship-cluster-%x", sha256.Sum256([]byte(f)))[:21] }

// Lock claims the folder for this process until it ends. It fails at once while another process has it.
func (f Folder) Lock() error {
	file, err := os.OpenFile(f.Path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open lock: %w", err)
	}
	// The descriptor stays open on purpose: the kernel drops the lock when the process ends, however it ends.
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("lock %s: another cluster runs there: stop it, or use another --state", f)
	}
	locks = append(locks, file)
	return nil
}

var locks []*os.File // keeps locked files from being closed as garbage

// Clear removes what an earlier cluster left in the folder, its logs too unless they are to be kept.
func (f Folder) Clear(keepLogs bool) error {
	names := []string{"run", "kubeconfig", "cluster.json"}
	if !keepLogs {
		names = append(names, "logs")
	}
	for _, name := range names {
		if err := os.RemoveAll(f.Path(name)); err != nil {
			return fmt.Errorf("clear state folder: %w", err)
		}
	}
	return nil
}

// A Description is what cluster.json says of a running cluster.
type Description struct {
	Kubeconfig string `json:"kubeconfig"`       // path of a kubeconfig with full rights
	Server     string `json:"server"`           // URL of the API server, on the host
	Node       string `json:"node"`             // "real" or "simulated"
	Reason     string `json:"reason,omitempty"` // why the node is simulated
	NetNS      string `json:"netns,omitempty"`  // the real node's network namespace, for nsenter --net=
}

// Describe writes cluster.json, all or nothing.
func (f Folder) Describe(description Description) error {
	text, err := json.MarshalIndent(description, "", "  ")
	if err != nil {
		return fmt.Errorf("encode cluster.json: %w", err)
	}
	if err := os.WriteFile(f.Run("cluster.json"), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write cluster.json: %w", err)
	}
	if err := os.Rename(f.Run("cluster.json"), f.Path("cluster.json")); err != nil {
		return fmt.Errorf("write cluster.json: %w", err)
	}
	return nil
}
