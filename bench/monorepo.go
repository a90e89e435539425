package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dagger/ship/e2e/bed"
)

// monorepo measures repos of several projects that are all out.
func (b *bench) monorepo(ctx context.Context) (string, error) {
	var contenders []contender
	for _, projects := range []int{1, 10, 100} {
		b.say("a repo of %d projects", projects)
		app, err := b.newMonorepo(projects)
		if err != nil {
			return "", err
		}
		contenders = append(contenders, contender{fmt.Sprintf("projects: %d", projects),
			func(ctx context.Context, m *meter) error {
				return m.ship(ctx, app, "nothing to do", "release")
			}})
	}
	rows, err := b.measure(ctx, contenders...)
	return "`ship release` of repos whose `ship.toml` lists so many projects, all of them out, on a session already " +
		"up.\n\n" + b.table(rows, all), err
}

// newMonorepo makes a repo of so many projects, and releases them.
func (b *bench) newMonorepo(projects int) (*bed.App, error) {
	name := fmt.Sprintf("monorepo%d", projects)
	app, err := b.NewApp(name, filepath.Join(b.state, name))
	if err != nil {
		return nil, err
	}
	delete(app.Settings, "environments")
	var list strings.Builder
	for i := range projects {
		project := fmt.Sprintf("project%02d", i)
		fmt.Fprintf(&list, "[projects.%s]\n", project)
		folder := filepath.Join(app.Dir, project)
		if err := os.Mkdir(folder, 0o755); err != nil {
			return nil, err
		}
		for file, content := range map[string]string{
			"package.json": `{"name": "@acme/` + project + `", "version": "1.0.0"}`,
			"Dockerfile":   "FROM scratch\nCOPY package.json /\n",
		} {
			if err := os.WriteFile(filepath.Join(folder, file), []byte(content), 0o644); err != nil {
				return nil, err
			}
		}
	}
	if err := os.WriteFile(filepath.Join(app.Dir, "ship.toml"), []byte(list.String()), 0o644); err != nil {
		return nil, err
	}
	if _, err := app.Commit("several projects"); err != nil {
		return nil, err
	}
	return app, b.release(app)
}
