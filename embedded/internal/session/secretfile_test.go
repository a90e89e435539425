package session

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A secret's file may be anything that the user named by mistake, or that a repo's .env names on purpose.
func TestReadSecret(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, size int) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, file string
		size       int
		want       string
	}{
		{"a file", file("small", 10), 10, ""},
		{"an empty one", file("empty", 0), 0, ""},
		{"the largest", file("largest", maxSecret), maxSecret, ""},
		{"too large", file("large", maxSecret+1), 0, "more than 1024 KiB"},
		{"a device without end", "/dev/zero", 0, "more than 1024 KiB"},
		{"a pipe that nobody writes", pipe, 0, "within 300ms"},
		{"none", filepath.Join(dir, "none"), 0, "no such file"},
		{"a folder", dir, 0, "is a directory"},
	} {
		start := time.Now()
		value, err := readSecret(c.file, 300*time.Millisecond)
		if c.want == "" && (err != nil || len(value) != c.size) {
			t.Errorf("%s: %d bytes, %v; want %d", c.name, len(value), err, c.size)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: it took %s", c.name, took)
		}
	}
}
