package test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger.io/dagger"
)

// secretValue is in the variable SHIP_TEST_SECRET of the session.
const secretValue = "s3cret-Value/with+signs"

func TestSecrets(t *testing.T) {
	c := shell(t)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := client.Secret("env://SHIP_TEST_SECRET")
	set := client.SetSecret("mine", "set-plaintext")
	ask(t, []question{
		{"plaintext of a variable", text(env.Plaintext), secretValue, ""},
		{"plaintext of a file", text(client.Secret("file://" + file).Plaintext), "from a file\n", ""},
		{"plaintext that was set", text(set.Plaintext), "set-plaintext", ""},
		{"name", text(set.Name), "mine", ""},
		{"uri", text(env.URI), "env://SHIP_TEST_SECRET", ""},
		{"uri of a file", text(client.Secret("file://" + file).URI), "file://" + file, ""},
		{"uri of a variable that is not there", text(client.Secret("env://SHIP_TEST_NONE").URI),
			"env://SHIP_TEST_NONE", ""},
		{"uri with a cache key", text(client.Secret("env://SHIP_TEST_SECRET",
			dagger.SecretOpts{CacheKey: "mine"}).URI), "env://SHIP_TEST_SECRET", ""},
		{"uri of what was set", text(set.URI), "", ""},
		{"uri by ID", func(ctx context.Context) (any, error) {
			id, err := client.Secret("file:///none").ID(ctx)
			if err != nil {
				return nil, err
			}
			return client.LoadSecretFromID(dagger.SecretID(id)).URI(ctx)
		}, "file:///none", ""},
		{"name of a variable", text(env.Name), "", ""},
		{"a variable that is not there", text(client.Secret("env://SHIP_TEST_NONE").Plaintext), nil,
			`secret env var not found: "SHI..."`},
		{"a file without a name", text(client.Secret("file://").Plaintext), nil, `failed to read secret file ""`},
		{"a file that is not there", text(client.Secret("file:///none").Plaintext), nil,
			`failed to read secret file "/none"`},
		{"no scheme", text(client.Secret("SHIP_TEST_SECRET").Plaintext), nil, "malformed id"},
		{"a scheme that does not exist", text(client.Secret("none://X").Plaintext), nil,
			`unsupported secret provider: "none"`},
		{"in a variable", text(c.WithSecretVariable("S", env).WithExec(sh("echo ${#S}")).Stdout),
			fmt.Sprintln(len(secretValue)), ""},
		{"mounted", text(c.WithMountedSecret("/s", env).WithExec(sh("wc -c < /s; stat -c %a:%u /s")).Stdout),
			fmt.Sprintf("%d\n400:0\n", len(secretValue)), ""},
		{"mounted with owner and mode", text(c.WithMountedSecret("/s", env,
			dagger.ContainerWithMountedSecretOpts{Owner: "1000",
				Mode: 0o440}).WithExec(sh("stat -c %a:%u:%g /s")).Stdout), "440:1000:1000\n", ""},
		{"scrubbed from stdout", text(c.WithSecretVariable("S", env).WithExec(sh("echo a${S}b")).Stdout), "a***b\n",
			""},
		{"scrubbed from stderr", text(c.WithMountedSecret("/s", env).WithExec(sh("cat /s >&2")).Stderr), "***", ""},
		{"scrubbed in pieces", text(c.WithSecretVariable("S", env).WithExec(sh("printf %s ${S%signs}; sleep 0.3; " +
			"printf signs")).Stdout), "***", ""},
		{"scrubbed without surrounding space", text(c.WithMountedSecret("/s",
			client.Secret("file://"+file)).WithExec(sh("echo \"[$(cat /s)]\"")).Stdout), "[***]\n", ""},
		{"scrubbed from redirected output", contents(c.WithSecretVariable("S", env).WithExec(sh("echo $S"),
			dagger.ContainerWithExecOpts{RedirectStdout: "/tmp/o"}).File("/tmp/o")), "***\n", ""},
		{"only whole secrets are scrubbed", text(c.WithSecretVariable("S", env).WithExec(sh("echo s3cret")).Stdout),
			"s3cret\n", ""},
		{"not a variable of the image", func(ctx context.Context) (any, error) {
			return c.WithSecretVariable("S", env).EnvVariable(ctx, "S")
		}, "", ""},
		{"no file is left", func(ctx context.Context) (any, error) {
			return c.WithMountedSecret("/dir/s", env).WithExec(sh("cat /dir/s > /dev/null")).Rootfs().Exists(ctx, "dir")
		}, false, ""},
		{"withoutSecretVariable", text(c.WithSecretVariable("S",
			env).WithoutSecretVariable("S").WithExec(sh("echo [$S]")).Stdout), "[]\n", ""},
		{"expand refuses secrets", text(c.WithSecretVariable("S", env).WithEnvVariable("A", "$S",
			dagger.ContainerWithEnvVariableOpts{Expand: true}).WithExec(sh("true")).Stdout), nil,
			`expand cannot be used with secret env variable "S"`},
		{"a missing one fails the exec", text(c.WithSecretVariable("S",
			client.Secret("env://SHIP_TEST_NONE")).WithExec(sh("true")).Stdout), nil, "secret env var not found"},
	})

	t.Run("not in an error", func(t *testing.T) {
		_, err := c.WithSecretVariable("S", env).WithExec(sh("echo $S; echo $S >&2; exit 1")).Sync(background)
		failed := (*dagger.ExecError)(nil)
		if !errors.As(err, &failed) {
			t.Fatal("no ExecError:", err)
		}
		if failed.Stdout != "***" || failed.Stderr != "***" {
			t.Errorf("stdout %q, stderr %q", failed.Stdout, failed.Stderr)
		}
	})
	t.Run("not in an ID", func(t *testing.T) {
		id, err := c.WithSecretVariable("S", set).WithExec(sh("true")).ID(background)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := client.LoadContainerFromID(dagger.ContainerID(id)).WithExec(sh("echo ${#S}")).Stdout(
			background); err != nil || out != "13\n" {
			t.Errorf("loaded by ID: %q, %v", out, err)
		}
		if strings.Contains(unpack(t, string(id)), "set-plaintext") {
			t.Error("the ID holds the plaintext")
		}
	})
}

