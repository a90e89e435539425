package test

import (
	"os"
	"path/filepath"
	"testing"

	"dagger.io/dagger"
)

func TestEdges(t *testing.T) {
	c := shell(t)
	dir := client.Directory().WithNewFile("a", "A").WithNewFile("sub/b", "B").WithNewFile("sub/b2", "B2")
	links := c.WithExec(sh("mkdir /l; cd /l; mkdir real; echo x > real/file; ln -s real dir; ln -s real/file file; " +
		"ln -s /none broken; ln -s /l/real abs")).Directory("/l")
	exists := func(d *dagger.Directory, path string, o ...dagger.DirectoryExistsOpts) func(ctx) (any, error) {
		return func(ctx ctx) (any, error) { return d.Exists(ctx, path, o...) }
	}
	modes := func(c *dagger.Container, path string) func(ctx) (any, error) {
		return text(c.WithExec(sh("stat -c %A:%u:%g " + path)).Stdout)
	}
	ask(t, []question{
		{"withFile into a folder", text(client.Directory().WithNewDirectory("d").WithFile("d/",
			dir.File("a")).File("d/a").Name), "a", ""},
		{"withFile into a folder has the contents", contents(client.Directory().WithNewDirectory("d").WithFile("d/",
			dir.File("a")).File("d/a")), "A", ""},
		{"withFile onto a folder", contents(client.Directory().WithNewDirectory("d").WithFile("d",
			dir.File("a")).File("d/a")), "A", ""},
		{"container withFile into a folder", contents(c.WithFile("/tmp/", dir.File("a")).File("/tmp/a")), "A", ""},
		{"modes of new folders", modes(c.WithNewFile("/n/e/w", ""), "/n /n/e"), "drwxr-xr-x:0:0\ndrwxr-xr-x:0:0\n", ""},
		{"modes of a new directory", modes(c.WithDirectory("/x", client.Directory().WithNewDirectory("d")), "/x /x/d"),
			"drwxr-xr-x:0:0\ndrw-r--r--:0:0\n", ""},
		{"modes of a copied folder", modes(c.WithDirectory("/x", dir), "/x /x/sub /x/a"),
			"drwxr-xr-x:0:0\ndrwxr-xr-x:0:0\n-rw-r--r--:0:0\n", ""},
		{"modes of a mounted folder", modes(c.WithMountedDirectory("/x", dir), "/x /x/sub /x/a"),
			"drwxr-xr-x:0:0\ndrwxr-xr-x:0:0\n-rw-r--r--:0:0\n", ""},
		{"modes of a mounted file", modes(c.WithMountedFile("/x", dir.File("a")), "/x"), "-rw-r--r--:0:0\n", ""},
		{"modes with an owner", modes(c.WithNewFile("/n/e/w", "", dagger.ContainerWithNewFileOpts{Owner: "app"}),
			"/n /n/e/w"), "drwxr-xr-x:0:0\n-rw-r--r--:1000:1000\n", ""},
		{"owner of a mounted file", modes(c.WithMountedFile("/x", dir.File("a"),
			dagger.ContainerWithMountedFileOpts{Owner: "1000:1000"}), "/x"), "-rw-r--r--:1000:1000\n", ""},
		{"redirected mode", modes(c.WithExec(sh("echo a"), dagger.ContainerWithExecOpts{RedirectStdout: "/tmp/o"}),
			"/tmp/o"), "-rw-------:0:0\n", ""},
		{"workdir mode", modes(c.WithWorkdir("/w").WithExec(sh("true")), "/w"), "drwxr-xr-x:0:0\n", ""},
		{"user workdir mode", modes(c.WithUser("app").WithWorkdir("/w").WithExec(sh("true")).WithUser("root"), "/w"),
			"drwxr-xr-x:1000:1000\n", ""},
		{"entries of a file", entries(dir, dagger.DirectoryEntriesOpts{Path: "a"}), nil, "not a directory"},
		{"entries of links", entries(links), "[abs broken dir file real/]", ""},
		{"entries through a link", entries(links.Directory("dir")), "[file]", ""},
		{"contents through a link", contents(links.File("file")), "x\n", ""},
		{"contents through an absolute link", contents(c.WithExec(sh("echo a > /a; ln -s /a /b")).File("/b")), "a\n",
			""},
		{"contents through a broken link", contents(links.File("broken")), nil, "no such file"},
		{"exists link", exists(links, "file"), "true", ""},
		{"exists broken", exists(links, "broken"), "false", ""},
		{"exists broken no follow", exists(links, "broken", dagger.DirectoryExistsOpts{DoNotFollowSymlinks: true}),
			"true", ""},
		{"exists link to dir as dir",
			exists(links, "dir", dagger.DirectoryExistsOpts{ExpectedType: dagger.ExistsTypeDirectoryType}), "true", ""},
		{"exists symlink", exists(links, "dir", dagger.DirectoryExistsOpts{ExpectedType: dagger.ExistsTypeSymlinkType}),
			"true", ""},
		{"exists below link", exists(links, "dir/file"), "true", ""},
		{"exists below a file", exists(dir, "a/b"), nil, "not a directory"},
		{"exists root", exists(dir, "/"), "true", ""},
		{"exists empty", exists(client.Directory(), "/"), "true", ""},
		{"without wildcard", entries(dir.WithoutFile("sub/b*").Directory("sub")), "[]", ""},
		{"name of the root", text(dir.Name), "/", ""},
		{"name of a folder", text(dir.Directory("sub").Name), "sub/", ""},
		{"withName", text(dir.File("a").WithName("z").Name), "z", ""},
		{"file()", contents(client.File("f", "text")), "text", ""},
		{"file() named", text(client.File("f", "text").Name), "f", ""},
		{"file() with a path", text(client.File("a/f", "text").Name), nil, "must not contain a directory"},
		{"glob **", func(ctx ctx) (any, error) { return dir.Glob(ctx, "**") }, "[a sub/ sub/b sub/b2]", ""},
		{"glob **/*", func(ctx ctx) (any, error) { return dir.Glob(ctx, "**/*") }, "[a sub/ sub/b sub/b2]", ""},
		{"glob sub", func(ctx ctx) (any, error) { return dir.Glob(ctx, "sub") }, "[sub/]", ""},
		{"glob sub/*", func(ctx ctx) (any, error) { return dir.Glob(ctx, "sub/*") }, "[sub/b sub/b2]", ""},
		{"path that climbs", contents(dir.Directory("sub").File("../a")), "A", ""},
		{"path that climbs out", contents(dir.File("../../a")), "A", ""},
		{"filter of an include that is empty",
			entries(dir.Filter(dagger.DirectoryFilterOpts{Include: []string{"none"}})), "[]", ""},
		{"include and exceptions", func(ctx ctx) (any, error) {
			return dir.Filter(dagger.DirectoryFilterOpts{Include: []string{"sub/*", "!sub/b2"}}).Glob(ctx, "**")
		}, "[sub/ sub/b]", ""},
		{"withDirectory over files", contents(dir.WithDirectory("/",
			client.Directory().WithNewFile("a", "new")).File("a")), "new", ""},
		{"withDirectory exclude all", entries(client.Directory().WithDirectory("x", dir,
			dagger.DirectoryWithDirectoryOpts{Exclude: []string{"**"}})), "[x/]", ""},
		{"change in a mount", text(c.WithMountedDirectory("/m", dir).WithNewFile("/m/new",
			"n").WithExec(sh("cat /m/new")).Stdout), "n", ""},
		{"change in a mount is not in the root", exists(c.WithMountedDirectory("/m", dir).WithNewFile("/m/new",
			"n").Rootfs(), "m/new"), "false", ""},
		{"nested mounts", text(c.WithMountedDirectory("/m", dir).WithMountedDirectory("/m/sub",
			dir).WithExec(sh("ls /m/sub")).Stdout), "a\nsub\n", ""},
		{"directory of the root", entries(c.Directory("/etc")), "[group passwd]", ""},
		{"missing directory of a container", entries(c.Directory("/none")), nil, "no such file"},
		{"a user that is not there", text(c.WithUser("none").WithExec(sh("true")).Stdout), nil, "none"},
		{"no home", text(c.WithExec(sh("echo $HOME:$PATH")).Stdout),
			"/admin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n", ""},
		{"app home", text(c.WithUser("app").WithExec(sh("echo $HOME")).Stdout), "/tmp\n", ""},
		{"variables", text(c.WithExec(sh("env | grep -v -E '^(HOME|PATH|PWD|SHLVL|HOSTNAME)=' | grep -v -E " +
			"'^(OTEL|TRACE|BAGGAGE)'")).Stdout), "BASE=yes\n", ""},
		{"expand args", text(c.WithExec([]string{"echo", "$BASE"}, dagger.ContainerWithExecOpts{Expand: true}).Stdout),
			"yes\n", ""},
		{"not expanded args", text(c.WithExec([]string{"echo", "$BASE"}).Stdout), "$BASE\n", ""},
		{"expand a path", text(c.WithWorkdir("/$BASE", dagger.ContainerWithWorkdirOpts{Expand: true}).Workdir), "/yes",
			""},
		{"withEnvVariable empty", text(c.WithEnvVariable("E", "").WithExec(sh("echo [${E-unset}]")).Stdout), "[]\n",
			""},
		{"from keeps variables", func(ctx ctx) (any, error) {
			ref, _ := base()
			return client.Container().WithEnvVariable("A", "1").WithLabel("x", "y").From(ref).EnvVariable(ctx, "A")
		}, "1", ""},
		{"default platform", func(ctx ctx) (any, error) { return client.DefaultPlatform(ctx) }, platform(), ""},
		{"binary stdout", text(c.WithExec(sh(`printf 'a\377b'`)).Stdout), "a\ufffdb", ""},
		{"secret in env expanded in arg", text(c.WithSecretVariable("S",
			client.Secret("env://SHIP_TEST_SECRET")).WithExec([]string{"echo", "$S"},
			dagger.ContainerWithExecOpts{Expand: true}).Stdout), nil, "expand cannot be used"},
		{"empty arg", text(c.WithExec([]string{"echo", "", "a"}).Stdout), " a\n", ""},
		{"exec in scratch", text(client.Container().WithExec([]string{"/none"}).Stdout), nil, "exit code: 1"},
		{"size of folder", number(dir.File("sub").Size), nil, "sub"},
		{"contents of folder", contents(dir.File("sub")), nil, "directory"},
		{"label none", func(ctx ctx) (any, error) { return c.Label(ctx, "none") }, "", ""},
		{"export folder path", func(ctx ctx) (any, error) {
			to := filepath.Join(t.TempDir(), "x", "y")
			got, err := dir.Export(ctx, to)
			return got == to, err
		}, "true", ""},
		{"export file into a folder", func(ctx ctx) (any, error) {
			_, err := dir.File("a").Export(ctx, t.TempDir())
			return "", err
		}, nil, "is a directory; must be a file path unless allowParentDirPath is set"},
		{"export file into an allowed folder", func(ctx ctx) (any, error) {
			to := t.TempDir()
			got, err := dir.File("a").Export(ctx, to, dagger.FileExportOpts{AllowParentDirPath: true})
			rel, _ := filepath.Rel(to, got)
			return rel, err
		}, ".", ""},
		{"export file mode", func(ctx ctx) (any, error) {
			to := filepath.Join(t.TempDir(), "f")
			_, err := dir.WithNewFile("x", "x", dagger.DirectoryWithNewFileOpts{Permissions: 0o751}).File(
				"x").Export(ctx, to)
			if err != nil {
				return nil, err
			}
			info, err := os.Stat(to)
			return info.Mode(), err
		}, "-rwxr-x--x", ""},
		{"export an empty folder", func(ctx ctx) (any, error) {
			to := filepath.Join(t.TempDir(), "f")
			_, err := client.Directory().Export(ctx, to)
			_, missing := os.Stat(to)
			return missing == nil, err
		}, "true", ""},
		{"publish nothing", func(ctx ctx) (any, error) {
			_, err := client.Container().Publish(ctx, baseRegistry+"/nothing:1")
			return "done", err
		}, nil, "no containers to export"},
	})
}
