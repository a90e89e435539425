package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"dagger/ship/e2e/bed"
)

// nothing measures what a merge costs that releases nothing.
func (b *bench) nothing(ctx context.Context) (string, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "The version of `pyproject.toml` is out already. The floor is one `git ls-remote` of its tag, "+
		"with the token sent at once. The script is `bench/script.sh`. semantic-release looks for commits since the "+
		"last release, in a checkout of the whole history without tags. `ship tag` and the script answer the same "+
		"question; `ship release` also looks at the image, and at `latest`.\n\n")
	for _, tags := range b.tags {
		app, err := b.newHistory(fmt.Sprintf("tags%d", tags), tags)
		if err != nil {
			return "", fmt.Errorf("make a repository with %d tags: %w", tags, err)
		}
		// what is looked at only goes through the registry's proxy
		app.Settings["image"] = b.registry.address() + "/" + app.Repo
		for _, trip := range b.trips {
			b.say("nothing to release, %d tags, %s away", tags, trip)
			b.git.away(trip)
			b.registry.away(trip)
			rows, err := b.measure(ctx, b.lookers(app)...)
			b.git.away(0)
			b.registry.away(0)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&text, "### %s tags, servers %s away\n\n%s\n", thousands(int64(tags)), away(trip),
				b.table(rows, all))
		}
	}
	return text.String(), nil
}

func away(trip time.Duration) string { return fmt.Sprintf("%d ms", trip.Milliseconds()) }

// lookers are the ways to find out that there is nothing to release.
func (b *bench) lookers(app *bed.App) []contender {
	remote, tag := b.Git.URL+"/"+app.Repo+".git", app.Name+"-1.0.0"
	git := []string{"-c", "http.extraHeader=Authorization: Basic " +
		base64.StdEncoding.EncodeToString([]byte(b.Git.User+":"+b.Git.Token)),
		"ls-remote", "--tags", remote, tag}
	contenders := []contender{{"one `git ls-remote` (the floor)", func(ctx context.Context, m *meter) error {
		if err := m.exec(exec.CommandContext(ctx, "git", git...)); err != nil {
			return err
		}
		return m.says("refs/tags/" + tag)
	}}}
	checkout := filepath.Join(b.state, "checkout")
	if b.python != "" {
		contenders = append(contenders, contender{"the shell script", func(ctx context.Context, m *meter) error {
			if err := clone(app, checkout); err != nil {
				return err
			}
			script, err := filepath.Abs("script.sh")
			if err != nil {
				return err
			}
			cmd := exec.CommandContext(ctx, "sh", script)
			cmd.Dir = checkout
			cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(b.python)+":"+os.Getenv("PATH"),
				"REMOTE="+b.withToken(remote))
			if err := m.exec(cmd); err != nil {
				return err
			}
			return m.says(tag + " exists")
		}})
	}
	if b.semanticRelease != "" {
		contenders = append(contenders, contender{"semantic-release --dry-run",
			func(ctx context.Context, m *meter) error {
				if err := clone(app, checkout); err != nil {
					return err
				}
				cmd := exec.CommandContext(ctx, b.semanticRelease, "--dry-run", "--no-ci", "--branches=main",
					"--repository-url="+remote,
					"--plugins=@semantic-release/commit-analyzer", "--tag-format="+app.Name+"-${version}")
				cmd.Dir = checkout
				cmd.Env = append(os.Environ(), "GIT_CREDENTIALS="+b.Git.User+":"+b.Git.Token)
				if err := m.exec(cmd); err != nil {
					return err
				}
				return m.says("no new version is released")
			}})
	}
	return append(contenders,
		contender{"`ship tag`", func(ctx context.Context, m *meter) error { return m.ship(ctx, app, tag, "tag") }},
		contender{"`ship release`", func(ctx context.Context, m *meter) error {
			return m.ship(ctx, app, "nothing to do", "release")
		}},
		contender{"`ship release`, the session's start included", func(ctx context.Context, m *meter) error {
			if err := m.exec(app.Command(ctx, "release")); err != nil {
				return err
			}
			return m.says("nothing to do")
		}},
	)
}

// withToken is an address with the git server's credentials in it.
func (b *bench) withToken(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.User = url.UserPassword(b.Git.User, b.Git.Token)
	return u.String()
}
