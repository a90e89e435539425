package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// tree makes a small root with what layers must get right; old is the time of its Debian release.
func tree(t *testing.T, old time.Time) string {
	t.Helper()
	root := t.TempDir()
	path := func(name string) string { return filepath.Join(root, name) }
	for _, err := range []error{
		os.MkdirAll(path("etc"), 0o755),
		os.WriteFile(path("etc/debian_version"), []byte("12\n"), 0o644),
		os.Chtimes(path("etc/debian_version"), old, old),
		os.WriteFile(path("etc/older"), nil, 0o640),
		os.Chtimes(path("etc/older"), old.Add(-time.Hour), old.Add(-time.Hour)),
		os.WriteFile(path("program"), []byte("#!"), 0o644),
		os.Chmod(path("program"), 0o755|os.ModeSetuid),
		os.Link(path("program"), path("same")),
		os.Symlink("program", path("short")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func packed(t *testing.T, root string) []byte {
	t.Helper()
	target := filepath.Join(t.TempDir(), "layer.tar.gz")
	if err := pack(root, target); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPackIsReproducibleAndWhole(t *testing.T) {
	old := time.Unix(1700000000, 0)
	first := packed(t, tree(t, old))
	if !bytes.Equal(first, packed(t, tree(t, old))) {
		t.Error("the same tree made at another time gives another layer")
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	type entry struct {
		kind byte
		link string
		mode int64
		time int64
	}
	want := map[string]entry{
		"etc/":               {tar.TypeDir, "", 0o755, old.Unix()},
		"etc/debian_version": {tar.TypeReg, "", 0o644, old.Unix()},
		"etc/older":          {tar.TypeReg, "", 0o640, old.Unix() - 3600},
		"program":            {tar.TypeReg, "", 0o4755, old.Unix()},
		"same":               {tar.TypeLink, "program", 0o4755, old.Unix()},
		"short":              {tar.TypeSymlink, "program", 0o777, old.Unix()},
	}
	for reader := tar.NewReader(unpacked); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		got := entry{header.Typeflag, header.Linkname, header.Mode, header.ModTime.Unix()}
		if got != want[header.Name] {
			t.Errorf("%s: got %+v, want %+v", header.Name, got, want[header.Name])
		}
		delete(want, header.Name)
	}
	if len(want) > 0 {
		t.Errorf("not in the layer: %v", want)
	}
}

func TestPruneKeepsWhatIsUsed(t *testing.T) {
	cache := t.TempDir()
	long := time.Now().Add(-2 * unused)
	for _, name := range []string{"used", "unused", "again", "work-1"} {
		if err := os.Mkdir(filepath.Join(cache, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"unused", "again"} {
		if err := os.Chtimes(filepath.Join(cache, name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	if !have(filepath.Join(cache, "again")) || have(filepath.Join(cache, "never")) {
		t.Error("have is wrong about what is there")
	}
	if err := prune(cache); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"used": true, "again": true, "unused": false, "work-1": false} {
		if _, err := os.Stat(filepath.Join(cache, name)); (err == nil) != want {
			t.Errorf("%s: there is %v, want %v", name, err == nil, want)
		}
	}
}
