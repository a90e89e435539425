package test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"dagger.io/dagger"
)

// applets are the commands that tests use.
var applets = []string{"sh", "cat", "echo", "ls", "id", "env", "pwd", "wget", "mkdir", "touch", "date", "sleep", "head",
	"tail", "wc", "printf", "stat", "chmod", "grep", "rm", "true", "false", "seq"}

// base is a small image with a shell, in a registry that anyone may read.
var base = sync.OnceValues(func() (string, error) { return makeBase() })

// registry of base; it lives as long as the tests.
var baseRegistry string

func makeBase() (string, error) {
	dir, err := os.MkdirTemp("", "base-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	busybox, err := os.ReadFile("/bin/busybox") // Debian's package busybox-static
	if err != nil {
		return "", err
	}
	for _, sub := range []string{"admin", "bin", "etc", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			return "", err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "bin/busybox"), busybox, 0o755); err != nil {
		return "", err
	}
	for _, name := range applets {
		if err := os.Symlink("busybox", filepath.Join(dir, "bin", name)); err != nil {
			return "", err
		}
	}
	for name, text := range map[string]string{
		"passwd": "root:x:0:0::/admin:/bin/sh\napp:x:1000:1000::/tmp:/bin/sh\n",
		"group":  "root:x:0:\napp:x:1000:\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, "etc", name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	ctx := background
	return client.Container().
		WithRootfs(client.Host().Directory(dir)).
		WithEnvVariable("BASE", "yes").
		WithEntrypoint([]string{"/bin/echo", "entry"}).
		WithDefaultArgs([]string{"default"}).
		WithLabel("made.by", "test").
		Publish(ctx, baseRegistry+"/base:1")
}

// shell is a container of the base image.
func shell(t testing.TB) *dagger.Container {
	t.Helper()
	ref, err := base()
	if err != nil {
		t.Fatal("make the base image:", err)
	}
	return client.Container().From(ref)
}
