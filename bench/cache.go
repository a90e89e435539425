package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"dagger/ship/e2e/bed"
)

// cachedDockerfile is that of an app whose dependencies take five seconds and 20 MB.
const cachedDockerfile = `FROM busybox:1.35 AS packages
RUN sleep 5 && head -c 20000000 /dev/urandom > /packages
FROM busybox:1.35
COPY --from=packages /packages /packages
COPY src /src
RUN cat /packages /src/greeter/*.py | sha256sum > /sum
`

// caches measures runners that have built nothing yet, with the layer cache in the registry and without one.
func (b *bench) caches(ctx context.Context) (string, error) {
	defer func(was time.Duration) { b.slow = was }(b.slow)
	b.slow = 2 * time.Minute // a cold runner takes long on a machine that has much to do
	fills := 0
	rows, err := b.measure(ctx,
		b.released("cold", "a cold runner, without a cache", "", true),
		b.released("cached", "a cold runner, with the cache", "cache = true\n", true),
		contender{"a cold runner that fills the cache", func(ctx context.Context, m *meter) error {
			fills++ // in a repository of its own, in which there is none yet
			return b.released(fmt.Sprintf("filling%d", fills), "", "cache = true\n", true).run(ctx, m)
		}},
		b.released("warm", "a runner that keeps BuildKit's state, without a cache", "", false))
	return "`ship release` of a new version with another source, on a session already up. A step of the Dockerfile " +
		"stands for dependencies, which have not changed: it takes five seconds and makes 20 MB that do not " +
		"compress. A later step reads them and the source. A cold runner has a BuildKit that has built nothing yet; " +
		"that it starts does not count. The registry is on loopback: what it takes to fetch 20 MB from elsewhere, or " +
		"to make what they stand for, is the reader's to add.\n\n" + b.table(rows, memory), err
}

// released releases an app of one image without environments.
func (b *bench) released(name, title, toml string, cold bool) contender {
	var app *bed.App
	return contender{title, func(ctx context.Context, m *meter) (err error) {
		if app == nil {
			if app, err = b.NewLight(name, filepath.Join(b.state, name)); err != nil {
				return err
			}
			delete(app.Settings, "environments")
			files := map[string]string{"Dockerfile": cachedDockerfile, "ship.toml": "latest = false\n" + toml}
			for file, text := range files {
				if err := os.WriteFile(filepath.Join(app.Dir, file), []byte(text), 0o644); err != nil {
					return err
				}
			}
		}
		if _, err := b.change(app); err != nil {
			return err
		}
		if cold {
			root := filepath.Join(b.state, "cold-buildkit")
			host, stop, failed := b.NewBuildKit(root)
			if failed != nil {
				return failed
			}
			defer func() { stop(); err = errors.Join(err, os.RemoveAll(root)) }()
			app.Env = map[string]string{"BUILDKIT_HOST": host}
		}
		return m.ship(ctx, app, ": released", "release")
	}}
}
