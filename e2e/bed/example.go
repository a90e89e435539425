package bed

import (
	"os"
	"path/filepath"
)

// Example is an app repo below examples, and where its name and its version stand: files, and in each what goes before
// the value, which ends at the next quotation mark.
type Example struct {
	Folder        string
	name, version map[string]string
	files         map[string]string // that are not the folder's own
}

// The examples that there are.
var (
	Poetry = Example{"poetry-service",
		map[string]string{"pyproject.toml": `(?m)^(name = ")[^"]*`},
		map[string]string{"pyproject.toml": `(?m)^(version = ")[^"]*`}, nil}
	NPM = Example{"npm-service",
		map[string]string{"package.json": `("name": ")[^"]*`},
		map[string]string{"package.json": `("version": ")[^"]*`}, nil}
	Cargo = Example{"cargo-service",
		map[string]string{"Cargo.toml": `(\[package\]\nname = ")[^"]*`, "Cargo.lock": `(?m)^(name = ")[^"]*`},
		map[string]string{"Cargo.toml": `(?m)^(version = ")[^"]*`, "Cargo.lock": `(?m)^(version = ")[^"]*`}, nil}
	// These two have no manifest. Their environments are to be no other test's.
	ByCommit = Example{"by-commit", map[string]string{"ship.toml": `(?m)^(namespace = ")shop`}, nil, nil}
	ByTag    = Example{"by-tag", map[string]string{"ship.toml": `(?m)^(namespace = ")shop`}, nil, nil}
	// These are called as their repository is.
	Cloud       = called("cloud")
	TakingOver  = called("taking-over")
	SharedChart = called("shared-chart")
	Umbrella    = called("umbrella")
	Artifact    = called("artifact")
)

// called is an example whose manifest is a file VERSION.
func called(folder string) Example {
	return Example{folder, map[string]string{"ship.toml": `(?m)^(namespace = ")shop`},
		map[string]string{"VERSION": `()[0-9].*`}, nil}
}

// rewrite puts a value wherever the example has it.
func (a *App) rewrite(places map[string]string, value string) error {
	for file, pattern := range places {
		if err := a.Edit(file, pattern, "${1}"+value); err != nil {
			return err
		}
	}
	return nil
}

// PushComponent pushes Ship's GitLab component to a repository that anyone may read, tagged as a version; dir must be
// empty.
func (b *Bed) PushComponent(repository, version, dir string) error {
	if err := os.CopyFS(filepath.Join(dir, "templates"), os.DirFS(filepath.Join(b.root, "templates"))); err != nil {
		return err
	}
	if _, err := output(os.Getenv("TESTBED_PROGRAM"), "repo", repository, "--public", "--state", b.state); err != nil {
		return err
	}
	a := &App{Bed: b, Dir: dir}
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"}, {"remote", "add", "origin",
			b.Git.URL + "/" + repository + ".git"},
	} {
		if _, err := a.RunGit(args...); err != nil {
			return err
		}
	}
	if _, err := a.Commit("the component"); err != nil {
		return err
	}
	if _, err := a.RunGit("tag", version); err != nil {
		return err
	}
	_, err := a.RunGit("push", "--quiet", "origin", version)
	return err
}
