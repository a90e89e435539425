package gitremote

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Commit is one of a history's commits.
type Commit struct {
	Hash    string // 40 hexadecimal digits
	Subject string // the first line of its message
	Author  string // the name of who wrote it
	Merge   bool   // whether it has several parents
}

// Range is a part of a repository's history.
type Range struct {
	To     string // the newest commit
	From   string // leaves out what it can be reached from, itself included; empty: the last Depth generations of commits count
	Folder string // leaves out what changes nothing below it, relative to the root; empty or ".": nothing is left out
}

// Depth is how many generations of commits are looked at where nothing ends a history sooner.
const Depth = 200

// most is how many bytes a history may take: some hundred thousand commits. Beyond that, Depth generations must do.
var most int64 = 32 << 20

// History returns the commits of a range, the newest first, as the remote has them. It takes one request, and no files are sent.
// Its error wraps ErrNoCommit where the remote does not have the newest.
func (r *Remote) History(ctx context.Context, in Range) (commits []Commit, err error) {
	if in.Folder = strings.Trim(in.Folder, "/"); in.Folder == "." {
		in.Folder = ""
	}
	if in.To == in.From {
		return nil, nil
	}
	filter, deepen := "filter tree:0", "deepen "+strconv.Itoa(Depth)
	if in.Folder != "" {
		filter = "filter blob:none"
	}
	arguments := []string{"want " + in.To}
	if in.From != "" {
		arguments = append(arguments, "have "+in.From)
	} else {
		arguments = append(arguments, deepen)
	}
	err = r.do(ctx, "fetch the history of "+in.To, func(ctx context.Context) error {
		store, err := r.fetch(ctx, most, append(arguments, filter)...)
		if errors.Is(err, errTooLarge) && in.From != "" {
			store, err = r.fetch(ctx, most, append(arguments, filter, deepen)...)
		}
		if errors.Is(err, errNotGit) { // as a server says that knows no filters
			store, err = r.fetch(ctx, most, append(arguments, deepen)...)
		}
		if err != nil {
			return err
		}
		commits = (&history{store, in}).list()
		return nil
	})
	return commits, err
}

// history are the commits of a range, without those that it begins after.
type history struct {
	store *objects
	Range
}

// list walks from the newest commit on, of those that are known next always the youngest, as git log does.
func (h *history) list() (commits []Commit) {
	seen := map[plumbing.Hash]bool{}
	var next []*commit
	reach := func(hash plumbing.Hash) {
		if c, err := h.store.commit(hash); err == nil && !seen[hash] {
			seen[hash] = true
			next = append(next, c)
		}
	}
	for reach(plumbing.NewHash(h.To)); len(next) > 0; {
		youngest := 0
		for i, c := range next {
			if c.made.After(next[youngest].made) {
				youngest = i
			}
		}
		c := next[youngest]
		next = append(next[:youngest], next[youngest+1:]...)
		if h.Folder == "" || h.changes(c) {
			subject, _, _ := strings.Cut(strings.TrimSpace(c.message), "\n")
			commits = append(commits, Commit{c.hash.String(), strings.TrimSpace(subject), c.author, len(c.parents) > 1})
		}
		for _, parent := range c.parents {
			reach(parent)
		}
	}
	return commits
}

// changes tells whether the folder is another in a commit than in each of its parents. Of a commit that the range begins after, nothing
// is there; but the server sends no folder that is in one, so that a folder that it sent is a changed one.
func (h *history) changes(c *commit) bool {
	mine, known := h.folder(c.hash)
	if len(c.parents) == 0 {
		return mine != plumbing.ZeroHash
	}
	for _, parent := range c.parents {
		theirs, parentKnown := h.folder(parent)
		switch {
		case known && parentKnown && mine == theirs, !known && !parentKnown:
			return false
		case known && !parentKnown && (h.From == "" || !h.store.has(mine)):
			return false
		}
	}
	return true
}

// folder is the tree of the folder in a commit: zero where it has no such folder, and not known where the server did not send what it
// takes to tell.
func (h *history) folder(commit plumbing.Hash) (tree plumbing.Hash, known bool) {
	c, err := h.store.commit(commit)
	if err != nil {
		return tree, false
	}
	tree = c.tree
	for name := range strings.SplitSeq(h.Folder, "/") {
		if tree, err = h.store.entry(tree, name); err != nil {
			return plumbing.ZeroHash, false
		}
		if tree.IsZero() {
			return tree, true
		}
	}
	return tree, true
}
