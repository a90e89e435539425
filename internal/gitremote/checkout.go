package gitremote

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Checkout is a folder that git works in. It returns the text of a file by its path relative to the
// folder, so that only a few small files are needed
// (https://git-scm.com/docs/gitrepository-layout).
type Checkout func(path string) (string, error)

// maxLinks is how many symbolic refs may follow each other, as in git, and maxFiles how many files
// of settings are read.
const (
	maxLinks = 5
	maxFiles = 20
)

// Head returns the commit that a checkout's HEAD is at.
func (c Checkout) Head() (string, error) {
	const instead = "name its commit with --commit"
	at, err := c(".git/HEAD")
	if err != nil {
		return "", c.missing(".git/HEAD", instead)
	}
	ref := "HEAD"
	for range maxLinks {
		at = strings.TrimSpace(at)
		next, symbolic := strings.CutPrefix(at, "ref:")
		switch next = strings.TrimSpace(next); {
		case !symbolic && plumbing.IsHash(at):
			return at, nil
		case !symbolic && len(at) == 64 && strings.Trim(at, "0123456789abcdef") == "":
			return "", errors.New("the source's commits are named by SHA-256, which Ship does not know yet: release " +
				"from a repository of SHA-1")
		case !symbolic:
			return "", fmt.Errorf(".git/%s has %q instead of a commit", ref, short(at, 100))
		case next == "refs/heads/.invalid": // https://git-scm.com/docs/reftable#_layout
			return "", errors.New("the source keeps its branches as a reftable, which Ship does not read: " + instead +
				"=$(git rev-parse HEAD)")
		case !strings.HasPrefix(next, "refs/") || path.Clean(next) != next:
			return "", fmt.Errorf(".git/%s has %q instead of a branch", ref, short(next, 100))
		}
		ref = next
		if at, err = c(".git/" + ref); err != nil {
			if at = c.packed(ref); at == "" {
				return "", fmt.Errorf("%s has no commit yet: commit first, or name a commit with --commit", ref)
			}
		}
	}
	return "", fmt.Errorf("%s points from one ref to another, %d times: %s", ref, maxLinks, instead)
}

// packed is the commit of a ref that has no file of its own; empty if there is no such ref.
func (c Checkout) packed(ref string) string {
	refs, err := c(".git/packed-refs")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(refs) {
		if hash, name, _ := strings.Cut(strings.TrimSpace(line), " "); name == ref {
			return hash
		}
	}
	return ""
}

// missing says why a file of the repository is not there.
func (c Checkout) missing(file, instead string) error {
	link, err := c(".git")
	if place, is := strings.CutPrefix(strings.TrimSpace(link), "gitdir:"); err == nil && is {
		return fmt.Errorf("the source is a worktree or a submodule, whose repository is outside of it (%s): %s",
			short(strings.TrimSpace(place), 200), instead)
	}
	return fmt.Errorf("the source is not a git checkout (there is no %s): %s", file, instead)
}

// IsCommit tells whether text is a commit's whole object id.
func IsCommit(text string) bool { return plumbing.IsHash(text) }

// Origin returns the address that git fetches from for the remote called origin, after
// url.*.insteadOf. If there are several, it is the first. Only settings in the checkout count.
func (c Checkout) Origin() (string, error) {
	const instead = "name the remote with --remote"
	var address string
	var unread []string
	bases := map[string]string{} // by the prefix that they replace
	use := func(s setting) {
		switch {
		case s.value == "":
		case s.section == "remote" && s.about == "origin" && s.key == "url":
			address = cmp.Or(address, s.value)
		case s.section == "url" && s.key == "insteadof":
			bases[s.value] = s.about
		}
	}
	left := maxFiles
	if !c.settings(".git/config", use, &unread, &left) {
		return "", c.missing(".git/config", instead)
	}
	if address == "" && len(unread) > 0 {
		return "", fmt.Errorf(".git/config has no remote called origin, unless in what it includes from elsewhere "+
			"(%s): %s", short(strings.Join(unread, ", "), 200), instead)
	}
	if address == "" {
		return "", errors.New(".git/config has no remote called origin: " + instead)
	}
	longest := ""
	for prefix := range bases {
		if strings.HasPrefix(address, prefix) && len(prefix) > len(longest) {
			longest = prefix
		}
	}
	return bases[longest] + strings.TrimPrefix(address, longest), nil
}

// settings reads a file of git settings, and the files that it includes if they are in the
// checkout. It adds those that it cannot read to unread.
func (c Checkout) settings(file string, use func(setting), unread *[]string, left *int) bool {
	if *left--; *left < 0 {
		return false
	}
	text, err := c(file)
	if err != nil {
		return false
	}
	readSettings(text, func(s setting) {
		use(s)
		if s.key != "path" || s.section != "include" && s.section != "includeif" || s.value == "" {
			return
		}
		// what a condition is about (the machine's folders, mostly) is not known here
		inside := s.section == "include" && !path.IsAbs(s.value) && !strings.HasPrefix(s.value, "~")
		if at := path.Join(path.Dir(file), s.value); !inside || strings.HasPrefix(at, "..") ||
			!c.settings(at, use, unread, left) {
			*unread = append(*unread, s.value)
		}
	})
	return true
}
