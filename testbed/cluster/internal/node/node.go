// Package node runs a real node, kubelet and containerd, beside whatever else runs on the machine: in a network,
// PID, mount and cgroup namespace of its own, so that nothing of it is left when its first process is gone.
//
// It needs these packages of Debian's: runc, containernetworking-plugins.
package node

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"

	"dagger/ship/testbed/cluster/internal/layout"
	"golang.org/x/sys/unix"
)

// IP is the node's address in its network namespace.
const IP = "10.240.0.1"

// Name is the node's name in Kubernetes.
const Name = "node"

// plugins is where Debian's containernetworking-plugins has the CNI plugins.
const plugins = "/usr/lib/cni"

//go:embed files
var files embed.FS

// Check fails when something is missing that the machine's package manager can install.
func Check(programs string) error {
	var missing []error
	if _, err := exec.LookPath("runc"); err != nil {
		missing = append(missing, errors.New("no runc on PATH: apt-get install runc"))
	}
	for _, plugin := range []string{"bridge", "host-local", "loopback"} {
		if _, err := os.Stat(filepath.Join(plugins, plugin)); err != nil {
			missing = append(missing, fmt.Errorf("no %s in %s: apt-get install containernetworking-plugins",
				plugin, plugins))
		}
	}
	for _, program := range []string{"containerd", "containerd-shim-runc-v2", "pause"} {
		if _, err := os.Stat(filepath.Join(programs, program)); err != nil {
			missing = append(missing, fmt.Errorf("no %s beside cluster in %s: build all programs into one folder",
				program, programs))
		}
	}
	return errors.Join(missing...)
}

// Configure writes the files that containerd, the CNI plugins and kubelet read, below run/node.
func Configure(folder layout.Folder) error {
	root := folder.Run("node")
	values := map[string]string{
		"Root":        root,
		"Snapshotter": snapshotter(folder),
		"Pause":       PauseImage,
		"Plugins":     plugins,
		"IP":          IP,
		"Logs":        folder.Path("logs", "pods"),
	}
	for source, target := range map[string]string{
		"containerd.toml": "containerd.toml",
		"kubelet.yaml":    "kubelet.yaml",
		"cni.conflist":    "cni/pods.conflist",
	} {
		parsed, err := template.ParseFS(files, "files/"+source)
		if err != nil {
			return fmt.Errorf("read node's configuration: %w", err)
		}
		var text bytes.Buffer
		if err := parsed.Execute(&text, values); err != nil {
			return fmt.Errorf("fill in node's configuration: %w", err)
		}
		path := filepath.Join(root, target)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("make folder for node's configuration: %w", err)
		}
		if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
			return fmt.Errorf("write node's configuration: %w", err)
		}
	}
	return nil
}

// snapshotter is overlayfs, except where the folder itself is on one (as in a container): they do not stack.
func snapshotter(folder layout.Folder) string {
	var stat unix.Statfs_t
	if err := unix.Statfs(string(folder), &stat); err == nil && stat.Type == unix.OVERLAYFS_SUPER_MAGIC {
		return "native"
	}
	return "overlayfs"
}

// Containerd is containerd's command line.
func Containerd(folder layout.Folder, programs string) []string {
	return []string{filepath.Join(programs, "containerd"), "--config=" + folder.Run("node", "containerd.toml")}
}

// Kubelet is kubelet's command line.
func Kubelet(folder layout.Folder, kubeconfig string) []string {
	return []string{
		"kubelet",
		"--config=" + folder.Run("node", "kubelet.yaml"),
		"--kubeconfig=" + kubeconfig,
		"--hostname-override=" + Name, "--node-ip=" + IP,
	}
}
