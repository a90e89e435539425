// Package test holds the session to the engine's behaviour, through the released SDK.
//
// The tests run in any Dagger session: the one that DAGGER_SESSION_PORT or _EXPERIMENTAL_DAGGER_CLI_BIN name, or else
// the embedded one, built here. For a real engine, SHIP_TEST_ADDRESS names an address of this machine that its
// containers reach, and the engine's configuration allows plain HTTP there.
package test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"dagger.io/dagger"
	"github.com/sirupsen/logrus"
)

// client is the session's, for all tests.
var client *dagger.Client

// isEmbedded tells that the session is the one of this repository.
var isEmbedded bool

// gitAuthority is a file that does not exist yet, with the certificates that the embedded session is to trust in git
// remotes.
var gitAuthority string

// programs is the folder of the programs built here.
var programs string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	_, port := os.LookupEnv("DAGGER_SESSION_PORT")
	_, program := os.LookupEnv("_EXPERIMENTAL_DAGGER_CLI_BIN")
	if err := install(); err != nil {
		return 0, err
	}
	if isEmbedded = !port && !program; isEmbedded {
		var err error
		if programs, err = build(); err != nil {
			return 0, err
		}
		cache, err := os.MkdirTemp("", "ship-")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(cache)
		os.Setenv("SHIP_CACHE", cache)
		os.Setenv("_EXPERIMENTAL_DAGGER_CLI_BIN", filepath.Join(programs, "embedded"))
		os.Unsetenv("BUILDKIT_HOST")
		gitAuthority = filepath.Join(cache, "ca.pem")
		os.Setenv("GIT_SSL_CAINFO", gitAuthority)
	}
	os.Setenv("SHIP_TEST_SECRET", secretValue)
	var err error
	logrus.SetLevel(logrus.PanicLevel) // the registries'
	var stop func()
	baseRegistry, stop = serveRegistry(nil, nil)
	defer stop()
	if client, err = dagger.Connect(context.Background(), dagger.WithLogOutput(os.Stderr)); err != nil {
		return 0, fmt.Errorf("connect to a session: %w", err)
	}
	code := m.Run()
	if err := client.Close(); err != nil {
		return code, fmt.Errorf("close the session: %w", err)
	}
	return code, nil
}

// install adds the Debian packages that the tests and BuildKit need, where they are missing.
func install() error {
	for program, pack := range map[string]string{"/bin/busybox": "busybox-static", "runc": "runc", "git": "git"} {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		for _, args := range [][]string{{"update", "-q"}, {"install", "-q", "-y", "--no-install-recommends", pack}} {
			command := exec.Command("apt-get", args...)
			command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
			if out, err := command.CombinedOutput(); err != nil {
				return fmt.Errorf("install %s: %w\n%s", pack, err, out)
			}
		}
	}
	return nil
}

// build makes the programs, beside what else Ship keeps, where they are not made yet (EMBEDDED_PROGRAM names them
// then). Go's own cache makes the second time short.
func build() (string, error) {
	if made := os.Getenv("EMBEDDED_PROGRAM"); made != "" {
		if _, err := os.Stat(filepath.Join(filepath.Dir(made), "buildkitd")); err == nil {
			return filepath.Dir(made), nil
		}
	}
	cache := os.Getenv("SHIP_CACHE")
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(dir, "ship")
	}
	to := filepath.Join(cache, "embedded", "test-programs")
	for name, source := range map[string]string{"embedded": "dagger/ship/embedded",
		"buildkitd": "github.com/moby/buildkit/cmd/buildkitd"} {
		command := exec.Command("go", "build", "-p", "2", "-o", filepath.Join(to, name), source)
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := command.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return to, nil
}

// TestSources looks at the files that the programs are made of: go test keeps its last result until one of those that
// a test looked at changes.
func TestSources(t *testing.T) {
	err := filepath.WalkDir("..", func(name string, _ fs.DirEntry, err error) error {
		if err == nil {
			_, err = os.Stat(name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
