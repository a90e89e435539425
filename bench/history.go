package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"dagger/ship/e2e/bed"
)

// newHistory makes an app with so many released versions, each a commit with an annotated tag, and releases one more.
func (b *bench) newHistory(name string, tags int) (*bed.App, error) {
	app, err := b.NewApp(name, filepath.Join(b.state, name))
	if err != nil {
		return nil, err
	}
	delete(app.Settings, "environments")
	head, err := app.RunGit("rev-parse", "HEAD")
	if err != nil {
		return nil, err
	}
	// the format of git-fast-import(1)
	var stream bytes.Buffer
	who := func(i int) string { return fmt.Sprintf("a <a@localhost> %d +0000", 1_700_000_000+i) }
	for i := range tags - 1 {
		from := head
		if i > 0 {
			from = fmt.Sprintf(":%d", i)
		}
		fmt.Fprintf(&stream, "commit refs/heads/main\nmark :%d\ncommitter %s\ndata 3\nnew\nfrom %s\n",
			i+1, who(i), from)
		fmt.Fprintf(&stream, "tag %s-0.%d.%d\nfrom :%d\ntagger %s\ndata 3\nnew\n", name, i/100, i%100, i+1, who(i))
	}
	// the server's own folder: what a push of as many would do there, and what its housekeeping would
	bare := filepath.Join(b.state, "testbed", "git", "repositories", app.Repo+".git")
	for _, args := range [][]string{{"fast-import", "--quiet"}, {"pack-refs", "--all"}} {
		cmd := exec.Command("git", append([]string{"-C", bare}, args...)...)
		cmd.Stdin = bytes.NewReader(stream.Bytes())
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("git %s: %w\n%s", args[0], err, out)
		}
	}
	if _, err := app.RunGit("pull", "--quiet", "--no-tags", "origin", "main"); err != nil {
		return nil, err
	}
	if _, err := app.Bump("1.0.0"); err != nil {
		return nil, err
	}
	return app, b.release(app)
}

// release releases what the app's manifest says, uncounted.
func (b *bench) release(app *bed.App) error {
	out, errs, err := app.Call(b.ctx, "release")
	if err != nil {
		return fmt.Errorf("release %s: %w\n%s%s", app.Name, err, out, errs)
	}
	return nil
}

// clone makes a checkout of the app as CI has it, without tags.
func clone(app *bed.App, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if out, err := exec.Command("git", "clone", "--quiet", "--no-tags", app.Dir, to).CombinedOutput(); err != nil {
		return fmt.Errorf("git clone: %w\n%s", err, out)
	}
	return nil
}
