package test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"dagger.io/dagger"
)

var background = context.Background()

// A question to the session, and the engine's answer.
type question struct {
	name string
	ask  func(ctx context.Context) (any, error)
	want any    // the answer, as %v prints it
	err  string // part of the error; empty: none
}

func ask(t *testing.T, questions []question) {
	for _, q := range questions {
		t.Run(q.name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(background, 2*time.Minute)
			defer stop()
			got, err := q.ask(ctx)
			switch {
			case q.err == "" && err != nil:
				t.Fatalf("error: %v", err)
			case q.err != "" && (err == nil || !strings.Contains(err.Error(), q.err)):
				t.Fatalf("error %v, want one with %q (got %v)", err, q.err, got)
			case q.err == "" && fmt.Sprint(got) != fmt.Sprint(q.want):
				t.Fatalf("got %q, want %q", fmt.Sprint(got), fmt.Sprint(q.want))
			}
		})
	}
}

// text makes a question's function of one of the SDK's that return text.
func text(f func(context.Context) (string, error)) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) { return f(ctx) }
}

func list(f func(context.Context) ([]string, error)) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) { return f(ctx) }
}

func number(f func(context.Context) (int, error)) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) { return f(ctx) }
}

// sh is a command line for the shell of the base image.
func sh(line string) []string { return []string{"sh", "-c", line} }

func TestExec(t *testing.T) {
	c := shell(t)
	ask(t, []question{
		{"stdout", text(c.WithExec(sh("echo out; echo err >&2")).Stdout), "out\n", ""},
		{"stderr", text(c.WithExec(sh("echo out; echo err >&2")).Stderr), "err\n", ""},
		{"combinedOutput", text(c.WithExec(sh("echo out; sleep 0.1; echo err >&2")).CombinedOutput), "out\nerr\n", ""},
		{"exit code 0", number(c.WithExec(sh("true")).ExitCode), 0, ""},
		{"no output", text(c.WithExec(sh("true")).Stdout), "", ""},
		{"no command yet", text(c.Stdout), nil, "no command has been set"},
		{"no command at all", text(client.Container().WithExec([]string{}).Stdout), nil, "no command has been set"},
		{"default args", text(c.WithDefaultArgs(sh("echo $0 default")).WithExec(nil).Stdout), "sh default\n", ""},
		{"entrypoint is not used", text(c.WithExec([]string{"echo", "me"}).Stdout), "me\n", ""},
		{"useEntrypoint", text(c.WithExec([]string{"me"}, dagger.ContainerWithExecOpts{UseEntrypoint: true}).Stdout),
			"entry me\n", ""},
		{"stdin", text(c.WithExec([]string{"cat"}, dagger.ContainerWithExecOpts{Stdin: "typed"}).Stdout), "typed", ""},
		{"no stdin", text(c.WithExec([]string{"cat"}).Stdout), "", ""},
		{"redirectStdin", text(c.WithNewFile("/in", "from file").WithExec([]string{"cat"},
			dagger.ContainerWithExecOpts{RedirectStdin: "/in"}).Stdout), "from file", ""},
		{"redirectStdout", contents(c.WithExec([]string{"echo", "kept"},
			dagger.ContainerWithExecOpts{RedirectStdout: "/tmp/out"}).File("/tmp/out")), "kept\n", ""},
		{"redirectStdout also goes out", text(c.WithExec([]string{"echo", "kept"},
			dagger.ContainerWithExecOpts{RedirectStdout: "/tmp/out"}).Stdout), "kept\n", ""},
		{"redirectStderr", contents(c.WithExec(sh("echo bad >&2"),
			dagger.ContainerWithExecOpts{RedirectStderr: "/tmp/err"}).File("/tmp/err")), "bad\n", ""},
		{"stdin twice", text(c.WithExec([]string{"cat"}, dagger.ContainerWithExecOpts{Stdin: "a",
			RedirectStdin: "/b"}).Stdout), nil, "cannot set both stdin and redirectStdin"},
		{"files stay", text(c.WithExec(sh("echo a > /a")).WithExec(sh("cat /a")).Stdout), "a\n", ""},
		{"a later change leaves the output", text(c.WithExec(sh("echo a")).WithEnvVariable("B", "b").Stdout), "a\n",
			""},
		{"nothing of the session is left", entries(c.WithExec(sh("true")).Rootfs()),
			[]string{"admin/", "bin/", "dev/", "etc/", "proc/", "sys/", "tmp/"}, ""},
		{"big output", number(func(ctx context.Context) (int, error) {
			out, err := c.WithExec(sh("seq 1 2000000")).Stdout(ctx)
			return len(out), err
		}), 14888896, ""},
		{"a background process does not hold it up", text(c.WithExec(sh("sleep 300 & echo started")).Stdout),
			"started\n", ""},
	})
}

