// Package changes decides which version a project's changes make: what was tagged, what its manifest says and
// what changed in, the next version and why out. It touches nothing.
package changes

import (
	"fmt"
	"strings"

	"dagger/ship/internal/version"
)

// Change is a commit or a change file.
type Change struct {
	Level   version.Level
	Text    string // in a few words
	From    string // the commit or the file
	Unknown bool   // nobody could tell its level: it is no Conventional Commit
}

// Facts are what the next version follows from.
type Facts struct {
	Name     string            // the project's
	Says     version.Version   // the manifest's version; zero: there is none
	Manifest string            // where that is
	Scheme   version.Scheme    // of the project's versions
	Tagged   []version.Version // in any order
	Since    string            // what the changes are counted from, as a tag's name; empty: from the beginning
	Changes  []Change          // since the version Base, the newest first
	Files    bool              // the changes are change files, and not commits
}

// Next is the version that is next.
type Next struct {
	Facts
	Version version.Version // zero: there is nothing to release
	Base    version.Version // that it follows; zero: none
	Level   version.Level   // the highest of the changes
	Rule    string          // why the changes raise less than their level says; empty: they do not
	Said    bool            // the manifest says it already, and it is not tagged
	Meant   bool            // what the manifest says leads to it, and the changes make no more than that
}

// Base is the version that the changes are counted from: the highest final one that is tagged and is no
// higher than what the manifest says.
func Base(says version.Version, tagged []version.Version) (base version.Version, found bool) {
	for _, v := range tagged {
		if !v.Prerelease() && (says.Text == "" || v.Compare(says) <= 0) && (!found || base.Compare(v) < 0) {
			base, found = v, true
		}
	}
	return base, found
}

// Decide finds the next version. Its error says that no version can be made by changes.
func Decide(f Facts) (n Next, err error) {
	n = Next{Facts: f}
	for _, change := range f.Changes {
		n.Level = max(n.Level, change.Level)
	}
	said, err := f.said()
	if err != nil {
		return n, err
	}
	var found bool
	if n.Base, found = Base(f.Says, f.Tagged); !found {
		if n.Version, n.Said = said, said.Text != "" && said.Text == f.Says.Text; said.Text == "" {
			n.Version, err = version.Parse(f.Scheme, first)
		}
		return n, err
	}
	made := n.Base
	if n.Level > version.NoLevel {
		if made, n.Rule, err = n.Base.Raise(n.Level); err != nil {
			return n, err
		}
	}
	_, development := f.Says.Development()
	if said.Text != "" && !(development && n.Level == version.NoLevel) {
		final, err := said.Final()
		if err != nil {
			return n, err
		}
		// what people have written counts, unless the changes make more
		if final.Compare(made) >= 0 && said.Compare(n.Base) > 0 {
			n.Version, n.Said = said, said.Text == f.Says.Text
			n.Meant = !n.Said && said.Compare(made) > 0
			return n, nil
		}
	}
	if n.Level == version.NoLevel {
		return n, nil
	}
	if tagged(made, f.Tagged) {
		return n, fmt.Errorf("the changes since %s make %s, which is tagged already: write a version above the "+
			"highest one that is tagged into the manifest", f.Since, made.Text)
	}
	n.Version = made
	return n, nil
}

// first is the first version of a project that says none.
const first = "0.1.0"

// said is the version that the manifest means: of one that is still worked on, and of a pre-release that is
// tagged, the final one. It is zero if the manifest says none.
func (f Facts) said() (version.Version, error) {
	if f.Says.Text == "" {
		return version.Version{}, nil
	}
	_, development := f.Says.Development()
	if development || f.Says.Prerelease() && tagged(f.Says, f.Tagged) {
		return f.Says.Final()
	}
	return f.Says, nil
}

func tagged(v version.Version, all []version.Version) bool {
	for _, other := range all {
		if other.Compare(v) == 0 {
			return true
		}
	}
	return false
}

// most is how many changes are listed.
const most = 50

