package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"dagger/ship/e2e/bed"
)

// releases measures a whole release against its build, push and rollout by hand.
func (b *bench) releases(ctx context.Context) (string, error) {
	text := "The example, with a new version and another source in each run: `ship release` on a session already up, " +
		"against `buildctl build` with a push, then `helm upgrade --install --wait` for one environment after the " +
		"other, with Helm's own program on this machine. By hand, nothing is looked at, checked, tagged or labelled. " +
		"Two environments at once are `--environments=test+production`; by hand they are still deployed to one after " +
		"the other. Runs begin at other parts of a second each, the same for both, since rollouts end by the " +
		"kubelet's, which looks once a second.\n\n"
	for i, c := range []struct {
		title, between string
		environments   []string
	}{
		{"No environment", ",", nil},
		{"One environment", ",", []string{"production"}},
		{"Two environments", ",", []string{"test", "production"}},
		{"Two environments at once", "+", []string{"test", "production"}},
	} {
		b.say("a release: %s", strings.ToLower(c.title))
		rows, err := b.measure(ctx, b.byHand(fmt.Sprintf("hand%d", i), c.environments),
			b.byShip(fmt.Sprintf("ship%d", i), c.environments, c.between))
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf("### %s\n\n%s\n", c.title, b.table(rows, memory))
	}
	return text, nil
}

// change gives the app a version that it never had, and commits it.
func (b *bench) change(app *bed.App) (version string, err error) {
	b.versionsMade++
	version = fmt.Sprintf("1.%d.0", b.versionsMade)
	if err := os.WriteFile(filepath.Join(app.Dir, "src", "greeter", "build.py"),
		fmt.Appendf(nil, "BUILD = %d\n", b.versionsMade), 0o644); err != nil {
		return "", err
	}
	_, err = app.Bump(version)
	return version, err
}

// newDeployed makes an app for the environments, each a namespace. Between them is "," where Ship deploys to one after
// the other, and "+" where at the same time.
func (b *bench) newDeployed(name string, environments []string, between string) (*bed.App, error) {
	app, err := b.NewApp(name, filepath.Join(b.state, name))
	if err != nil {
		return nil, err
	}
	delete(app.Settings, "environments")
	var targets []string
	for _, environment := range environments {
		targets = append(targets, environment+"="+name+"-"+environment)
	}
	if len(targets) > 0 {
		app.Settings["environments"] = strings.Join(targets, between)
	}
	return app, nil
}

// awaitMoment waits for another part of a second in each run, the same for all contenders. A kubelet looks at its pods
// once a second, so that a rollout ends at nearly the same part of each: without, a difference of less than a second is
// none or a whole one.
func awaitMoment(run int) {
	const golden = 0.618033988749895 // its multiples are spread evenly over a second, however many there are
	_, part := math.Modf(float64(run) * golden)
	now := time.Now()
	moment := now.Truncate(time.Second).Add(time.Duration(part * float64(time.Second)))
	if moment.Before(now) {
		moment = moment.Add(time.Second)
	}
	time.Sleep(time.Until(moment))
}

func (b *bench) byShip(name string, environments []string, between string) contender {
	var app *bed.App
	runs := 0
	return contender{"`ship release`", func(ctx context.Context, m *meter) (err error) {
		if app == nil {
			if app, err = b.newDeployed(name, environments, between); err != nil {
				return err
			}
		}
		if _, err := b.change(app); err != nil {
			return err
		}
		runs++
		awaitMoment(runs)
		return m.ship(ctx, app, ": released", "release")
	}}
}

func (b *bench) byHand(name string, environments []string) contender {
	var app *bed.App
	runs := 0
	return contender{"by hand (the floor)", func(ctx context.Context, m *meter) (err error) {
		if app == nil {
			if app, err = b.newDeployed(name, environments, ","); err != nil {
				return err
			}
		}
		version, err := b.change(app)
		if err != nil {
			return err
		}
		runs++
		awaitMoment(runs)
		metadata := filepath.Join(b.state, "metadata.json")
		build := exec.CommandContext(ctx, os.Getenv("BUILDCTL_PROGRAM"), "build", "--progress=plain",
			"--frontend=dockerfile.v0",
			"--local=context="+app.Dir, "--local=dockerfile="+app.Dir, "--metadata-file="+metadata,
			"--output=type=image,name="+app.Image()+":"+version+",push=true,registry.insecure=true")
		if build.Env, err = b.dockerConfig(); err != nil {
			return err
		}
		if err := m.exec(build); err != nil {
			return err
		}
		digest, err := built(metadata)
		if err != nil {
			return err
		}
		for _, environment := range environments {
			chart := filepath.Join(app.Dir, "chart")
			helm := exec.CommandContext(ctx, filepath.Join(os.Getenv("CLUSTER_PROGRAMS"), "helm"),
				"--kubeconfig="+b.Cluster.Kubeconfig,
				"upgrade", "--install", app.Name, chart, "--namespace="+app.Name+"-"+environment, "--create-namespace",
				"--values="+filepath.Join(chart, "values-"+environment+".yaml"),
				"--set-string=image.repository="+app.Image(),
				"--set-string=image.tag="+version, "--set-string=image.digest="+digest, "--server-side=true",
				"--wait", "--timeout=2m")
			if err := m.exec(helm); err != nil {
				return err
			}
		}
		return nil
	}}
}

// dockerConfig is an environment with the registry's credentials where buildctl looks for them.
func (b *bench) dockerConfig() ([]string, error) {
	folder := filepath.Join(b.state, "docker")
	config, err := json.Marshal(map[string]any{"auths": map[string]any{b.Registry.Address: map[string]string{
		"auth": base64.StdEncoding.EncodeToString([]byte(b.Registry.User + ":" + b.Registry.Password)),
	}}})
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	return append(os.Environ(), "DOCKER_CONFIG="+folder), os.WriteFile(filepath.Join(folder, "config.json"), config,
		0o600)
}

// built is the digest that buildctl wrote down.
func built(metadata string) (string, error) {
	data, err := os.ReadFile(metadata)
	if err != nil {
		return "", err
	}
	var said map[string]json.RawMessage
	if err := json.Unmarshal(data, &said); err != nil {
		return "", fmt.Errorf("read what buildctl wrote: %w", err)
	}
	var digest string
	return digest, json.Unmarshal(said["containerimage.digest"], &digest)
}