func TestExecExpect(t *testing.T) {
	c := shell(t)
	expect := func(e dagger.ReturnType) dagger.ContainerWithExecOpts { return dagger.ContainerWithExecOpts{Expect: e} }
	ask(t, []question{
		{"any failure", number(c.WithExec(sh("exit 7"), expect(dagger.ReturnTypeAny)).ExitCode), 7, ""},
		{"any success", number(c.WithExec(sh("exit 0"), expect(dagger.ReturnTypeAny)).ExitCode), 0, ""},
		{"any keeps output", text(c.WithExec(sh("echo why >&2; exit 7"), expect(dagger.ReturnTypeAny)).Stderr), "why\n",
			""},
		{"any keeps files", contents(c.WithExec(sh("echo a > /a; exit 7"), expect(dagger.ReturnTypeAny)).File("/a")),
			"a\n", ""},
		{"any signal", number(c.WithExec(sh("kill -9 $$"), expect(dagger.ReturnTypeAny)).ExitCode), nil,
			"exit code: 137"},
		{"failure", number(c.WithExec(sh("exit 7"), expect(dagger.ReturnTypeFailure)).ExitCode), 7, ""},
		{"failure high", number(c.WithExec(sh("exit 253"), expect(dagger.ReturnTypeFailure)).ExitCode), 253, ""},
		{"failure but success", number(c.WithExec(sh("exit 0"), expect(dagger.ReturnTypeFailure)).ExitCode), nil,
			"exit code: 0"},
	})
}

func TestConfig(t *testing.T) {
	c := shell(t)
	ask(t, []question{
		{"variable of the image", text(c.WithExec(sh("echo $BASE")).Stdout), "yes\n", ""},
		{"withEnvVariable", text(c.WithEnvVariable("A", "1 2").WithExec(sh(`echo "$A"`)).Stdout), "1 2\n", ""},
		{"withEnvVariable expands", text(c.WithEnvVariable("A", "${BASE}/b",
			dagger.ContainerWithEnvVariableOpts{Expand: true}).WithExec(sh("echo $A")).Stdout), "yes/b\n", ""},
		{"withEnvVariable does not expand", func(ctx context.Context) (any, error) {
			return c.WithEnvVariable("A", "$BASE").EnvVariable(ctx, "A")
		}, "$BASE", ""},
		{"withoutEnvVariable", text(c.WithoutEnvVariable("BASE").WithExec(sh("echo [$BASE]")).Stdout), "[]\n", ""},
		{"envVariable that is not there", func(ctx context.Context) (any, error) {
			return c.EnvVariable(ctx, "NONE")
		}, "", ""},
		{"envVariables", func(ctx context.Context) (any, error) {
			variables, err := client.Container().WithEnvVariable("A", "1").WithEnvVariable("B",
				"2").WithEnvVariable("A", "3").EnvVariables(ctx)
			var all []string
			for _, v := range variables {
				name, _ := v.Name(ctx)
				value, _ := v.Value(ctx)
				all = append(all, name+"="+value)
			}
			return all, err
		}, []string{"A=3", "B=2"}, ""},
		{"label", func(ctx context.Context) (any, error) { return c.Label(ctx, "made.by") }, "test", ""},
		{"withLabel", func(ctx context.Context) (any, error) { return c.WithLabel("a", "b").Label(ctx, "a") }, "b", ""},
		{"labels", func(ctx context.Context) (any, error) {
			labels, err := c.WithLabel("a", "b").Labels(ctx)
			return len(labels), err
		}, 2, ""},
		{"entrypoint", list(c.Entrypoint), []string{"/bin/echo", "entry"}, ""},
		{"defaultArgs", list(c.DefaultArgs), []string{"default"}, ""},
		{"withEntrypoint clears the default args", list(c.WithEntrypoint([]string{"x"}).DefaultArgs), []string{}, ""},
		{"withEntrypoint keeps the default args", list(c.WithEntrypoint([]string{"x"},
			dagger.ContainerWithEntrypointOpts{KeepDefaultArgs: true}).DefaultArgs), []string{"default"}, ""},
		{"workdir", text(c.WithWorkdir("/a").WithWorkdir("b").Workdir), "/a/b", ""},
		{"withWorkdir", text(c.WithWorkdir("/tmp").WithExec([]string{"pwd"}).Stdout), "/tmp\n", ""},
		{"withWorkdir makes it", text(c.WithWorkdir("/new/dir").WithExec([]string{"pwd"}).Stdout), "/new/dir\n", ""},
		{"no workdir", text(c.WithExec([]string{"pwd"}).Stdout), "/\n", ""},
		{"user", text(c.WithUser("app").User), "app", ""},
		{"withUser", text(c.WithUser("app").WithExec(sh("id -u; id -g")).Stdout), "1000\n1000\n", ""},
		{"withUser number", text(c.WithUser("1234:5678").WithExec(sh("id -u; id -g")).Stdout), "1234\n5678\n", ""},
		{"platform", func(ctx context.Context) (any, error) { return client.Container().Platform(ctx) },
			platform(), ""},
		{"imageRef", func(ctx context.Context) (any, error) {
			ref, err := c.ImageRef(ctx)
			want, _ := base()
			return ref == want, err
		}, true, ""},
		{"imageRef after a change", text(c.WithLabel("a", "b").ImageRef), nil,
			"Image reference can only be retrieved immediately after the 'Container.From' call"},
		{"exposed ports", func(ctx context.Context) (any, error) {
			ports, err := c.WithExposedPort(8080).ExposedPorts(ctx)
			if err != nil || len(ports) != 1 {
				return nil, fmt.Errorf("%d ports, %w", len(ports), err)
			}
			return ports[0].Port(ctx)
		}, 8080, ""},
	})
}

