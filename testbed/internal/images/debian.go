package images

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	// suite is the Debian release that the images are of, as the real ones of these tags are.
	suite        = "bookworm"
	architecture = runtime.GOARCH
	searchPath   = "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// pythonPackages is what of the real python image Debian has packages for, and poetry's build backend, which the
// real one would get from PyPI.
var pythonPackages = []string{"ca-certificates", "python3", "python3-pip", "python3-venv", "python3-poetry-core"}

// toolchains are base images for other languages, with what the real ones of these tags have, in Debian's versions:
// Node.js 18 and Rust 1.63.
var toolchains = []struct {
	names    []string
	packages []string
	cmd      string
}{
	{[]string{"library/node:24-slim", "library/node:24-bookworm-slim"}, []string{"ca-certificates", "nodejs"}, "node"},
	{[]string{"library/rust:1-slim", "library/rust:1-slim-bookworm"},
		[]string{"ca-certificates", "cargo", "rustc", "gcc", "libc6-dev"}, "bash"},
}

// debianImages are debian and python, and where they are asked for, the toolchains. Packages are downloaded into the
// folder downloads, once for all.
func debianImages(ctx context.Context, downloads string, withToolchains bool) ([]image, error) {
	mirror, version, err := aptMirror(ctx)
	if err != nil {
		return nil, err
	}
	var images []image
	if withToolchains {
		for _, one := range toolchains {
			images = append(images, image{
				names: one.names,
				of:    append([]string{suite, version, architecture}, one.packages...),
				fill: func(ctx context.Context, root string) error {
					return debootstrap(ctx, mirror, downloads, root, one.packages)
				},
				config: v1.Config{Cmd: []string{one.cmd}, Env: []string{searchPath, "LANG=C.UTF-8"}},
			})
		}
	}
	return append(images, []image{
		{
			names: []string{"library/python:3.11-slim", "library/python:3.11-slim-bookworm"},
			of:    append([]string{suite, version, architecture}, pythonPackages...),
			fill: func(ctx context.Context, root string) error {
				if err := debootstrap(ctx, mirror, downloads, root, pythonPackages); err != nil {
					return err
				}
				return asRealPython(root)
			},
			config: v1.Config{
				Cmd: []string{"python3"},
				Env: []string{searchPath, "LANG=C.UTF-8",
					// There is no PyPI: pip takes what is installed, the build backend too. (For pip, setting
					// "no build isolation" to 0 is what turns the isolation off.)
					"PIP_NO_INDEX=1", "PIP_NO_BUILD_ISOLATION=0"},
			},
		},
		{
			names: []string{"library/debian:bookworm-slim"},
			of:    []string{suite, version, architecture},
			fill: func(ctx context.Context, root string) error {
				return debootstrap(ctx, mirror, downloads, root, nil)
			},
			config: v1.Config{Cmd: []string{"bash"}, Env: []string{searchPath}},
		},
	}...), nil
}

// aptMirror is the address that this machine's apt gets the suite from, and its point release.
func aptMirror(ctx context.Context) (address, version string, err error) {
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format",
		"$(IDENTIFIER) $(RELEASE) $(COMPONENT) $(REPO_URI) $(VERSION)").Output()
	if err != nil {
		return "", "", fmt.Errorf("ask apt for its package mirror: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		field := strings.Fields(line)
		if len(field) == 5 && field[0] == "Packages" && field[1] == suite && field[2] == "main" {
			return field[3], field[4], nil
		}
	}
	return "", "", fmt.Errorf("this machine's apt has no package lists of Debian %s: run `testbed setup`", suite)
}

// aptProxy is the proxy that this machine's apt goes through, or none.
func aptProxy(ctx context.Context) string {
	out, _ := exec.CommandContext(ctx, "apt-config", "dump", "--format", "%v%n", "Acquire::http::Proxy").Output()
	return strings.TrimSpace(string(out))
}

// debootstrap installs a minimal Debian and the packages into root, and takes away what an image does not need.
// Its mounts are in a mount namespace of its own: none is left, however it ends.
func debootstrap(ctx context.Context, mirror, downloads, root string, packages []string) error {
	arguments := []string{"--variant=minbase", "--cache-dir=" + downloads}
	if len(packages) > 0 {
		arguments = append(arguments, "--include="+strings.Join(packages, ","))
	}
	command := exec.CommandContext(ctx, "debootstrap", append(arguments, suite, root, mirror)...)
	command.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if proxy := aptProxy(ctx); proxy != "" {
		command.Env = append(command.Env, "http_proxy="+proxy)
	}
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("run debootstrap: %w\n%s", err, lastLines(output.String(), 15))
	}
	// What is of this machine, what only people read, and what apt can get again.
	for _, pattern := range []string{"debootstrap", "dev/*", "run/*", "tmp/*", "etc/hostname", "etc/resolv.conf",
		"etc/machine-id", "etc/apt/sources.list", "var/cache/*/*", "var/lib/apt/lists/*", "var/log/*",
		"var/lib/dpkg/*-old", "usr/share/man/*", "usr/share/info/*", "usr/share/locale/*", "usr/share/lintian",
		"usr/share/doc/*/*"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return err
		}
		for _, path := range paths {
			if filepath.Base(path) == "copyright" {
				continue
			}
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// asRealPython puts things where the real python image has them: python and pip in /usr/local/bin, free to install
// packages beside Python's own.
func asRealPython(root string) error {
	for name, target := range map[string]string{"python": "python3", "python3": "python3", "pip": "pip3",
		"pip3": "pip3"} {
		if err := os.Symlink("/usr/bin/"+target, filepath.Join(root, "usr/local/bin", name)); err != nil {
			return err
		}
	}
	return os.Remove(filepath.Join(root, "usr/lib/python3.11/EXTERNALLY-MANAGED"))
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
