package main_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/ship/testbed/internal/images"
)

// unpacked pulls an image of the mirror and unpacks it.
func unpacked(t *testing.T, name string) (root string, config v1.Config) {
	t.Helper()
	image, err := remote.Image(reference(t, bed.Mirror.Address, name))
	check(t, err)
	file, err := image.ConfigFile()
	check(t, err)
	root = t.TempDir()
	tree := mutate.Extract(image)
	defer tree.Close()
	tar := exec.Command("tar", "-x", "-C", root)
	tar.Stdin = tree
	out, err := tar.CombinedOutput()
	if err != nil {
		t.Fatalf("unpack %s: %v\n%s", name, err, out)
	}
	io.Copy(io.Discard, tree)
	return root, file.Config
}

// inside runs a command in an unpacked image as a container would, without any network.
func inside(t *testing.T, root string, config v1.Config, folder string, arguments ...string) string {
	t.Helper()
	command := exec.Command("/bin/sh", append([]string{"-c", `exec "$@"`, "sh"}, arguments...)...)
	command.Env, command.Dir = config.Env, folder
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Cloneflags: syscall.CLONE_NEWNET}
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// The Dockerfile of a poetry project works on the stand-in as on the real image: what it runs is run here.
func TestPythonInstallsAPoetryProject(t *testing.T) {
	root, config := unpacked(t, "library/python:3.11-slim")
	check(t, os.CopyFS(filepath.Join(root, "app"), os.DirFS("../examples/poetry-service")))
	inside(t, root, config, "/app", "pip", "install", "--no-cache-dir", "--no-compile", "--no-deps",
		"--root-user-action=ignore", ".")
	got := inside(t, root, config, "/", "python", "-c", "from greeter.about import about; print(about())")
	if got != "{'name': 'greeter', 'version': '0.1.0'}" {
		t.Errorf("got %s", got)
	}
	if got := inside(t, root, config, "/", "python", "--version"); !strings.HasPrefix(got, "Python 3.11.") {
		t.Errorf("got %s", got)
	}
}

func TestDebianHasAShellAndNothingOfThisMachine(t *testing.T) {
	root, config := unpacked(t, "library/debian:bookworm-slim")
	if got := inside(t, root, config, "/", "cat", "/etc/debian_version"); !strings.HasPrefix(got, "12") {
		t.Errorf("Debian %s", got)
	}
	for _, path := range []string{"etc/hostname", "etc/resolv.conf", "etc/apt/sources.list", "etc/machine-id",
		"debootstrap"} {
		if _, err := os.Lstat(filepath.Join(root, path)); err == nil {
			t.Errorf("/%s is in the image", path)
		}
	}
}

func TestToolsRun(t *testing.T) {
	for name, version := range map[string]string{images.ToolsImage: "v4.", images.Helm3Image: "v3.22.0"} {
		if !slices.Contains(bed.Mirror.Images, name) {
			t.Skip("helm and kubectl were not built: CLUSTER_PROGRAMS names no folder with them")
		}
		root, config := unpacked(t, name)
		if got := inside(t, root, config, "/", "helm", "version", "--template={{.Version}}"); !strings.HasPrefix(got,
			version) {
			t.Errorf("%s: helm %s", name, got)
		}
		if got := inside(t, root, config, "/", "kubectl", "version", "--client"); !strings.Contains(got,
			"Client Version: v1.") {
			t.Errorf("%s: kubectl %s", name, got)
		}
		if got := inside(t, root, config, "/apps", "sh", "-c", "echo $(pwd) | sed s,/,,"); got != "apps" {
			t.Errorf("%s: sh: %s", name, got)
		}
	}
}

func TestSOPSRuns(t *testing.T) {
	if !slices.Contains(bed.Mirror.Images, images.SOPSImage) {
		t.Skip("sops was not built: SOPS_PROGRAM does not name it")
	}
	root, config := unpacked(t, images.SOPSImage)
	got := inside(t, root, config, "/", "timeout", "-k", "5", "30", "sops", "--version", "--disable-version-check")
	version := strings.TrimSuffix(strings.TrimPrefix(images.SOPSImage, "getsops/sops:v"), "-alpine")
	if want := "sops " + version; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