func TestMounts(t *testing.T) {
	c := shell(t)
	dir := client.Directory().WithNewFile("a", "A").WithNewFile("sub/b", "B")
	ask(t, []question{
		{"withMountedDirectory", text(c.WithMountedDirectory("/m", dir).WithExec(sh("cat /m/a /m/sub/b")).Stdout), "AB",
			""},
		{"a folder in a directory", text(c.WithMountedDirectory("/m",
			dir.Directory("sub")).WithExec(sh("cat /m/b")).Stdout), "B", ""},
		{"an empty one", text(c.WithMountedDirectory("/m", client.Directory()).WithExec(
			sh("ls -A /m; echo x > /m/x; cat /m/x")).Stdout), "x\n", ""},
		{"changes stay in the mount", contents(c.WithMountedDirectory("/m",
			dir).WithExec(sh("echo x > /m/x")).Directory("/m").File("x")), "x\n", ""},
		{"changes are seen later", text(c.WithMountedDirectory("/m",
			dir).WithExec(sh("echo x > /m/x")).WithExec(sh("cat /m/x")).Stdout), "x\n", ""},
		{"a mount is no part of the root", entries(c.WithMountedDirectory("/tmp/m",
			dir).WithExec(sh("true")).Rootfs().Directory("tmp")), []string{}, ""},
		{"readOnly", text(c.WithMountedDirectory("/m", dir,
			dagger.ContainerWithMountedDirectoryOpts{ReadOnly: true}).WithExec(
			sh("echo x > /m/x || echo refused")).Stdout), "refused\n", ""},
		{"owner", text(c.WithMountedDirectory("/m", dir,
			dagger.ContainerWithMountedDirectoryOpts{Owner: "1000:1000"}).WithExec(sh("stat -c %u:%g /m/a")).Stdout),
			"1000:1000\n", ""},
		{"withMountedFile", text(c.WithMountedFile("/etc/conf",
			dir.File("sub/b")).WithExec(sh("cat /etc/conf")).Stdout), "B", ""},
		{"file of a mount", contents(c.WithMountedFile("/etc/conf", dir.File("a")).File("/etc/conf")), "A", ""},
		{"withMountedTemp", text(c.WithMountedTemp("/t").WithExec(sh("echo x > /t/x; cat /t/x")).WithExec(
			sh("ls -A /t | wc -l")).Stdout), "0\n", ""},
		{"file of a temp", contents(c.WithMountedTemp("/t").File("/t/x")), nil,
			"/t/x: cannot retrieve path from tmpfs"},
		{"withMountedCache", func(ctx context.Context) (any, error) {
			volume := client.CacheVolume("test-" + t.Name())
			if _, err := c.WithMountedCache("/c", volume).WithExec(sh("echo kept > /c/x")).Sync(ctx); err != nil {
				return nil, err
			}
			return c.WithMountedCache("/other", volume).WithExec(sh("cat /other/x")).Stdout(ctx)
		}, "kept\n", ""},
		{"withoutMount", list(c.WithMountedTemp("/t").WithMountedDirectory("/m", dir).WithoutMount("/t").Mounts),
			[]string{"/m"}, ""},
		{"relative to the workdir", text(c.WithWorkdir("/w").WithMountedFile("conf",
			dir.File("a")).WithExec(sh("cat conf")).Stdout), "A", ""},
	})
}

func contents(f *dagger.File) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) { return f.Contents(ctx) }
}
