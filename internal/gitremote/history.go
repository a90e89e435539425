package gitremote

import (
	"container/heap"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"dagger/ship/internal/limit"
)

// Commit is one of a history's commits.
type Commit struct {
	Hash    string // 40 hexadecimal digits
	Subject string // the first line of its message
	Author  string // the name of who wrote it
	Merge   bool   // whether it has several parents
	Message string // the whole of it
}

// Range is a part of a repository's history.
type Range struct {
	To     string // the newest commit
	From   string // leaves out this commit and its ancestors; empty: the last Depth generations count
	Folder string // leaves out commits that change nothing below it, relative to the root; empty or ".": all count
}

// Depth is how many generations of commits are read if nothing ends a history sooner.
const Depth = 200

// History returns the commits of a range, the newest first, as the remote has them. It takes one
// request, and no files are sent. Its error wraps ErrNoCommit if the remote does not have the
// newest.
func (r *Remote) History(ctx context.Context, in Range) (commits []Commit, err error) {
	if in.Folder = strings.Trim(in.Folder, "/"); in.Folder == "." {
		in.Folder = ""
	}
	if in.To == in.From {
		return nil, nil
	}
	keep := []plumbing.ObjectType{plumbing.CommitObject}
	if in.Folder != "" {
		keep = append(keep, plumbing.TreeObject)
	}
	filter := "filter tree:0"
	if in.Folder != "" {
		filter = "filter blob:none"
	}
	arguments := []string{"want " + in.To}
	depths := []int{Depth, Depth / 10, 1}
	if in.From != "" {
		arguments, depths = append(arguments, "have "+in.From), append([]int{0}, depths...)
	}
	err = r.do(ctx, "fetch the history of "+in.To, func(ctx context.Context) error {
		var store *objects
		for _, depth := range depths { // as many generations as are within the limits
			ask := slices.Clone(arguments)
			if depth > 0 {
				ask = append(ask, "deepen "+strconv.Itoa(depth))
			}
			var err error
			store, err = r.fetch(ctx, fetching{keep: keep}, append(slices.Clone(ask), filter)...)
			if errors.Is(err, errNotGit) { // a server that knows no filters says this; it sends files, too
				if depth == 0 {
					ask = append(ask, "deepen "+strconv.Itoa(Depth))
				}
				store, err = r.fetch(ctx, fetching{keep: keep}, ask...)
			}
			if err == nil {
				break
			}
			if !errors.Is(err, limit.ErrExceeded) || depth == 1 {
				return err
			}
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

// list walks back from the newest commit, always to the youngest of the commits that were reached,
// as git log does.
func (h *history) list() (commits []Commit) {
	seen := map[plumbing.Hash]bool{}
	var next queue
	reach := func(hash plumbing.Hash) {
		if seen[hash] {
			return
		}
		seen[hash] = true
		if c, err := h.store.commit(hash); err == nil {
			heap.Push(&next, queued{c, len(seen)})
		}
	}
	for reach(plumbing.NewHash(h.To)); len(next) > 0; {
		c := heap.Pop(&next).(queued).commit
		if h.Folder == "" || h.changes(c) {
			subject, _, _ := strings.Cut(strings.TrimSpace(c.message), "\n")
			commits = append(commits, Commit{
				Hash:    c.hash.String(),
				Subject: strings.TrimSpace(subject),
				Author:  c.author,
				Merge:   len(c.parents) > 1,
				Message: c.message,
			})
		}
		for _, parent := range c.parents {
			reach(parent)
		}
	}
	return commits
}

// queue has the youngest commit first. If several are as young, the one that was reached first
// comes first (see container/heap).
type queue []queued

type queued struct {
	*commit
	turn int
}

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return q[i].made.After(q[j].made) || q[i].made.Equal(q[j].made) && q[i].turn < q[j].turn
}
func (q *queue) Push(c any) { *q = append(*q, c.(queued)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// changes tells whether a commit has another folder than each of its parents. The server sends
// nothing of the commits that the range begins after, nor any folder that is in one of them: so a
// folder that it did send is a changed one.
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

// folder is the tree of the folder in a commit: zero if it has no such folder, and not known if the
// server did not send enough to tell.
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