// String tells people which version is next, and why.
func (n Next) String() string {
	var b strings.Builder
	switch {
	case n.Version.Text == "":
		fmt.Fprintf(&b, "%s: nothing to release. %s raises the version.\n", n.Name, n.none())
	case n.Base.Text == "" && n.Said:
		fmt.Fprintf(&b, "%s: the next version is %s. %s says it, and no final version is tagged yet.\n", n.Name,
			n.Version.Text, n.Manifest)
	case n.Base.Text == "" && n.Says.Text != "":
		fmt.Fprintf(&b, "%s: the next version is %s. %s says %s, and no final version is tagged yet.\n", n.Name,
			n.Version.Text, n.Manifest, n.Says.Text)
	case n.Base.Text == "":
		fmt.Fprintf(&b, "%s: the next version is %s, the first.\n", n.Name, n.Version.Text)
	case n.Said:
		fmt.Fprintf(&b, "%s: the next version is %s. %s says it already, and it is not tagged yet. %s.\n", n.Name,
			n.Version.Text, n.Manifest, n.make())
	case n.Meant:
		fmt.Fprintf(&b, "%s: the next version is %s. %s says %s, which leads to it. %s.\n", n.Name, n.Version.Text,
			n.Manifest, n.Says.Text, n.make())
	default:
		fmt.Fprintf(&b, "%s: the next version is %s. %s.\n", n.Name, n.Version.Text, n.make())
	}
	n.list(&b)
	if n.Version.Text != "" && !n.Said && n.Says.Text != "" {
		fmt.Fprintf(&b, "\n%s says %s: write %s there to release it.\n", n.Manifest, n.Says.Text, n.Version.Text)
	}
	return b.String()
}

// make says what the changes make of the version before.
func (n Next) make() string {
	kinds := map[version.Level]string{
		version.NoLevel: "raises it",
		version.Patch:   "raise the third number",
		version.Minor:   "raise the second number",
		version.Major:   "raise the first number",
	}
	if n.Level == version.NoLevel {
		return n.none() + " " + kinds[n.Level]
	}
	told := fmt.Sprintf("The changes since %s are %s: they %s", n.Since, n.Level, kinds[n.Level])
	if n.Rule != "" {
		told = fmt.Sprintf("The changes since %s are %s: %s", n.Since, n.Level, n.Rule)
	}
	return told
}

// none says that no change raises the version.
func (n Next) none() string {
	what := "commit"
	if n.Files {
		what = "file in " + Folder
	}
	if n.Since == "" {
		return "No " + what
	}
	return fmt.Sprintf("No %s since %s", what, n.Since)
}

// list lists what raises the version, the highest level first, and counts what does not.
func (n Next) list(b *strings.Builder) {
	listed, left, unknown, other := 0, 0, 0, 0
	for level := version.Major; level > version.NoLevel; level-- {
		for _, change := range n.Changes {
			if change.Level != level {
				continue
			}
			if listed++; listed > most {
				left++
				continue
			}
			if listed == 1 {
				b.WriteString("\n")
			}
			fmt.Fprintf(b, "  %-6s %s (%s)\n", level, change.Text, change.From)
		}
	}
	for _, change := range n.Changes {
		if change.Unknown {
			unknown++
		} else if change.Level == version.NoLevel {
			other++
		}
	}
	if left > 0 {
		fmt.Fprintf(b, "  … and %d more\n", left)
	}
	if other > 0 {
		fmt.Fprintf(b, "\n%s of a type that raises nothing.\n", count(other))
	}
	if unknown > 0 {
		what := "Commit, so nobody could tell what it raises"
		if unknown > 1 {
			what = "Commits, so nobody could tell what they raise"
		}
		fmt.Fprintf(b, "\n%s no Conventional %s: begin a subject with feat:, fix: or perf:, and with ! before the "+
			"colon if it breaks something.\n", count(unknown), what)
	}
}

func count(commits int) string {
	if commits == 1 {
		return "1 commit is"
	}
	return fmt.Sprintf("%d commits are", commits)
}
