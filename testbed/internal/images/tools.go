package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// ToolsImage is the image that Ship runs Helm and kubectl in unless told otherwise. Helm3Image is one of the days of
// Helm 3, which is also the Helm in it; its kubectl is the same. SOPSImage is the one that decrypts files, of ghcr.io.
const (
	ToolsImage = "alpine/k8s:1.37.1"
	Helm3Image = "alpine/k8s:1.33.4"
	SOPSImage  = "getsops/sops:v3.13.3-alpine"
)

// errMissing is wrapped by recipes whose ingredients are not there.
var errMissing = errors.New("not built")

// toolsImage returns a recipe for sh, helm and kubectl where the real alpine/k8s has them.
func toolsImage(name, helm string) func(Options) (image, error) {
	return func(options Options) (image, error) {
		return staticImage([]string{name}, "/apps", map[string]string{
			"usr/bin/helm":    filepath.Join(options.Programs, helm),
			"usr/bin/kubectl": filepath.Join(options.Programs, "kubectl"),
		})
	}
}

// sopsImage has sh and sops where the real one has them.
func sopsImage(options Options) (image, error) {
	one, err := staticImage([]string{SOPSImage}, "/", map[string]string{"usr/local/bin/sops": options.SOPS})
	one.registry = "ghcr.io"
	return one, err
}

// busyboxImage is Debian's busybox: a base for tests that need only a shell.
func busyboxImage(Options) (image, error) {
	return staticImage([]string{"library/busybox:1.35", "library/busybox:latest"}, "/", nil)
}

// staticImage has busybox with all its commands, and the programs (path in the image to file here).
func staticImage(names []string, folder string, programs map[string]string) (image, error) {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return image{}, fmt.Errorf("find busybox: %w (run `testbed setup`)", err)
	}
	files := map[string]string{"bin/busybox": busybox}
	for path, file := range programs {
		files[path] = file
	}
	of := []string{folder}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		sum, err := hash(files[path])
		if errors.Is(err, os.ErrNotExist) {
			return image{}, fmt.Errorf("%s: no program %q (see --programs, --sops): %w", names[0], files[path],
				errMissing)
		} else if err != nil {
			return image{}, err
		}
		of = append(of, path, sum)
	}
	return image{
		names: names,
		of:    of,
		fill:  func(ctx context.Context, root string) error { return fillStatic(ctx, root, busybox, folder, files) },
		config: v1.Config{
			Cmd: []string{"sh"}, WorkingDir: folder,
			Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		},
	}, nil
}

func fillStatic(ctx context.Context, root, busybox, folder string, files map[string]string) error {
	for _, name := range []string{"bin", "etc", "root", "usr/bin", "usr/local/bin", "var/tmp", "tmp", folder} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			return err
		}
	}
	for _, name := range []string{"tmp", "var/tmp"} {
		if err := os.Chmod(filepath.Join(root, name), 0o1777); err != nil {
			return err
		}
	}
	for path, file := range files {
		if err := copyFile(file, filepath.Join(root, path)); err != nil {
			return err
		}
	}
	applets, err := exec.CommandContext(ctx, busybox, "--list").Output()
	if err != nil {
		return fmt.Errorf("ask busybox for its commands: %w", err)
	}
	for _, name := range strings.Fields(string(applets)) {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", name)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	for name, text := range map[string]string{
		"etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
		"etc/group":  "root:x:0:\nnogroup:x:65534:\n",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func hash(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	return hex.EncodeToString(sum.Sum(nil)), err
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}
