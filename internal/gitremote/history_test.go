package gitremote

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/ship/internal/limit"
)

// commitFile makes a commit whose tree is its first parent's with one file more, or changed.
func (s *server) commitFile(t *testing.T, file, message string, parents ...string) string {
	t.Helper()
	s.git(t, "read-tree", "--empty")
	if len(parents) > 0 {
		s.git(t, "read-tree", parents[0])
	}
	if file != "" {
		text := filepath.Join(t.TempDir(), "text")
		if err := os.WriteFile(text, []byte(message), 0o644); err != nil {
			t.Fatal(err)
		}
		blob := s.git(t, "hash-object", "-w", text)
		s.git(t, "update-index", "--add", "--cacheinfo", "100644,"+blob+","+file)
	}
	args := []string{"commit-tree", s.git(t, "write-tree"), "-m", message}
	for _, parent := range parents {
		args = append(args, "-p", parent)
	}
	return s.git(t, args...)
}

// chain makes commits on top of one another, and main the last of them.
func (s *server) chain(t *testing.T, from string, n int) string {
	t.Helper()
	var stream strings.Builder
	for i := range n {
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter a <a@localhost> %d +0000\ndata 6\nchange\n",
			1767316000+i)
		if i == 0 {
			fmt.Fprintf(&stream, "from %s\n", from)
		}
	}
	cmd := exec.Command("git", "fast-import", "--quiet", "--force")
	cmd.Dir, cmd.Stdin = s.dir, strings.NewReader(stream.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
	return s.git(t, "rev-parse", "main")
}

func subjects(commits []Commit) string {
	var subjects []string
	for _, c := range commits {
		subjects = append(subjects, c.Subject)
	}
	return strings.Join(subjects, ", ")
}

// TestHistory compares with what git log says of a history with merges in it.
func TestHistory(t *testing.T) {
	s := newServer(t)
	first := s.commitFile(t, "api/main.go", "begin")
	stale := s.commitFile(t, "web/stale.ts", "begun before the tag", first)
	s.date = "2026-01-03T03:04:05Z"
	tagged := s.commitFile(t, "api/lib/a.go", "tagged", first)
	s.date = "2026-01-05T03:04:05Z"
	feature := s.commitFile(t, "web/index.ts", "a page\n\nIt shows\nmuch.", tagged)
	feature = s.commitFile(t, "web/index.ts", "the page again", feature)
	s.date = "2026-01-04T03:04:05Z"
	other := s.commitFile(t, "api/lib/a.go", "a fix", tagged)
	other = s.commitFile(t, "README.md", "say so", other)
	s.date = "2026-01-06T03:04:05Z"
	// a merge brings what its second parent has
	s.git(t, "read-tree", "--empty")
	s.git(t, "read-tree", "-i", "-m", "--aggressive", tagged, other, feature)
	merge := s.git(t, "commit-tree", s.git(t, "write-tree"), "-m", "Merge branch 'page' into 'main'", "-p", other, "-p",
		feature)
	s.git(t, "read-tree", "--empty")
	s.git(t, "read-tree", "-i", "-m", "--aggressive", first, merge, stale)
	head := s.git(t, "commit-tree", s.git(t, "write-tree"), "-m", "Merge branch 'stale' into 'main'", "-p", merge, "-p",
		stale)
	head = s.commitFile(t, "api/new.go", "last", head)
	s.git(t, "update-ref", "refs/heads/main", head)
	unrelated := s.commitFile(t, "x", "an orphan")
	s.git(t, "update-ref", "refs/heads/orphan", unrelated)

	for _, filter := range []string{"true", "false"} {
		s.git(t, "config", "uploadpack.allowFilter", filter)
		for _, c := range []struct{ from, folder string }{
			{tagged, ""}, {tagged, "."}, {"", ""}, {unrelated, ""}, {first, ""}, {other, ""}, {head, ""},
			{tagged, "api"}, {tagged, "web/"}, {tagged, "api/lib"}, {tagged, "nowhere"}, {"", "api"}, {"", "web"},
			{first, "api/lib"}, {merge, "web"},
		} {
			got, err := s.History(t.Context(), Range{To: head, From: c.from, Folder: c.folder})
			if err != nil {
				t.Fatalf("filter %s, %+v: %v", filter, c, err)
			}
			args := []string{"log", "--format=%s", head}
			if c.from != "" {
				args = append(args, "^"+c.from)
			}
			if c.folder != "" && c.folder != "." {
				// git shows more merges than those that differ from each of their parents
				args = append(args, "--full-history", "--no-merges", "--", c.folder)
				got = slices.DeleteFunc(got, func(c Commit) bool { return c.Merge })
			}
			want := strings.FieldsFunc(s.git(t, args...), func(c rune) bool { return c == '\n' })
			have := strings.Split(subjects(got), ", ")
			if len(got) == 0 {
				have = nil
			}
			if !slices.Equal(have, want) {
				t.Errorf("filter %s, from %.7s, folder %q:\n got %q\nwant %q", filter, c.from, c.folder, have, want)
			}
		}
	}
	got, err := s.History(t.Context(), Range{To: head, From: merge})
	want := []Commit{
		{head, "last", "a", false, "last\n"},
		{s.git(t, "rev-parse", head+"^"), "Merge branch 'stale' into 'main'", "a", true,
			"Merge branch 'stale' into 'main'\n"},
		{stale, "begun before the tag", "a", false, "begun before the tag\n"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if _, err := s.History(t.Context(), Range{To: strings.Repeat("1", 40), From: first}); !errors.Is(err, ErrNoCommit) {
		t.Errorf("a commit that is not there: %v", err)
	}
	if got, err := s.History(t.Context(), Range{To: head, From: strings.Repeat("1", 40)}); err != nil ||
		len(got) != 10 {
		t.Errorf("from a commit that is not there: %q, %v", subjects(got), err)
	}
}

// TestHistoryEnds makes sure that neither a project without a tag nor one whose tag is far away
// asks for everything.
func TestHistoryEnds(t *testing.T) {
	s := newServer(t)
	old := s.commits[1]
	head := s.chain(t, old, Depth+50)
	if got, err := s.History(t.Context(), Range{To: head}); err != nil || len(got) != Depth {
		t.Errorf("with no tag: %d commits, %v", len(got), err)
	}
	if got, err := s.History(t.Context(), Range{To: head, From: old}); err != nil || len(got) != Depth+50 {
		t.Errorf("with a tag: %d commits, %v", len(got), err)
	}
	defer func() { newBudget = limit.New }()
	newBudget = func(ctx context.Context, server string) *limit.Budget {
		b := limit.New(ctx, server)
		// the rest of the budget is enough for 200 commits, but not for 250
		if err := b.Spend(limit.Kept, 16<<20-70_000); err != nil {
			t.Error(err)
		}
		return b
	}
	got, err := s.History(t.Context(), Range{To: head, From: old})
	if err != nil || len(got) != Depth {
		t.Errorf("with a tag that is too far away: %d commits, %v", len(got), err)
	}
}
