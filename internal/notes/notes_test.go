package notes

import (
	"fmt"
	"strings"
	"testing"

	"dagger/ship/internal/version"
)

const image1 = "registry.example/acme/shop:1.1.0@sha256:1"

func TestMarkdown(t *testing.T) {
	merge := Commit{"cccccccccccccccc", "Merge branch 'a' into 'main'", "author1", true}
	for _, c := range []struct {
		notes Notes
		want  string
	}{
		{Notes{Image: image1, Since: "shop-1.0.0", Commits: []Commit{
			merge, {"aaaaaaaaaaaaaaaa", "Show <b> as it is (!12)", "author1 <a@b>", false}, {"bbbbbbbbbbbbbbbb",
				"Take `<br>`", "author2", false},
			{"dddddddddddddddd", "Merge branch names", "author2", false},
			{"eeeeeeeeeeeeeeee", "Take in the new menu (!13)", "author2", true},
		}}, "Image: `" + image1 + "`\n\nChanges since shop-1.0.0:\n\n" +
			"- Show \\<b> as it is (!12) (aaaaaaaa, author1 \\<a@b>)\n- Take `<br>` (bbbbbbbb, author2)\n- Merge " +
			"branch names (dddddddd, author2)\n" +
			"- Take in the new menu (!13) (eeeeeeee, author2)\n"},
		{Notes{Image: image1, Since: "shop-1.0.0", Commits: []Commit{merge}},
			"Image: `" + image1 +
				"`\n\nChanges since shop-1.0.0:\n\n- Merge branch 'a' into 'main' (cccccccc, author1)\n"},
		{Notes{Image: image1, Since: "shop-1.0.0"}, "Image: `" + image1 + "`\n\nNothing changed since shop-1.0.0.\n"},
		{Notes{Image: image1}, "Image: `" + image1 + "`\n"},
		{
			Notes{Image: image1, Commits: []Commit{{"aaaaaaaaaaaaaaaa", "Begin", "author1", false}}},
			"Image: `" + image1 + "`\n\nChanges:\n\n- Begin (aaaaaaaa, author1)\n",
		},
	} {
		if got := c.notes.Markdown(); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
	many := Notes{Image: image1, Commits: make([]Commit, most+3)}
	if got := many.Markdown(); strings.Count(got, "\n- ") != most+1 || !strings.HasSuffix(got, "- … and 3 more\n") {
		t.Errorf("of %d commits: %d lines, …%s", most+3, strings.Count(got, "\n- "), got[len(got)-40:])
	}
}

func TestAdd(t *testing.T) {
	n := Notes{Image: image1, Since: "shop-1.0.0"}
	if got, want := n.Add("Ours.\r\n"), "Ours.\n\nImage: `"+image1+"`\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := n.Add(" \n"); got != n.Markdown() {
		t.Errorf("below nothing: %q", got)
	}
}

func TestSince(t *testing.T) {
	for _, c := range []struct{ v, tagged, want string }{
		{"1.1.0", "", ""},
		{"1.1.0", "1.0.0 1.0.10 1.0.9 1.1.0 1.2.0", "1.0.10"},
		{"1.1.0", "1.0.0 1.1.0-rc.1", "1.0.0"},
		{"1.1.0-rc.2", "1.0.0 1.1.0-rc.1 1.1.0-rc.10", "1.1.0-rc.1"},
		{"1.1.0", "1.1.0-rc.1", ""},
		{"1.0.1", "1.0.0 2.0.0", "1.0.0"},
	} {
		var tagged []version.Version
		for text := range strings.FieldsSeq(c.tagged) {
			tagged = append(tagged, parse(t, text))
		}
		got, found := Since(parse(t, c.v), tagged)
		if got.Text != c.want || found != (c.want != "") {
			t.Errorf("%s after %s: %q, want %q", c.v, c.tagged, got.Text, c.want)
		}
	}
}

func parse(t *testing.T, text string) version.Version {
	t.Helper()
	v, err := version.Parse(version.SemVer, text)
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", text, err))
	}
	return v
}
