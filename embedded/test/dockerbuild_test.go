package test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"dagger.io/dagger"
)

type ctx = context.Context

func TestDockerBuild(t *testing.T) {
	ref, err := base()
	if err != nil {
		t.Fatal(err)
	}
	source := func(dockerfile string) *dagger.Directory {
		return client.Directory().WithNewFile("Dockerfile", "FROM "+ref+"\n"+dockerfile).
			WithNewFile("a", "A").WithNewFile("ignored", "I").WithNewFile("sub/b", "B")
	}
	build := func(dockerfile string, o ...dagger.DirectoryDockerBuildOpts) *dagger.Container {
		return source(dockerfile).DockerBuild(o...)
	}
	secret := client.SetSecret("build-secret", "hidden-in-Build")
	ask(t, []question{
		{"copy and run", contents(build("COPY a /a\nRUN cat /a /a > /aa").File("/aa")), "AA", ""},
		{"config", list(build(
			"ENV X=y\nLABEL l=m\nCMD [\"run\"]\nENTRYPOINT [\"/enter\"]\nUSER app\nWORKDIR /w").Entrypoint),
			[]string{"/enter"}, ""},
		{"label", func(ctx ctx) (any, error) { return build("LABEL l=m").Label(ctx, "l") }, "m", ""},
		{"variable of the base", func(ctx ctx) (any, error) { return build("ENV X=y").EnvVariable(ctx, "BASE") }, "yes",
			""},
		{"workdir and user", text(build("USER app\nWORKDIR /w").WithExec(sh("pwd; id -u")).Stdout), "/w\n1000\n", ""},
		{"exec after it", text(build("COPY sub /sub").WithExec(sh("cat /sub/b")).Stdout), "B", ""},
		{"build arguments", contents(build("ARG V=none\nRUN printf $V > /v",
			dagger.DirectoryDockerBuildOpts{BuildArgs: []dagger.BuildArg{{Name: "V", Value: "given"}}}).File("/v")),
			"given", ""},
		{"build argument's default", contents(build("ARG V=none\nRUN printf $V > /v").File("/v")), "none", ""},
		{"target", contents(build("RUN printf one > /x\nFROM "+ref+" AS two\nRUN printf two > /x\nFROM "+ref+
			"\nRUN printf three > /x", dagger.DirectoryDockerBuildOpts{Target: "two"}).File("/x")), "two", ""},
		{"another Dockerfile", contents(source("").WithNewFile("other/My.Dockerfile",
			"FROM "+ref+"\nCOPY a /other").DockerBuild(
			dagger.DirectoryDockerBuildOpts{Dockerfile: "other/My.Dockerfile"}).File("/other")), "A", ""},
		{".dockerignore", entries(source("COPY . /all").WithNewFile(".dockerignore",
			"ignored\nDockerfile\n.dockerignore\n").DockerBuild().Directory("/all")), []string{"a", "sub/"}, ""},
		{".dockerignore beside the Dockerfile", entries(source("COPY . /all").WithNewFile(".dockerignore",
			"a").WithNewFile("Dockerfile.dockerignore", "*\n!sub").DockerBuild().Directory("/all")),
			[]string{"sub/"}, ""},
		{"a folder as the context", entries(client.Directory().WithDirectory("x",
			source("COPY . /all")).Directory("x").DockerBuild().Directory("/all")),
			[]string{"Dockerfile", "a", "ignored", "sub/"}, ""},
		{"secret", contents(build("RUN --mount=type=secret,id=build-secret wc -c < /run/secrets/build-secret > /n",
			dagger.DirectoryDockerBuildOpts{Secrets: []*dagger.Secret{secret}}).File("/n")), "15\n", ""},
		{"secret as a variable", contents(build("RUN --mount=type=secret,id=build-secret,env=S printf ${#S} > /n",
			dagger.DirectoryDockerBuildOpts{Secrets: []*dagger.Secret{secret}}).File("/n")), "15", ""},
		{"secret without a name",
			contents(build("", dagger.DirectoryDockerBuildOpts{Secrets: []*dagger.Secret{client.Secret(
				"env://SHIP_TEST_SECRET")}}).File("/n")), nil, "secret has no name"},
		{"no Dockerfile", contents(client.Directory().WithNewFile("a", "").DockerBuild().File("/a")),
			nil, "Dockerfile"},
		{"a Dockerfile with an error", contents(build("FLY away").File("/a")), nil, "unknown instruction: FLY"},
		{"no such target", contents(build("", dagger.DirectoryDockerBuildOpts{Target: "none"}).File("/a")), nil,
			"none"},
		{"a file that is not there", contents(build("COPY none /").File("/a")), nil, "none"},
		{"a base that is not there", contents(client.Directory().WithNewFile("Dockerfile",
			"FROM "+baseRegistry+"/none:1").DockerBuild().File("/a")), nil, baseRegistry + "/none:1"},
	})

	t.Run("a RUN that fails", func(t *testing.T) {
		_, err := build("RUN echo the reason; echo the cause >&2; exit 42").Sync(background)
		if err == nil || !strings.Contains(err.Error(), "exit code: 42") {
			t.Fatalf("error %v", err)
		}
		failed := (*dagger.ExecError)(nil)
		if !errors.As(err, &failed) || failed.ExitCode != 42 || failed.Stdout != "the reason" ||
			failed.Stderr != "the cause" {
			t.Fatalf("ExecError %+v of %v", failed, err)
		}
		if isEmbedded && !strings.Contains(err.Error(), "the cause") {
			t.Errorf("the error does not say why: %v", err)
		}
	})
	t.Run("a RUN that fails shows no secret", func(t *testing.T) {
		_, err := build("RUN --mount=type=secret,id=build-secret cat /run/secrets/build-secret; exit 1",
			dagger.DirectoryDockerBuildOpts{Secrets: []*dagger.Secret{secret}}).Sync(background)
		failed := (*dagger.ExecError)(nil)
		if !errors.As(err, &failed) || failed.Stdout != "***" || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%+v of %v", failed, err)
		}
	})
	t.Run("two secrets of one name", func(t *testing.T) {
		for _, value := range []string{"one", "twelve"} {
			c := build("RUN --mount=type=secret,id=same cat /run/secrets/same | wc -c > /n",
				dagger.DirectoryDockerBuildOpts{Secrets: []*dagger.Secret{client.SetSecret("same", value)}})
			if _, err := c.Sync(background); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("labels after it, published twice", func(t *testing.T) {
		c := build("RUN touch /x").WithLabel("a", "b")
		one, err := c.Publish(background, baseRegistry+"/built:1")
		if err != nil {
			t.Fatal(err)
		}
		two, err := c.Publish(background, baseRegistry+"/built:2")
		if _, digest, _ := strings.Cut(one, "@"); err != nil || two != baseRegistry+"/built:2@"+digest {
			t.Errorf("%s, then %s, %v", one, two, err)
		}
	})
}
