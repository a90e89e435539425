package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/ship/testbed/cluster/internal/layout"
)

func TestRegistryIP(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:5000": "127.0.0.1", "localhost:5000": "127.0.0.1", "10.87.0.1:1": "10.87.0.1", "[::1]:5000": "::1",
		"127.0.0.1": "", "0.0.0.0:5000": "", "registry:5000": "", ":5000": "",
	} {
		ip, err := Registry{Address: address}.IP()
		if (err != nil) != (want == "") || err == nil && ip.String() != want {
			t.Errorf("%s: %v, %v", address, ip, err)
		}
	}
}

func TestServeNames(t *testing.T) {
	folder := layout.Folder(t.TempDir())
	secret := filepath.Join(string(folder), "password")
	if err := os.WriteFile(secret, []byte("pw\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	registry := Registry{Address: "127.0.0.1:5000", User: "me", PasswordFile: secret}
	if err := registry.ServeNames(folder, "127.0.0.1:5000"); err != nil {
		t.Fatal(err)
	}
	path := folder.Run("node", "registries", "127.0.0.1:5000", "hosts.toml")
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "'Basic bWU6cHc='") { // me:pw, without the file's newline
		t.Errorf("%v:\n%s", err, text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the password: %v, %v", info.Mode(), err)
	}
	registry.CA = secret
	if err := registry.ServeNames(folder, "127.0.0.1:5000"); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || strings.Contains(string(text), "http://") ||
		!strings.Contains(string(text), "ca = 'ca.pem'") {
		t.Errorf("with TLS: %v:\n%s", err, text)
	}
	if authority, err := os.ReadFile(filepath.Join(filepath.Dir(path), "ca.pem")); err != nil ||
		string(authority) != "pw\n" {
		t.Errorf("with TLS: %v, %q", err, authority)
	}
}
