// Package state is the folder that a testbed keeps everything in, and testbed.json in it, which tells other
// programs the addresses and credentials.
package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Testbed is testbed.json. Its file mode is 0600: it holds the credentials.
type Testbed struct {
	// Address is the local address that the git server and the registries listen at.
	Address  string   `json:"address"`
	Git      Git      `json:"git"`
	Registry Registry `json:"registry"`
	// Mirror is the anonymous registry that stands in for docker.io and ghcr.io.
	Mirror Mirror `json:"mirror"`
	// Cluster is nil for `up --without-cluster`.
	Cluster *Cluster `json:"cluster,omitempty"`
	// Buildkitd is the path of a configuration for buildkitd that knows both registries.
	Buildkitd string `json:"buildkitd"`
	// CA is the path of the certificate, as PEM, of the authority that all servers with TLS have theirs from. Each up
	// makes a new one.
	CA string `json:"ca"`
}

// Git is the git server: repositories are at URL/GROUP/NAME.git, over plain HTTP.
type Git struct {
	URL string `json:"url"`
	// TLS is the same over TLS.
	TLS  string `json:"tls"`
	User string `json:"user"`
	// API is where the releases of GitLab's API are, as CI_API_V4_URL names it.
	API string `json:"api"`
	// Token may read and write and call the API with any user name, Push only read and write, ReadOnly only read; Job
	// belongs to the user gitlab-ci-token.
	Token    string `json:"token"`
	Push     string `json:"push"`
	ReadOnly string `json:"readonly"`
	Job      string `json:"job"`
	// Control is what package control speaks to.
	Control string `json:"control"`
}

// Registry is the registry for applications' images. Address is HOST:PORT, plain HTTP; TLS is HOST:PORT of the same
// registry over TLS.
type Registry struct {
	Address  string `json:"address"`
	TLS      string `json:"tls"`
	User     string `json:"user"`
	Password string `json:"password"`
	Control  string `json:"control"`
}

// Mirror is the stand-in for docker.io and ghcr.io. Address is HOST:PORT, plain HTTP.
type Mirror struct {
	Address string   `json:"address"`
	Control string   `json:"control"`
	Images  []string `json:"images"`
}

// Cluster is what `cluster run` wrote into cluster.json, and the way to its API that tests may disturb.
type Cluster struct {
	Kubeconfig string `json:"kubeconfig"`
	Server     string `json:"server"`
	// Disturbed is the path of a kubeconfig with the same rights, whose requests Control watches and disturbs.
	Disturbed string `json:"disturbed"`
	Control   string `json:"control"`
	// Node is real or simulated, and Reason why it is simulated.
	Node   string `json:"node"`
	Reason string `json:"reason,omitempty"`
}

// Folder is a testbed's state folder.
type Folder string

// Path joins names to the folder.
func (f Folder) Path(names ...string) string {
	return filepath.Join(append([]string{string(f)}, names...)...)
}

// Names of what up makes in the folder. Remove takes away these and nothing else.
const (
	jsonFile         = "testbed.json"
	daemonPIDFile    = "testbed.pid"
	ClusterPID       = "cluster.pid"
	Buildkitd        = "buildkitd.toml"
	CA               = "ca.pem"
	Disturbed        = "kubeconfig-disturbed"
	Logs             = "logs"
	GitFolder        = "git"
	RegistryFolder   = "registry"
	ClusterFolder    = "cluster"
	RegistryPassword = "registry-password"
)

// DaemonPID is the file with the daemon's Process.
func (f Folder) DaemonPID() string { return f.Path(daemonPIDFile) }

// Read reads testbed.json. Where no testbed is up, the error is os.ErrNotExist.
func (f Folder) Read() (*Testbed, error) {
	data, err := os.ReadFile(f.Path(jsonFile))
	if err != nil {
		return nil, fmt.Errorf("read the testbed's addresses: %w", err)
	}
	var testbed Testbed
	if err := json.Unmarshal(data, &testbed); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Path(jsonFile), err)
	}
	return &testbed, nil
}

// Write writes testbed.json in one step: who sees it sees all of it.
func (f Folder) Write(testbed *Testbed) error {
	data, err := json.MarshalIndent(testbed, "", "  ")
	if err != nil {
		return err
	}
	return WriteFile(f.Path(jsonFile), append(data, '\n'))
}

// WriteFile writes a file with mode 0600 and moves it into place.
func WriteFile(path string, data []byte) error {
	part := path + ".part"
	if err := os.WriteFile(part, data, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(part, path)
}

// Remove takes away what up made, and the folder when nothing else is in it.
func (f Folder) Remove() error {
	var failed error
	for _, name := range []string{jsonFile, daemonPIDFile, ClusterPID, Buildkitd, CA, Disturbed, GitFolder,
		RegistryFolder, ClusterFolder, RegistryPassword, Logs} {
		failed = errors.Join(failed, os.RemoveAll(f.Path(name)))
	}
	if failed != nil {
		return fmt.Errorf("remove the testbed's state: %w", failed)
	}
	if entries, err := os.ReadDir(string(f)); err == nil && len(entries) == 0 {
		failed = os.Remove(string(f))
	}
	return failed
}

// Lock keeps other ups and downs of the same folder waiting until unlock is called.
func (f Folder) Lock() (unlock func(), err error) {
	// On the folder itself: a lock file would have to be left behind.
	file, err := os.Open(string(f))
	if err != nil {
		return nil, fmt.Errorf("lock the state folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		file.Close()
		return nil, fmt.Errorf("lock the state folder: %w", err)
	}
	return func() { file.Close() }, nil
}
