package gitremote

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"dagger/ship/internal/limit"
)

// TestUnpack reads packs that git makes of many versions of a long file, with each kind of delta,
// and compares all objects with git's.
func TestUnpack(t *testing.T) {
	dir := t.TempDir()
	git := func(stdin string, args ...string) string {
		t.Helper()
		cmd := exec.Command(
			"git",
			append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@localhost"}, args...)...)
		cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %s: %v", args[0], err)
		}
		return string(out)
	}
	git("", "init", "--quiet")
	lines := make([]string, 20_000) // more than 64 KB, so that a copy's length needs another byte
	for i := range lines {
		lines[i] = fmt.Sprintf("line %d", i*i)
	}
	for version := range 12 {
		lines[version*1000] = fmt.Sprintf("changed in %d", version)
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
		git("", "add", "file")
		git("", "commit", "--quiet", "--message", fmt.Sprint("version ", version))
	}
	git("", "tag", "--annotate", "--message=a tag", "v1")
	for name, args := range map[string][]string{
		"offsets": {"--delta-base-offset"}, "hashes": nil, "whole objects": {"--depth=0"},
	} {
		t.Run(name, func(t *testing.T) {
			pack := []byte(git("", append([]string{"pack-objects", "--all", "--stdout", "--quiet", "--no-reuse-delta"},
				args...)...))
			unpack := func(pack []byte) (*objects, error) {
				all := func(plumbing.ObjectType) bool { return true }
				return (&unpacking{budget: limit.New(t.Context(), ""), keep: all}).read(bytes.NewReader(pack))
			}
			o, err := unpack(pack)
			if err != nil {
				t.Fatal(err)
			}
			all := strings.Fields(git("", "cat-file", "--batch-all-objects", "--batch-check=%(objectname)"))
			if len(o.found) != len(all) || len(all) < 37 {
				t.Errorf("%d objects, want git's %d", len(o.found), len(all))
			}
			for _, hash := range all {
				object := o.found[plumbing.NewHash(hash)]
				kind := strings.TrimSpace(git("", "cat-file", "-t", hash))
				if object.kind.String() != kind || string(object.content) != git("", "cat-file", kind, hash) {
					t.Errorf("%s is not git's %s", hash, kind)
				}
			}
			for _, bad := range [][]byte{nil, pack[:8], pack[:len(pack)/2], append([]byte("KCAP"), pack[4:]...),
				append(pack[:len(pack):len(pack)], 0)} {
				if _, err := unpack(bad); err == nil {
					t.Errorf("a pack of %d bytes that is no whole one was read", len(bad))
				}
			}
		})
	}
}

// FuzzPatch holds that a delta can only cause an error, not a panic.
func FuzzPatch(f *testing.F) {
	f.Add([]byte("base"), []byte{4, 6, 0x90, 4, 2, 'e', 'd'})
	f.Fuzz(func(t *testing.T, base, delta []byte) { _, _ = patch(base, delta, limit.New(t.Context(), "")) })
}

// TestPatchRefuses has deltas that ask for what does not exist.
func TestPatchRefuses(t *testing.T) {
	for name, delta := range map[string][]byte{
		"nothing":                nil,
		"another base":           {5, 1, 0x90, 1},
		"a copy beyond the base": {4, 6, 0x91, 3, 6},
		"a copy that is cut":     {4, 2, 0x91},
		"an insert that is cut":  {4, 3, 3, 'a'}, "instruction zero": {4, 0, 0}, "another size": {4, 3, 0x90, 2},
	} {
		if made, err := patch([]byte("base"), delta, limit.New(t.Context(), "")); err == nil {
			t.Errorf("%s makes %q", name, made)
		}
	}
	if made, err := patch([]byte("base"), []byte{4, 4, 0x91, 2, 2, 2, 'e', 'd'},
		limit.New(t.Context(), "")); err != nil ||
		string(made) != "seed" {
		t.Errorf("%q, %v", made, err)
	}
}
