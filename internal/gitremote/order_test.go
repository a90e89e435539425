package gitremote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"dagger/ship/internal/limit"
)

// TestOrder asks servers of every kind about one history, which has a merge, a fork and several
// first commits.
func TestOrder(t *testing.T) {
	s := newServer(t)
	first, second := s.commits[0], s.commits[1]
	s.date = "2026-02-01T00:00:00Z"
	side := s.commitFile(t, "a", "side", first)
	s.date = "2026-02-01T01:00:00+02:00" // an hour before, though the clock shows more
	fork := s.commitFile(t, "b", "fork", first)
	s.date = ""
	merge := s.commitFile(t, "a", "merge", second, side)
	s.date = "2026-03-01T00:00:00Z"
	orphan, twin := s.commitFile(t, "c", "orphan"), s.commitFile(t, "d", "twin")
	s.date = "2026-03-02T00:00:00Z"
	gone := s.commitFile(t, "f", "gone", first) // no branch has it any more
	least, greatest := min(orphan, twin), max(orphan, twin)
	head := s.chain(t, merge, 1000)
	s.git(t, "update-ref", "refs/heads/head", head)
	s.date = "2030-01-01T00:00:00Z" // a clock that is wrong
	future := s.commitFile(t, "e", "future")
	present := s.chain(t, future, 1000)
	for name, commit := range map[string]string{"fork": fork, "orphan": orphan, "twin": twin, "future": future,
		"side": side} {
		s.git(t, "update-ref", "refs/heads/"+name, commit)
	}
	tree, unknown := s.git(t, "rev-parse", head+"^{tree}"), strings.Repeat("1", 40)
	requests := 0
	s.disturb = func(http.ResponseWriter, *http.Request) bool { requests++; return false }

	type kind struct{ protocol, filter string }
	for _, server := range []kind{{"2", "true"}, {"2", "false"}, {"0", "true"}, {"0", "false"}} {
		s.protocol = server.protocol
		s.git(t, "config", "uploadpack.allowFilter", server.filter)
		for name, c := range map[string]struct {
			one, other string
			want       Order
			apart      bool
			most       int // requests
		}{
			"the same":                          {second, second, Same, false, 0},
			"the same, written otherwise":       {second, strings.ToUpper(second), Same, false, 0},
			"a child":                           {second, first, After, false, 1},
			"a parent":                          {first, second, Before, false, 1},
			"a merge and its first parent":      {merge, second, After, false, 1},
			"a merge and its second parent":     {merge, side, After, false, 1},
			"the second parent and its merge":   {side, merge, Before, false, 1},
			"a merge and what both began with":  {merge, first, After, false, 1},
			"a thousand commits after":          {head, merge, After, false, 1},
			"a thousand commits before":         {merge, head, Before, false, 1},
			"a thousand commits, first to last": {first, head, Before, false, 1},
			"a fork that was made later":        {side, fork, After, true, 2},
			"a fork that was made earlier":      {fork, side, Before, true, 2},
			"a fork of what is far behind":      {fork, head, After, true, 2},
			"after a clock that was wrong":      {present, future, After, false, 2},
			"made with a wrong clock":           {future, present, Before, false, 1},
			"no common commit":                  {orphan, second, After, true, 2},
			"no common commit, turned":          {second, orphan, Before, true, 2},
			"at the same time":                  {greatest, least, After, true, 2},
			"at the same time, turned":          {least, greatest, Before, true, 2},
			"a commit that is not there":        {second, unknown, Missing, false, 1},
			"what a force push took away":       {second, gone, Before, true, 2},
			"no commit":                         {second, tree, Missing, false, 1},
			"no hash":                           {second, "main\nhave " + first, Missing, false, 0},
		} {
			if c.other == gone && server.protocol == "0" {
				c.want, c.apart = Missing, false // a server gives out what it has to all who know the hash in v2 only
			}
			requests = 0
			got, apart, err := s.Order(t.Context(), c.one, c.other)
			if err != nil || got != c.want || apart != c.apart {
				t.Errorf("%+v, %s: %s, apart %v, %v", server, name, got, apart, err)
			}
			if server.protocol == "2" && server.filter == "true" && requests > c.most {
				t.Errorf("%s: %d requests, want %d", name, requests, c.most)
			}
		}
		for _, other := range []string{first, orphan} {
			if order, _, err := s.Order(t.Context(), unknown, other); !errors.Is(err, ErrNoCommit) {
				t.Errorf("%+v, from a commit that is not there: %s, %v", server, order, err)
			}
		}
		if order, _, err := s.Order(t.Context(), "main", first); err == nil {
			t.Errorf("%+v, from no hash: %s", server, order)
		}
	}
}

// TestOrderWithinLimits holds that ancestors are found however much is in between, and that what is
// apart still has an order.
func TestOrderWithinLimits(t *testing.T) {
	s := newServer(t)
	base := s.commits[1]
	s.date = "2025-12-01T00:00:00Z"
	fork := s.commitFile(t, "a", "fork", base)
	head := s.chain(t, base, 1000)
	defer func() { newBudget = limit.New }()
	newBudget = func(ctx context.Context, server string) *limit.Budget {
		b := limit.New(ctx, server)
		if err := b.Spend(limit.Kept, 16<<20-1000); err != nil { // enough for a few commits
			t.Error(err)
		}
		return b
	}
	for _, c := range []struct{ one, other, want string }{
		{head, base, "after false"},
		{base, head, "before false"},
		{head, fork, "after true"},
		{fork, head, "before true"},
	} {
		order, apart, err := s.Order(t.Context(), c.one, c.other)
		if got := fmt.Sprint(order, " ", apart); err != nil || got != c.want {
			t.Errorf("%.7s, %.7s: %s, want %s, %v", c.one, c.other, got, c.want, err)
		}
	}
}
