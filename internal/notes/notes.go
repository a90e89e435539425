// Package notes writes what is said about a version: its image, and what changed since the version
// before it. Commits in, Markdown out; it touches nothing.
package notes

import (
	"fmt"
	"strings"

	"dagger/ship/internal/version"
)

// Commit is one of the changes.
type Commit struct {
	Hash    string // 40 hexadecimal digits
	Subject string
	Author  string
	Merge   bool // whether it has several parents
}

// Notes is what the notes are made of.
type Notes struct {
	Image   string   // with tag and digest
	Since   string   // the tag of the version before; empty: there is none
	Commits []Commit // the newest first
}

// most is how many commits are listed: nobody reads more.
const most = 200

// Since picks the version that the notes begin after: the highest one below the version. A final
// version's notes list the changes of its pre-releases, too.
func Since(v version.Version, tagged []version.Version) (before version.Version, found bool) {
	for _, other := range tagged {
		if other.Compare(v) < 0 && (v.Prerelease() || !other.Prerelease()) && (!found || before.Compare(other) < 0) {
			before, found = other, true
		}
	}
	return before, found
}

// Markdown writes the notes in GitLab's dialect (https://docs.gitlab.com/user/markdown/), which
// makes links of commits and of !1 and #1.
func (n Notes) Markdown() string {
	var b strings.Builder
	b.WriteString(image(n.Image) + "\n\n")
	commits := worthTelling(n.Commits)
	switch {
	case len(commits) == 0 && n.Since != "":
		fmt.Fprintf(&b, "Nothing changed since %s.\n", n.Since)
	case n.Since != "":
		fmt.Fprintf(&b, "Changes since %s:\n\n", n.Since)
	case len(commits) > 0:
		b.WriteString("Changes:\n\n")
	}
	for i, c := range commits {
		if i == most {
			fmt.Fprintf(&b, "- … and %d more\n", len(commits)-most)
			break
		}
		fmt.Fprintf(&b, "- %s (%.8s, %s)\n", text(c.Subject), c.Hash, text(c.Author))
	}
	return strings.TrimSpace(b.String()) + "\n"
}

// Add puts the image below the text that somebody wrote about the version, and keeps that text.
func (n Notes) Add(description string) string {
	if strings.TrimSpace(description) == "" {
		return n.Markdown()
	}
	return strings.TrimRight(description, " \r\n") + "\n\n" + image(n.Image) + "\n"
}

func image(reference string) string { return "Image: `" + reference + "`" }

// worthTelling leaves out merges with the subject that git or GitLab gave them, since their changes
// are listed. It keeps them if there is nothing else.
func worthTelling(commits []Commit) []Commit {
	var worth []Commit
	for _, c := range commits {
		if !OfBranch(c.Merge, c.Subject) {
			worth = append(worth, c)
		}
	}
	if len(worth) == 0 {
		return commits
	}
	return worth
}

// OfBranch tells whether a commit is a merge that only says which branch it is of.
func OfBranch(merge bool, subject string) bool {
	return merge && (strings.HasPrefix(subject, "Merge branch ") ||
		strings.HasPrefix(subject, "Merge remote-tracking branch "))
}

// text keeps what looks like HTML from being read as HTML, except in code.
func text(words string) string {
	words = strings.Join(strings.Fields(words), " ")
	if strings.Contains(words, "`") {
		return words
	}
	return strings.ReplaceAll(words, "<", `\<`)
}
