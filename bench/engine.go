package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"dagger/ship/e2e/bed"
)

// engine measures calls of Ship and loads of its module on a Dagger engine, where there is one that can be used.
func (b *bench) engine(ctx context.Context) (text string, err error) {
	state := filepath.Join(b.state, "engine")
	if err := os.Mkdir(state, 0o755); err != nil {
		return "", err
	}
	// servers of its own, since an engine's containers do not see those on loopback
	servers, err := bed.StartIn(ctx, "engine", state, os.Stderr)
	if err != nil {
		return "", err
	}
	defer func() {
		if stopped := servers.Stop(); err == nil {
			err = stopped
		}
	}()
	b.dagger = "dagger"
	calls, err := b.engineCalls(ctx, servers)
	if err != nil {
		return "", err
	}
	loads, err := b.engineLoads(ctx, servers)
	return calls + "\n" + loads, err
}

// dagger is a call of Dagger's command line in a folder.
func dagger(ctx context.Context, dir string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "dagger", append([]string{"--progress=plain"}, args...)...)
	cmd.Dir, cmd.Env = dir, env
	return cmd
}

// engineCalls measures calls of a module that is loaded already, with nothing to release.
func (b *bench) engineCalls(ctx context.Context, servers *bed.Bed) (string, error) {
	trivial, err := filepath.Abs("trivial")
	if err != nil {
		return "", err
	}
	contenders := []contender{
		{"`dagger core version` (the floor)", func(ctx context.Context, m *meter) error {
			if err := m.exec(dagger(ctx, b.state, os.Environ(), "core", "version")); err != nil {
				return err
			}
			return m.says("v0.")
		}},
		{"`dagger call hello`, a trivial module's", func(ctx context.Context, m *meter) error {
			if err := m.exec(dagger(ctx, b.state, os.Environ(), "-m", trivial, "call", "hello")); err != nil {
				return err
			}
			return m.says("hello, world")
		}},
	}
	for _, c := range []struct{ title, name, environments string }{
		{"no environment", "engine0", ""}, {"one environment", "engine1", "production"},
	} {
		app, env, err := b.engineApp(servers, c.name, c.environments)
		if err != nil {
			return "", err
		}
		release := func(ctx context.Context, m *meter, want string) error {
			if err := m.exec(dagger(ctx, app.Dir, env, "call", "release")); err != nil {
				return err
			}
			return m.says(want)
		}
		if err := release(ctx, new(meter), ": released"); err != nil {
			return "", err
		}
		contenders = append(contenders, contender{"`dagger call release`, " + c.title,
			func(ctx context.Context, m *meter) error {
				return release(ctx, m, "nothing to do")
			}})
	}
	rows, err := b.measure(ctx, contenders...)
	return "### Nothing to release\n\nThe example as it is, with its `.env` and a GitLab job's variables. All " +
		"modules are loaded already, and results of functions are not taken from the cache. A call of Ship is two " +
		"containers, one for its settings and one for the function; an engine with certificate authorities of its " +
		"own runs `update-ca-certificates` before and after each.\n\n" + b.table(rows, memory), err
}

// engineApp makes a checkout of the whole example, and an environment as a GitLab job gives it.
func (b *bench) engineApp(servers *bed.Bed, name, environments string) (*bed.App, []string, error) {
	app, err := servers.NewExample(bed.Poetry, name, filepath.Join(b.state, name))
	if err != nil {
		return nil, nil, err
	}
	if environments != "" {
		environments += "=" + name
	}
	if err := app.Edit(".env", "(?m)^SHIP_ENVIRONMENTS=.*", "SHIP_ENVIRONMENTS="+environments+
		"\nSHIP_INSECURE=true"); err != nil {
		return nil, nil, err
	}
	// the module is this folder's, not the server's that the example names
	if err := os.Remove(filepath.Join(app.Dir, "dagger.json")); err != nil {
		return nil, nil, err
	}
	commit, err := app.Commit("settings")
	if err != nil {
		return nil, nil, err
	}
	env, err := servers.DaggerCommand(b.state)
	return app, append(env, "CI_JOB_TOKEN="+servers.Git.Token, "CI_COMMIT_SHA="+commit,
		"CI_REGISTRY_IMAGE="+app.Image(),
		"CI_REGISTRY_USER="+servers.Registry.User, "CI_REGISTRY_PASSWORD="+servers.Registry.Password,
		"KUBECONFIG_FILE="+servers.Cluster.Kubeconfig), err
}

// engineLoads measures first calls of modules of which the engine has nothing, and of ones of which a file has changed.
func (b *bench) engineLoads(ctx context.Context, servers *bed.Bed) (string, error) {
	const patience = 10 * time.Minute // as many runs as of the rest
	defer func(slow time.Duration) { b.slow = slow }(b.slow)
	b.slow = patience
	app, env, err := b.engineApp(servers, "engine", "")
	if err != nil {
		return "", err
	}
	modules := []module{
		{name: "a trivial module (the floor)", from: "trivial", call: []string{"hello"}, shows: "hello, world"},
		{name: "Ship", from: "..", call: []string{"version", "version"}, shows: "0.1.0"},
	}
	text := "### Loading a module\n\n`dagger call hello` of `bench/trivial` and `dagger call version version` of " +
		"Ship. Cold is an engine all of whose caches have been emptied (`dagger core engine local-cache prune`): it " +
		"unpacks its Go SDK, downloads modules, and compiles all that is not in the SDK's image. Changed is one " +
		"whose Go caches are full, and one file is new: what a new version of a module costs.\n\n"
	for _, state := range []struct {
		title string
		first func(*module, context.Context) error
	}{{"Cold", (*module).prune}, {"Changed", (*module).change}} {
		var contenders []contender
		for i := range modules {
			m := &modules[i]
			if err := m.copy(filepath.Join(b.state, fmt.Sprintf("%s%d", state.title, i))); err != nil {
				return "", err
			}
			contenders = append(contenders, contender{m.name, func(ctx context.Context, meter *meter) error {
				if err := state.first(m, ctx); err != nil {
					return err
				}
				if err := meter.exec(dagger(ctx, app.Dir, env,
					append([]string{"-m", m.dir, "call"}, m.call...)...)); err != nil {
					return err
				}
				return meter.says(m.shows)
			}})
		}
		rows, err := b.measure(ctx, contenders...)
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf("#### %s\n\n%s\n", state.title, b.table(rows, memory))
	}
	return text, nil
}
