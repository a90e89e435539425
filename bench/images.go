package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"dagger/ship/e2e/bed"
)

// severalImages is how many images a project has here.
const severalImages = 6

// images measures the images of one version, built and pushed at once, against buildctl by hand.
func (b *bench) images(ctx context.Context) (string, error) {
	rows, err := b.measure(ctx, b.imagesByHand("handonce", "by hand, at once (the floor)", "&"),
		b.imagesByHand("handturns", "by hand, one after the other", ";"),
		b.imagesByShip("shippublish", "publish", "/image0:"), b.imagesByShip("shiprelease", "release", ": released"))
	return fmt.Sprintf("A project of %d images, each with a new file in each run, which one step reads: `ship` on a "+
		"session already up, against one `buildctl build` with a push for each image. By hand, nothing is looked at, "+
		"checked or labelled. `ship publish` builds and pushes, `ship release` also tags; neither moves `latest`. "+
		"The builds themselves take next to nothing, so that the table shows what is around them.\n\n",
		severalImages) + b.table(rows, memory), err
}

// newImages makes an app of several images.
func (b *bench) newImages(name string) (*bed.App, error) {
	app, err := b.NewLight(name, filepath.Join(b.state, name))
	if err != nil {
		return nil, err
	}
	delete(app.Settings, "environments")
	toml := "latest = false\n"
	for i := range severalImages {
		image := fmt.Sprintf("image%d", i)
		toml += fmt.Sprintf("[images.%s]\ncontext = %q\n", image, image)
		if err := os.Mkdir(filepath.Join(app.Dir, image), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(app.Dir, image, "Dockerfile"),
			[]byte("FROM busybox:1.35\nCOPY data /data\nRUN sha256sum /data > /sum\n"), 0o644); err != nil {
			return nil, err
		}
	}
	return app, os.WriteFile(filepath.Join(app.Dir, "ship.toml"), []byte(toml), 0o644)
}

// changeImages gives each of the images a file that it never had, and the app a version.
func (b *bench) changeImages(app *bed.App) (version string, err error) {
	for i := range severalImages {
		if err := os.WriteFile(filepath.Join(app.Dir, fmt.Sprintf("image%d", i), "data"),
			fmt.Appendf(nil, "%s %d %d\n", app.Name, b.versionsMade, i), 0o644); err != nil {
			return "", err
		}
	}
	return b.change(app)
}

func (b *bench) imagesByShip(name, function, shows string) contender {
	var app *bed.App
	return contender{"`ship " + function + "`", func(ctx context.Context, m *meter) (err error) {
		if app == nil {
			if app, err = b.newImages(name); err != nil {
				return err
			}
		}
		if _, err := b.changeImages(app); err != nil {
			return err
		}
		return m.ship(ctx, app, shows, function)
	}}
}

// imagesByHand builds all images. What goes between two builds is ; or &, as in a shell.
func (b *bench) imagesByHand(name, title, between string) contender {
	var app *bed.App
	return contender{title, func(ctx context.Context, m *meter) (err error) {
		if app == nil {
			if app, err = b.newImages(name); err != nil {
				return err
			}
		}
		version, err := b.changeImages(app)
		if err != nil {
			return err
		}
		script := "set -e\nbegun=\n"
		for i := range severalImages {
			script += fmt.Sprintf(`"$BUILDCTL_PROGRAM" build --progress=plain --frontend=dockerfile.v0 `+
				`--local=context="$1/image%[1]d" --local=dockerfile="$1/image%[1]d" `+
				`--output=type=image,name="$2/image%[1]d:$3",push=true,registry.insecure=true %[2]s`, i, between)
			if script += "\n"; between == "&" {
				script += "begun=\"$begun $!\"\n"
			}
		}
		cmd := exec.CommandContext(ctx, "sh", "-c", script+"for one in $begun; do wait $one; done", "sh", app.Dir,
			app.Image(), version)
		if cmd.Env, err = b.dockerConfig(); err != nil {
			return err
		}
		return m.exec(cmd)
	}}
}
