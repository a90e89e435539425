package test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"dagger.io/dagger"
)

func platform() string { return "linux/" + runtime.GOARCH }

// status describes a path: type, permissions and size.
func status(d *dagger.Directory, path string, o ...dagger.DirectoryStatOpts) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) {
		stat := d.Stat(path, o...)
		kind, err := stat.FileType(ctx)
		if err != nil {
			return nil, err
		}
		mode, err := stat.Permissions(ctx)
		if err != nil {
			return nil, err
		}
		size, err := stat.Size(ctx)
		if err != nil {
			return nil, err
		}
		if kind == dagger.FileTypeDirectory {
			size = 4096 // as the file system has it
		}
		return fmt.Sprintf("%s %o %d", kind, mode, size), nil
	}
}

func TestFiles(t *testing.T) {
	dir := client.Directory().WithNewFile("a", "A").WithNewFile("sub/b", "B").WithNewFile("sub/deep/c.txt", "C")
	c := shell(t)
	exists := func(d *dagger.Directory, path string, o ...dagger.DirectoryExistsOpts) func(context.Context) (
		any, error) {
		return func(ctx context.Context) (any, error) { return d.Exists(ctx, path, o...) }
	}
	links := c.WithExec(sh("mkdir -p /x/below; printf x > /x/below/run; chmod 755 /x/below/run; " +
		"ln -s below/run /x/link")).Directory("/x")
	ask(t, []question{
		{"entries", entries(dir), []string{"a", "sub/"}, ""},
		{"entries below", entries(dir, dagger.DirectoryEntriesOpts{Path: "sub"}), []string{"b", "deep/"}, ""},
		{"entries of a folder", entries(dir.Directory("sub")), []string{"b", "deep/"}, ""},
		{"entries of nothing", entries(client.Directory()), []string{}, ""},
		{"entries of a missing folder", entries(dir.Directory("none")), nil, "no such file or directory"},
		{"glob", func(ctx context.Context) (any, error) { return dir.Glob(ctx, "**/*.txt") },
			[]string{"sub/deep/c.txt"}, ""},
		{"glob top", func(ctx context.Context) (any, error) { return dir.Glob(ctx, "*") }, []string{"a", "sub/"}, ""},
		{"contents", contents(dir.File("sub/b")), "B", ""},
		{"contents of a missing file", contents(dir.File("none")), nil, "no such file or directory"},
		{"contents below a file", contents(dir.File("a/none")), nil, "not a directory"},
		{"contents that are big", func(ctx context.Context) (any, error) {
			out, err := c.WithExec(sh("head -c 20000000 /dev/zero > /big")).File("/big").Contents(ctx)
			return len(out), err
		}, 20000000, ""},
		{"size", number(dir.File("sub/b").Size), 1, ""},
		{"name", text(dir.File("sub/b").Name), "b", ""},
		{"stat", status(links, "below/run"), "REGULAR 755 1", ""},
		{"stat of a link", status(links, "link"), "REGULAR 755 1", ""},
		{"stat of a link itself", status(links, "link", dagger.DirectoryStatOpts{DoNotFollowSymlinks: true}),
			"SYMLINK 777 9", ""},
		{"stat of a folder", status(links, "below"), "DIRECTORY 755 4096", ""},
		{"stat of nothing", status(links, "none"), nil, "no such file or directory"},
		{"exists", exists(dir, "sub/b"), true, ""},
		{"does not exist", exists(dir, "sub/none"), false, ""},
		{"exists as a folder",
			exists(dir, "sub", dagger.DirectoryExistsOpts{ExpectedType: dagger.ExistsTypeDirectoryType}), true, ""},
		{"exists, but no folder",
			exists(dir, "a", dagger.DirectoryExistsOpts{ExpectedType: dagger.ExistsTypeDirectoryType}), false, ""},
		{"filter include", entries(dir.Filter(dagger.DirectoryFilterOpts{Include: []string{"a"}})), []string{"a"}, ""},
		{"filter exclude", entries(dir.Filter(dagger.DirectoryFilterOpts{Exclude: []string{"sub"}})),
			[]string{"a"}, ""},
		{"filter with exceptions", entries(dir.Filter(dagger.DirectoryFilterOpts{Exclude: []string{"sub/*",
			"!sub/b"}}).Directory("sub")), []string{"b"}, ""},
		{"withDirectory", entries(client.Directory().WithDirectory("x/y", dir.Directory("sub")).Directory("x/y")),
			[]string{"b", "deep/"}, ""},
		{"withDirectory at the root", entries(client.Directory().WithDirectory("/", dir)), []string{"a", "sub/"}, ""},
		{"withDirectory merges", entries(client.Directory().WithNewFile("z", "").WithDirectory("/", dir)),
			[]string{"a", "sub/", "z"}, ""},
		{"withDirectory include", entries(client.Directory().WithDirectory("/", dir,
			dagger.DirectoryWithDirectoryOpts{Include: []string{"sub/b"}})), []string{"sub/"}, ""},
		{"withDirectory of nothing", entries(client.Directory().WithDirectory("e", client.Directory())),
			[]string{"e/"}, ""},
		{"withFile", contents(client.Directory().WithFile("x/copy", dir.File("a")).File("x/copy")), "A", ""},
		{"withNewFile replaces", contents(dir.WithNewFile("a", "new").File("a")), "new", ""},
		{"withoutFile", entries(dir.WithoutFile("a")), []string{"sub/"}, ""},
		{"withoutFile that is not there", entries(dir.WithoutFile("none")), []string{"a", "sub/"}, ""},
		{"withoutDirectory", entries(dir.WithoutDirectory("sub")), []string{"a"}, ""},
		{"digest is of the contents", func(ctx context.Context) (any, error) {
			one, err := dir.Digest(ctx)
			if err != nil {
				return nil, err
			}
			two, err := client.Directory().WithNewFile("sub/deep/c.txt", "C").WithNewFile("sub/b", "B").WithNewFile("a",
				"A").Digest(ctx)
			if err != nil {
				return nil, err
			}
			three, err := dir.WithNewFile("a", "a").Digest(ctx)
			return []bool{one == two, two == three}, err
		}, []bool{true, false}, ""},
		{"permissions", text(c.WithNewFile("/x", "", dagger.ContainerWithNewFileOpts{Permissions: 0o600}).WithExec(
			sh("stat -c %a /x")).Stdout), "600\n", ""},
		{"permissions by default", text(c.WithNewFile("/x", "").WithExec(sh("stat -c %a:%u /x")).Stdout), "644:0\n",
			""},
		{"permissions of a copy", text(c.WithFile("/x", dir.File("a"),
			dagger.ContainerWithFileOpts{Permissions: 0o755}).WithExec(sh("stat -c %a /x")).Stdout), "755\n", ""},
		{"owner by name", text(c.WithFile("/x", dir.File("a"),
			dagger.ContainerWithFileOpts{Owner: "app"}).WithExec(sh("stat -c %u:%g /x")).Stdout), "1000:1000\n", ""},
		{"owner of a folder", text(c.WithDirectory("/x", dir,
			dagger.ContainerWithDirectoryOpts{Owner: "app:app"}).WithExec(sh("stat -c %u /x/sub/b")).Stdout), "1000\n",
			""},
		{"container withDirectory", text(c.WithDirectory("/x", dir).WithExec(sh("cat /x/sub/deep/c.txt")).Stdout), "C",
			""},
		{"container withDirectory exclude", entries(c.WithDirectory("/x", dir,
			dagger.ContainerWithDirectoryOpts{Exclude: []string{"sub"}}).Directory("/x")), []string{"a"}, ""},
		{"container withNewFile expands", contents(c.WithNewFile("/$BASE", "x",
			dagger.ContainerWithNewFileOpts{Expand: true}).File("/yes")), "x", ""},
		{"container without file",
			text(c.WithNewFile("/x", "").WithoutFile("/x").WithExec(sh("ls /x || echo gone")).Stdout), "gone\n", ""},
		{"rootfs", contents(c.Rootfs().File("etc/group")), "root:x:0:\napp:x:1000:\n", ""},
		{"withRootfs", text(client.Container().WithRootfs(c.Rootfs().WithNewFile("new",
			"n")).WithExec([]string{"/bin/cat", "/new"}).Stdout), "n", ""},
		{"sync of a missing file", func(ctx context.Context) (any, error) { return dir.File("none").Sync(ctx) }, nil,
			"no such file or directory"},
		{"sync of a file as a folder", func(ctx context.Context) (any, error) { return dir.Directory("a").Sync(ctx) },
			nil, "is a file, not a directory"},
	})
}

