package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/pelletier/go-toml/v2"
)

// network is what containers are in that ask for no other: the host's, or one of their own (mode cni), which the
// configuration file describes.
type network struct{ config, mode string }

// pluginFolders are where packages put CNI's plugins: Debian's, and most others.
var pluginFolders = []string{"/usr/lib/cni", "/opt/cni/bin"}

// subnet is what builds have their addresses from. It is one that private networks seldom use.
const subnet = "10.209.0.0/16"

// ownNetwork writes down a network for builds below root, and returns it with a copy of the configuration file that
// names it. Each container has a pair of devices to the host, which hides its addresses behind its own: it reaches
// what the host reaches and what listens on all the host's addresses, but not the host's loopback. No bridge is
// shared, so that one buildkitd may end while another works.
//
// It needs CNI's plugins (Debian's containernetworking-plugins), the program iptables, and the right to make devices.
func ownNetwork(root, config string) (network, error) {
	var folder string
	for _, folder = range pluginFolders {
		if _, err := os.Stat(filepath.Join(folder, "ptp")); err == nil {
			break
		}
		folder = ""
	}
	if folder == "" {
		return network{}, fmt.Errorf("CNI's plugins are in none of %v: install Debian's package "+
			"containernetworking-plugins", pluginFolders)
	}
	if _, err := exec.LookPath("iptables"); err != nil {
		return network{}, errors.New("there is no program iptables: install Debian's package iptables")
	}
	list := filepath.Join(root, "network.conflist")
	description, err := json.Marshal(map[string]any{
		"cniVersion": "1.0.0",
		"name":       "ship",
		"plugins": []any{
			map[string]any{
				"type": "ptp", "ipMasq": true, "mtu": mtu(),
				"ipam": map[string]any{"type": "host-local", "subnet": subnet,
					"routes": []any{map[string]any{"dst": "0.0.0.0/0"}}},
			},
			map[string]any{"type": "firewall"}, // lets its packets through where the host lets through none of others
		},
	})
	if err == nil {
		err = os.WriteFile(list, description, 0o600)
	}
	if err != nil {
		return network{}, fmt.Errorf("describe a network for builds: %w", err)
	}
	merged, err := withNetwork(config, list, folder)
	if err != nil {
		return network{}, err
	}
	copied := filepath.Join(root, "network.toml")
	if err := os.WriteFile(copied, merged, 0o600); err != nil {
		return network{}, fmt.Errorf("write BuildKit's configuration: %w", err)
	}
	return network{config: copied, mode: "cni"}, nil
}

// mtu is the largest packet that all of this machine's networks take. A larger one would be lost on the way back, in
// machines whose own network is inside another.
func mtu() int {
	smallest := 1500
	interfaces, _ := net.Interfaces() // without, the usual size is as good as any
	for _, i := range interfaces {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagLoopback == 0 && i.MTU >= 1280 {
			smallest = min(smallest, i.MTU)
		}
	}
	return smallest
}

// withNetwork is the configuration file with the network in it: buildkitd has no flag for that.
func withNetwork(config, list, plugins string) ([]byte, error) {
	settings := map[string]any{}
	if config == "" {
		config = "/etc/buildkit/buildkitd.toml" // what buildkitd reads by default
		if _, err := os.Stat(config); errors.Is(err, fs.ErrNotExist) {
			config = os.DevNull
		}
	}
	text, err := os.ReadFile(config)
	if err == nil {
		err = toml.Unmarshal(text, &settings)
	}
	if err != nil {
		return nil, fmt.Errorf("read BuildKit's configuration %s: %w", config, err)
	}
	oci := table(table(settings, "worker"), "oci")
	oci["cniConfigPath"], oci["cniBinaryPath"] = list, plugins
	oci["cniPoolSize"] = 1 // networks that are made ahead: most sessions build one image or none
	return toml.Marshal(settings)
}

// table is a table of settings, made where there is none.
func table(settings map[string]any, name string) map[string]any {
	inner, is := settings[name].(map[string]any)
	if !is {
		inner = map[string]any{}
		settings[name] = inner
	}
	return inner
}
