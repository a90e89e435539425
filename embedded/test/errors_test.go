package test

import (
	"compress/flate"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"dagger.io/dagger"
)

func TestExecError(t *testing.T) {
	c := shell(t)
	for _, test := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
		user           string
	}{
		{name: "code and output", args: sh("echo out; echo err >&2; exit 3"), code: 3, stdout: "out", stderr: "err"},
		{name: "output is trimmed", args: sh("echo; echo '  out  '; exit 3"), code: 3, stdout: "out"},
		{name: "a signal", args: sh("kill -15 $$"), code: 143},
		{name: "no such program", args: []string{"no-such-program"}, code: 1,
			stderr: `exec: "no-such-program": executable file not found in $PATH`},
		{name: "another user", args: sh("id -u; exit 9"), code: 9, stdout: "1000", user: "app"},
		{name: "arguments with space", args: []string{"sh", "-c", "exit $0", "4"}, code: 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := c.WithUser(test.user).WithExec(test.args).Sync(background)
			failed := (*dagger.ExecError)(nil)
			if !errors.As(err, &failed) {
				t.Fatalf("no ExecError: %v", err)
			}
			if failed.ExitCode != test.code || failed.Stdout != test.stdout || failed.Stderr != test.stderr ||
				!slices.Equal(failed.Cmd, test.args) {
				t.Errorf("got %d %q %q %q", failed.ExitCode, failed.Stdout, failed.Stderr, failed.Cmd)
			}
			if message := failed.Error(); !strings.HasPrefix(message, "exit code: ") {
				t.Errorf("message %q", message)
			}
			if kind := failed.Extensions()["_type"]; kind != "EXEC_ERROR" {
				t.Errorf("type %v", kind)
			}
		})
	}

	t.Run("long output loses its beginning", func(t *testing.T) {
		_, err := c.WithExec(sh("seq 1 100000; seq 1 100000 >&2; exit 1")).Sync(background)
		failed := (*dagger.ExecError)(nil)
		if !errors.As(err, &failed) {
			t.Fatal(err)
		}
		for name, out := range map[string]string{"stdout": failed.Stdout, "stderr": failed.Stderr} {
			if !strings.HasPrefix(out, "[omitting 486495 bytes]...") || !strings.HasSuffix(out, "\n100000") {
				t.Errorf("%s: %d bytes, from %.40q", name, len(out), out)
			}
		}
	})
	t.Run("before a later step", func(t *testing.T) {
		_, err := c.WithExec(sh("exit 5")).WithNewFile("/a", "").WithExec(sh("exit 6")).File("/a").Contents(background)
		failed := (*dagger.ExecError)(nil)
		if !errors.As(err, &failed) || failed.ExitCode != 5 {
			t.Error(err)
		}
	})
}

func TestRefused(t *testing.T) {
	for _, test := range []struct{ name, query, want string }{
		{"an unknown field", `{container{fly}}`, "fly"},
		{"an unknown argument", `{container{withExec(args:["x"],fly:true){id}}}`, "fly"},
		{"an argument of the wrong type", `{container{withExec(args:"x",stdin:1){id}}}`, "String"},
		{"a missing argument", `{container{from{id}}}`, "address"},
		{"no query", `{`, "Expected Name"},
		{"an ID that is none", `{loadContainerFromID(id:"none"){id}}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := client.Do(background, &dagger.Request{Query: test.query}, &dagger.Response{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
	if !isEmbedded {
		return
	}
	t.Run("what the engine has, but this session not", func(t *testing.T) {
		for query, want := range map[string]string{
			`{container{withExec(args:["x"],insecureRootCapabilities:true){id}}}`: `"insecureRootCapabilities"`,
			`{container{asService{id}}}`:                                          `"asService"`,
			`{llm{id}}`:                                                           `"llm"`,
		} {
			err := client.Do(background, &dagger.Request{Query: query}, &dagger.Response{})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q in it", err, want)
			}
		}
	})
}

func TestQueries(t *testing.T) {
	var data struct {
		Container struct {
			A    struct{ Value string }
			Sync string
			Kind string `json:"__typename"`
		}
		Version string
	}
	err := client.Do(background, &dagger.Request{
		Query:     `query Q($value: String!) {version container{__typename sync a: withEnvVariable(name:"A",value:$value){...v}}} fragment v on Container{value: envVariable(name:"A")}`,
		OpName:    "Q",
		Variables: map[string]any{"value": "x"},
	}, &dagger.Response{Data: &data})
	if err != nil || data.Container.A.Value != "x" || data.Container.Sync == "" || data.Container.Kind != "Container" ||
		data.Version != "v0.21.8" {
		t.Errorf("%+v, %v", data, err)
	}
}

// unpack shows what an ID of the embedded session holds; another's as it is.
func unpack(t *testing.T, id string) string {
	packed, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return id
	}
	text, err := io.ReadAll(flate.NewReader(strings.NewReader(string(packed))))
	if isEmbedded && err != nil {
		t.Fatal(err)
	}
	return id + string(packed) + string(text)
}
