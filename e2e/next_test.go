package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// next is what the function says, which begins with a line for each project.
func (a *app) next(words ...string) string {
	a.t.Helper()
	before := a.git("rev-parse", "HEAD") + a.git("status", "--porcelain")
	out := a.says([]string{"next"}, words...)
	if after := a.git("rev-parse", "HEAD") + a.git("status", "--porcelain"); after != before {
		a.t.Errorf("next changed the repo: %s", after)
	}
	return out
}

// change commits a change of a file.
func (a *app) change(file, message string) {
	a.t.Helper()
	must(a.t, 0, os.MkdirAll(filepath.Join(a.Dir, filepath.Dir(file)), 0o755))
	a.write(file, message+"\n")
	a.commit(message)
}

// tag tags the version that the manifest says.
func (a *app) tag(flags ...string) {
	a.t.Helper()
	out, err := a.ship(append(flags, "tag")...)
	if err != nil {
		a.t.Fatal(out)
	}
}

// TestNext: the commits since the last tag make a version, which is the one that a release then makes.
func TestNext(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	name := a.Name + ": "
	a.next(name + "the next version is 0.1.0. pyproject.toml says it, and no final version is tagged yet.")
	a.tag()
	since := "since " + a.Name + "-0.1.0 "
	a.next(name + "nothing to release. No commit " + since + "raises the version.")

	a.change("docs.md", "docs: explain it")
	a.change("words.md", "Explain it again")
	a.next(name+"nothing to release.", "1 commit is of a type that raises nothing.",
		"1 commit is no Conventional Commit, so nobody could tell what it raises: ")
	a.change("fix.md", "fix: round up")
	a.next(name + "the next version is 0.1.1. The changes " + since + "are patch: they raise the third number.")
	a.change("feat.md", "feat(cart): pay by invoice")
	a.next(name+"the next version is 0.2.0. The changes "+since+"are minor", "  minor  feat(cart): pay by invoice (",
		"  patch  fix: round up (", "pyproject.toml says 0.1.0: write 0.2.0 there to release it.")
	a.change("break.md", "refactor: one name\n\nBREAKING CHANGE: the other name is gone")
	a.next(name+"the next version is 0.2.0.", "below 1.0.0 a breaking change raises the second number",
		"  major  refactor: one name (")
	if len(a.tags()) != 1 {
		t.Errorf("the tags are %v", a.tags())
	}

	a.edit("pyproject.toml", `(?m)^version = .*`, `version = "1.0.0"`)
	a.change("one.md", "feat!: the first that lasts")
	a.next(name + "the next version is 1.0.0. pyproject.toml says it already, and it is not tagged yet.")
	a.tag()
	a.change("two.md", "fix!: break it again")
	a.next(name + "the next version is 2.0.0. The changes since " + a.Name + "-1.0.0 are major: they raise the " +
		"first number.")

	a.write("ship.toml", "next = \"label\"\n")
	a.commit("by labels")
	if out, err := a.ship("next"); err == nil ||
		!strings.Contains(out, "ship.toml:1:1: next: labels of merge requests are not read yet: write commits or "+
			"files") {
		t.Errorf("by labels: %v", err)
	}
}

// TestNextOfOneProject: of a repo of several projects, only those commits count that touch a project's folder.
func TestNextOfOneProject(t *testing.T) {
	t.Parallel()
	a := newMonorepo(t, "[projects.api]\npath = \"services/api\"\nenvironments = []\n\n[projects.web]\n"+
		"environments = []\n", "services/api", "web")
	for _, project := range []string{"api", "web"} {
		a.tag("--project=" + project)
	}
	a.change("services/api/a.md", "feat: more of api")
	a.change("readme.md", "feat!: nobody's")
	if got := a.next("api: the next version is 0.2.0.", "web: nothing to release."); strings.Contains(got, "nobody's") {
		t.Error("a commit outside of the projects counts")
	}
	a.change("web/w.md", "fix: less of web")
	a.next("api: the next version is 0.2.0.", "web: the next version is 0.1.1.")
}

// TestNextByFiles: change files count that the last version's commit does not have.
func TestNextByFiles(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.write("ship.toml", "next = \"files\"\n")
	a.change(".changes/README.md", "how to write one")
	a.change(".changes/first.md", "major: the first")
	a.next(a.Name+": the next version is 0.1.0. pyproject.toml says it", "  major  the first (first.md)")
	a.tag()
	a.change("feat.md", "feat: what has no file")
	a.next(a.Name + ": nothing to release. No file in .changes since " + a.Name + "-0.1.0 raises the version.")
	a.change(".changes/round.md", "patch: round up")
	a.next(a.Name+": the next version is 0.1.1.", "  patch  round up (round.md)")
	a.change(".changes/wrong.md", "feat: is no level")
	if out, err := a.ship("next"); err == nil || !strings.Contains(out, ".changes/wrong.md:1: it does not begin "+
		"with what it raises") {
		t.Errorf("a faulty file: %v", err)
	}
}
