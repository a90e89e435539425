package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// The network is added to what the user's configuration file says, which stays as it is.
func TestWithNetwork(t *testing.T) {
	file := filepath.Join(t.TempDir(), "buildkitd.toml")
	const text = "debug = true\n[registry.\"127.0.0.1:5000\"]\n  http = true\n[worker.oci]\n  max-parallelism = 3\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	merged, err := withNetwork(file, "/root/network.conflist", "/plugins")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Debug    bool
		Registry map[string]struct{ HTTP bool }
		Worker   struct {
			OCI struct {
				Parallelism int    `toml:"max-parallelism"`
				ConfigPath  string `toml:"cniConfigPath"`
				BinaryPath  string `toml:"cniBinaryPath"`
			} `toml:"oci"`
		}
	}
	if err := toml.Unmarshal(merged, &got); err != nil {
		t.Fatal(err)
	}
	oci := got.Worker.OCI
	if !got.Debug || !got.Registry["127.0.0.1:5000"].HTTP || oci.Parallelism != 3 ||
		oci.ConfigPath != "/root/network.conflist" || oci.BinaryPath != "/plugins" {
		t.Errorf("got %+v of %s", got, merged)
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != text {
		t.Errorf("the file is %q now, %v", data, err)
	}
	if _, err := withNetwork("", "/l", "/p"); err != nil {
		t.Errorf("without a file: %v", err)
	}
	if _, err := withNetwork(filepath.Join(t.TempDir(), "none"), "/l", "/p"); err == nil ||
		!strings.Contains(err.Error(), "none") {
		t.Errorf("a file that is not there: %v", err)
	}
}
