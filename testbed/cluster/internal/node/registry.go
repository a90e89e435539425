package node

import (
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"dagger/ship/testbed/cluster/internal/layout"
)

// A Registry is where the node pulls images from. It speaks plain HTTP unless CA is given.
type Registry struct {
	Address      string // IP:PORT or localhost:PORT on the host; the same name works inside the node
	User         string
	PasswordFile string // a file with the password; empty for anonymous pulls
	CA           string // a file with the certificate of the authority to trust, as PEM; empty for plain HTTP
}

// IP is the address on which the registry listens.
func (r Registry) IP() (net.IP, error) {
	host, _, err := net.SplitHostPort(r.Address)
	if err != nil {
		return nil, fmt.Errorf("read registry's address %q: %w: write IP:PORT", r.Address, err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.IsUnspecified() {
		return nil, fmt.Errorf("read registry's address %q: the node has no DNS: write IP:PORT, or localhost:PORT",
			r.Address)
	}
	return ip, nil
}

// ServeNames tells containerd that images of these registry names ("docker.io", or r's own address) are to be
// had from r, and with which credentials. The format: containerd's docs/hosts.md.
func (r Registry) ServeNames(folder layout.Folder, names ...string) error {
	url := "http://" + r.Address
	if r.CA != "" {
		url = "https://" + r.Address
	}
	text := fmt.Sprintf("server = '%[1]s'\n[host.'%[1]s']\n  capabilities = ['pull', 'resolve']\n", url)
	var authority []byte
	if r.CA != "" {
		var err error
		if authority, err = os.ReadFile(r.CA); err != nil {
			return fmt.Errorf("read registry's authority: %w", err)
		}
		text += "  ca = 'ca.pem'\n" // beside the text: the node may not see the file itself
	}
	if r.PasswordFile != "" {
		password, err := os.ReadFile(r.PasswordFile)
		if err != nil {
			return fmt.Errorf("read registry's password: %w", err)
		}
		pair := r.User + ":" + strings.TrimRight(string(password), "\r\n")
		text += fmt.Sprintf("  [host.'%s'.header]\n    authorization = 'Basic %s'\n",
			url, base64.StdEncoding.EncodeToString([]byte(pair)))
	}
	for _, name := range names {
		path := folder.Run("node", "registries", name, "hosts.toml")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("make folder for registry: %w", err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return fmt.Errorf("write registry's configuration: %w", err)
		}
		if authority == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), "ca.pem"), authority, 0o600); err != nil {
			return fmt.Errorf("write registry's authority: %w", err)
		}
	}
	return nil
}
