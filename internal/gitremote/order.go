package gitremote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"dagger/ship/internal/limit"
)

// Order is where one commit stands to another one.
type Order int

// The orders.
const (
	Same    Order = iota
	Before        // the one is older than the other
	After         // the one is newer than the other
	Missing       // the remote does not have the other
)

func (o Order) String() string {
	return [...]string{Same: "same", Before: "before", After: "after", Missing: "missing"}[o]
}

// Order tells whether one commit comes before or after another one, by the remote's own history:
// the ancestor is before. If neither is an ancestor of the other, as after a force push or on
// another branch, they are apart: then the one that was made later by its committer is after, and
// of two that were made in the same second the one with the greater hash. So two branches never
// take turns. The same counts for an ancestor if its time is wrong and what is in between is above
// the limits (see package limit).
//
// It takes one request if one is an ancestor of the other, and two if they are apart; more on a
// server that knows no filters or no protocol v2. Its error wraps ErrNoCommit if the remote does
// not have the one. With protocol v0, a remote does not have what no branch or tag reaches.
func (r *Remote) Order(ctx context.Context, one, other string) (order Order, apart bool, err error) {
	one, other = strings.ToLower(one), strings.ToLower(other)
	switch {
	case !IsCommit(one):
		return Same, false, fmt.Errorf("compare commits: %q is not a commit's whole hash", short(one, 100))
	case one == other:
		return Same, false, nil
	case !IsCommit(other):
		return Missing, false, nil
	}
	theirs, below, err := r.beyond(ctx, other, one)
	switch {
	case errors.Is(err, ErrNoCommit):
		return Missing, false, nil
	case err != nil:
		return Same, false, err
	case theirs == nil:
		return After, false, nil
	case below:
		return Before, false, nil
	}
	// the remote may not have the one, there may be too much in between, or they are apart
	ours, below, err := r.beyond(ctx, one, other)
	switch {
	case err != nil:
		return Same, false, err
	case ours == nil:
		return Before, false, nil
	case below:
		return After, false, nil
	}
	return later(ours, theirs), true, nil
}

// later orders commits by their times, then by their hashes. Clocks may be wrong, so it is a guess
// which of them came later, but it is the same guess for all who ask.
func later(one, other *commit) Order {
	if c := one.made.Compare(other.made); c > 0 || c == 0 && one.hash.String() > other.hash.String() {
		return After
	}
	return Before
}

// beyond returns the wanted commit, or nil if it is reachable from another one, and whether the
// other one is below it, as far as is known within the limits. A server leaves out what is
// reachable from what we have. So if it sends nothing, the wanted commit is reachable, whatever is
// in between. If it sends something, that need not mean the opposite: git gives up early if a
// commit seems to be made after those that are made of it, and a server that does not know what we
// have sends all.
//
// Its error wraps ErrNoCommit if the remote does not have the wanted commit.
func (r *Remote) beyond(ctx context.Context, want, have string) (found *commit, below bool, err error) {
	doing := fmt.Sprintf("ask whether commit %s is reachable from commit %s", want, have)
	err = r.do(ctx, doing, func(ctx context.Context) error {
		ask := fetching{keep: []plumbing.ObjectType{plumbing.CommitObject}, onlyFirst: true}
		sent, err := r.fetch(ctx, ask, "filter tree:0", "want "+want, "have "+have)
		if errors.Is(err, errNotGit) { // it knows no filters, or not this protocol
			sent, err = r.fetch(ctx, ask, "want "+want, "have "+have)
		}
		if errors.Is(err, errNotGit) {
			sent, err = r.fetchV0(ctx, ask, want, have)
		}
		exceeded := errors.Is(err, limit.ErrExceeded) && sent.has(plumbing.NewHash(want))
		if err != nil && !exceeded || sent.count == 0 {
			return err
		}
		if found, err = sent.commit(plumbing.NewHash(want)); err != nil {
			return fmt.Errorf("%w: %s is no commit", ErrNoCommit, want)
		}
		below, err = sent.follows(plumbing.NewHash(have))
		return err
	})
	return found, below, err
}

// follows tells whether one of the commits has another one as its parent.
func (o *objects) follows(parent plumbing.Hash) (bool, error) {
	for hash := range o.found {
		c, err := o.commit(hash)
		if err != nil {
			return false, err
		}
		if slices.Contains(c.parents, parent) {
			return true, nil
		}
	}
	return false, nil
}