// A command's time tells whether it ran again.
const clock = "echo $S | wc -c > /dev/null; date +%s.%N; cat /proc/uptime /proc/sys/kernel/random/uuid"

func TestCache(t *testing.T) {
	c := shell(t)
	run := func(t *testing.T, c *dagger.Container) string {
		t.Helper()
		out, err := c.Stdout(background)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	same := func(name string, want bool, a, b *dagger.Container) {
		t.Run(name, func(t *testing.T) {
			if got := run(t, a) == run(t, b); got != want {
				t.Errorf("cached: %v, want %v", got, want)
			}
		})
	}
	t.Setenv("SHIP_TEST_OTHER", "")
	other := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(other, []byte("another value"), 0o600); err != nil {
		t.Fatal(err)
	}
	equal := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(equal, []byte(secretValue), 0o600); err != nil {
		t.Fatal(err)
	}
	exec := func(c *dagger.Container) *dagger.Container { return c.WithExec(sh(clock)) }
	secret := func(uri string) *dagger.Container { return exec(c.WithSecretVariable("S", client.Secret(uri))) }
	same("the same", true, exec(c), exec(c))
	same("another variable", false, exec(c), exec(c.WithEnvVariable("A", "1")))
	same("another secret", false, secret("env://SHIP_TEST_SECRET"), secret("file://"+other))
	same("a secret of equal value", true, secret("env://SHIP_TEST_SECRET"), secret("file://"+equal))
	same("another file", false,
		exec(c.WithMountedFile("/f", client.Directory().WithNewFile("f", "x").File("f"))),
		exec(c.WithMountedFile("/f", client.Directory().WithNewFile("f", "y").File("f"))))

	t.Run("a failure is not cached", func(t *testing.T) {
		outputs := map[string]bool{}
		for range 2 {
			_, err := c.WithExec(sh(clock + "; exit 1")).Sync(background)
			failed := (*dagger.ExecError)(nil)
			if !errors.As(err, &failed) {
				t.Fatal(err)
			}
			outputs[failed.Stdout] = true
		}
		if len(outputs) != 2 {
			t.Error("it did not run again")
		}
	})
}