func TestHost(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a": "A", "sub/b": "B", "sub/c.txt": "C",
		".git/HEAD": "ref: refs/heads/main\n", ".gitignore": "sub\n"} {
		os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	host := func(o ...dagger.HostDirectoryOpts) *dagger.Directory { return client.Host().Directory(dir, o...) }
	ask(t, []question{
		{"all files, .gitignore or not", list(func(ctx context.Context) ([]string, error) {
			return host().Entries(ctx)
		}), []string{".git/", ".gitignore", "a", "sub/"}, ""},
		{"include", list(func(ctx context.Context) ([]string, error) {
			return host(dagger.HostDirectoryOpts{Include: []string{"**/*.txt"}}).Glob(ctx, "**")
		}), []string{"sub/", "sub/c.txt"}, ""},
		{"exclude", list(func(ctx context.Context) ([]string, error) {
			return host(dagger.HostDirectoryOpts{Exclude: []string{"sub", ".git*"}}).Entries(ctx)
		}), []string{"a"}, ""},
		{"include and exclude", list(func(ctx context.Context) ([]string, error) {
			return host(dagger.HostDirectoryOpts{Include: []string{"sub"}, Exclude: []string{"sub/b"}}).Glob(ctx, "**")
		}), []string{"sub/", "sub/c.txt"}, ""},
		{"a pattern that reaches outside counts for nothing", list(func(ctx context.Context) ([]string, error) {
			return host(dagger.HostDirectoryOpts{Exclude: []string{"../a", ".git*", "sub"}}).Entries(ctx)
		}), []string{"a"}, ""},
		{"contents", contents(host().File(".git/HEAD")), "ref: refs/heads/main\n", ""},
		{"contents of a folder", contents(host().File("sub")), nil, "is a directory"},
		{"entries of a file", list(func(ctx context.Context) ([]string, error) {
			return host().Entries(ctx, dagger.DirectoryEntriesOpts{Path: "a"})
		}), nil, "not a directory"},
		{"a missing file", contents(host().File("a/none")), nil, "not a directory"},
		{"file", contents(client.Host().File(filepath.Join(dir, "sub/b"))), "B", ""},
		{"owned by root, modes kept", text(shell(t).WithDirectory("/x",
			host()).WithExec(sh("stat -c %u:%a /x/a")).Stdout), "0:640\n", ""},
		{"a missing folder", entries(client.Host().Directory(filepath.Join(dir, "none"))), nil, "none"},
		{"export", func(ctx context.Context) (any, error) {
			to := filepath.Join(t.TempDir(), "out")
			if _, err := host().Directory("sub").Export(ctx, to); err != nil {
				return nil, err
			}
			data, err := os.ReadFile(filepath.Join(to, "c.txt"))
			return string(data), err
		}, "C", ""},
		{"export keeps what is there", func(ctx context.Context) (any, error) {
			to := t.TempDir()
			os.WriteFile(filepath.Join(to, "old"), []byte("old"), 0o644)
			if _, err := client.Directory().WithNewFile("new", "n").Export(ctx, to); err != nil {
				return nil, err
			}
			data, err := os.ReadFile(filepath.Join(to, "old"))
			return string(data), err
		}, "old", ""},
		{"export a file", func(ctx context.Context) (any, error) {
			to := filepath.Join(t.TempDir(), "deep", "file")
			if path, err := host().File("a").Export(ctx, to); err != nil || path != to {
				return path, err
			}
			data, err := os.ReadFile(to)
			return string(data), err
		}, "A", ""},
	})

	t.Run("read once in a session", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(dir, "a"), []byte("changed"), 0o640); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "sub", "b"), []byte("changed"), 0o640); err != nil {
			t.Fatal(err)
		}
		// not read before, so what it was is not known; what it is would not belong to the rest
		if text, err := host().File("sub/b").Contents(background); err == nil ||
			!strings.Contains(err.Error(), "changed") {
			t.Errorf("got %q, %v", text, err)
		}
		same, err := host().File("a").Contents(background)
		if err != nil || same != "A" {
			t.Errorf("got %q, %v", same, err)
		}
		fresh, err := host(dagger.HostDirectoryOpts{NoCache: true}).File("a").Contents(background)
		if err != nil || fresh != "changed" {
			t.Errorf("with noCache: got %q, %v", fresh, err)
		}
	})
}

func TestHostLinks(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sub", "file"), []byte("text"), 0o640); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"link": "sub/file", "absolute": "/sub",
		"outside": "../../../../../etc/passwd"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	host := func(o ...dagger.HostDirectoryOpts) *dagger.Directory { return client.Host().Directory(dir, o...) }
	ask(t, []question{
		{"contents", contents(host().File("link")), "text", ""},
		{"a folder", contents(host().File("absolute/file")), "text", ""},
		{"to what is left out", contents(host(dagger.HostDirectoryOpts{Exclude: []string{"sub"}}).File("link")), nil,
			"no such file or directory"},
		{"outside", contents(host().File("outside")), nil, "no such file or directory"},
	})
}

func entries(d *dagger.Directory, o ...dagger.DirectoryEntriesOpts) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) { return d.Entries(ctx, o...) }
}
