package changes

import (
	"strings"
	"testing"

	"dagger/ship/internal/version"
)

func TestConventional(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"feat: pay by invoice":                                  "minor",
		"Feat(cart): pay by invoice":                            "minor",
		"fix: round up\n\nIt did not.\n":                        "patch",
		"perf(db): ask once":                                    "patch",
		"docs: explain":                                         "none",
		"chore!: need Go 1.26":                                  "major",
		"refactor(api)!: one name":                              "major",
		"fix: a\r\n\r\nBREAKING CHANGE: b\r\n":                  "major",
		"docs: a\n\ntext\n\nReviewed-by: C\nBREAKING-CHANGE: b": "major",
		"feat: a\n\nThis is no BREAKING CHANGE: nothing breaks": "minor",
		"feat: a\n\nbreaking change: words in small letters":    "minor",
		"feat:pay":    "unknown",
		"feat : pay":  "unknown",
		"feat(): pay": "unknown",
		"Merge branch 'a' into 'main'\n\nfeat: a": "unknown",
		"pay by invoice": "unknown",
		"":               "unknown",
		"feat:" + strings.Repeat(" ", 3) + "\n\nBREAKING CHANGE: none": "unknown",
	} {
		level, is := Conventional(message)
		got := level.String()
		if !is {
			got = "unknown"
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", message, got, want)
		}
	}
}

func TestFromFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"minor: pay by invoice\n\nMore.\n": "minor pay by invoice",
		"\ufeff\r\n Major : a: b \r\n":     "major a: b",
		"patch:":                           "f.md:1: it does not begin with what it raises",
		"\n\nfeat: a":                      "f.md:3: it does not begin",
		"none: a":                          "f.md:1: ",
		"":                                 "f.md:1: ",
	} {
		change, err := FromFile("f.md", []byte(text))
		got := change.Level.String() + " " + change.Text
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	for name, want := range map[string]bool{"a.md": true, "README.md": false, ".a.md": false, "config.json": false} {
		if IsFile(name) != want {
			t.Errorf("%s is one: %t", name, !want)
		}
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scheme       version.Scheme
		says, tagged string
		messages     []string
		want         string // the version, "" for none; or a part of the error
		words        string // of what is told
	}{
		"the first": {"", "1.4.0", "", nil, "1.4.0", "app.toml says it, and no final version is " +
			"tagged yet."},
		"the first pre-release": {"", "1.4.0-rc.1", "", nil, "1.4.0-rc.1", "app.toml says it"},
		"the first final one": {"", "1.4.0-rc.1", "1.4.0-rc.1", nil, "1.4.0", "app.toml says 1.4.0-rc.1, and " +
			"no final"},
		"the first of none": {"", "", "", nil, "0.1.0", "the next version is 0.1.0, the first."},
		"the first is worked on": {version.Maven, "1.4-SNAPSHOT", "", nil, "1.4", "app.toml says 1.4-SNAPSHOT: " +
			"write 1.4 there"},
		"no commits": {"", "1.4.0", "1.4.0", nil, "", "nothing to release. No commit since shop-1.4.0 " +
			"raises"},
		"none that raises": {"", "1.4.0", "1.4.0", []string{"docs: a", "b"}, "", "1 commit is of a type " +
			"that raises nothing."},
		"none that is known": {"", "1.4.0", "1.4.0", []string{"a", "b"}, "", "2 commits are no Conventional " +
			"Commits"},
		"a fix": {"", "1.4.0", "1.4.0", []string{"fix: a"}, "1.4.1", "are patch: they raise the " +
			"third number"},
		"a feature": {"", "1.4.0", "1.3.0 1.4.0", []string{"fix: a", "feat: b", "c"}, "1.5.0", "  " +
			"minor  feat: b (c1)\n  patch  fix: a (c0)\n"},
		"a break": {"", "1.4.0", "1.4.0", []string{"feat!: a", "fix: b"}, "2.0.0", "write 2.0.0 " +
			"there to release it"},
		"a break below 1": {"", "0.4.0", "0.4.0", []string{"feat!: a"}, "0.5.0", "are major: below 1.0.0 a " +
			"breaking change raises the second number"},
		"raised by hand": {"", "1.5.0", "1.4.0", []string{"fix: a"}, "1.5.0", "app.toml says it already, " +
			"and it is not tagged yet"},
		"raised too little": {"", "1.4.1", "1.4.0", []string{"feat: a"}, "1.5.0", "app.toml says 1.4.1: " +
			"write 1.5.0 there"},
		"raised for nothing": {"", "1.4.1", "1.4.0", []string{"docs: a"}, "1.4.1", "No commit since " +
			"shop-1.4.0 raises it"},
		"a pre-release": {"", "1.5.0-rc.2", "1.4.0 1.5.0-rc.1", []string{"feat: a"}, "1.5.0-rc.2", "says " +
			"it already"},
		"after a pre-release": {"", "1.5.0-rc.1", "1.4.0 1.5.0-rc.1", []string{"feat: a"}, "1.5.0", "since " +
			"shop-1.4.0"},
		"more than a pre-release": {"", "1.5.0-rc.1", "1.4.0 1.5.0-rc.1", []string{"feat!: a"}, "2.0.0", ""},
		"a snapshot": {version.Maven, "1.5.0-SNAPSHOT", "1.4.0", []string{"fix: a"}, "1.5.0",
			"app.toml says 1.5.0-SNAPSHOT, which leads to it"},
		"a snapshot of too little": {version.Maven, "1.4.1-SNAPSHOT", "1.4.0", []string{"feat: a"}, "1.5.0",
			"are minor: they raise the second number"},
		"a snapshot without changes": {version.Maven, "1.5.0-SNAPSHOT", "1.4.0", []string{"chore: begin 1.5.0"}, "",
			"nothing to release"},
		"development in Python": {version.PEP440, "1.5.0.dev0", "1.4.0", []string{"feat: a"}, "1.5.0", ""},
		"an older line":         {"", "1.4.0", "1.4.0 2.0.0", []string{"fix: a"}, "1.4.1", ""},
		"an older line's next is there": {"", "1.4.0", "1.4.0 1.5.0", []string{"feat: a"},
			"the changes since shop-1.4.0 make 1.5.0, which is tagged already: write a version above", ""},
		"from tags alone": {"", "", "1.4.0 1.5.0-rc.1", []string{"feat: a"}, "1.5.0", "the next version is 1.5.0. " +
			"The changes"},
		"a date": {version.Gradle, "2026.11", "2026.11", []string{"feat: a"}, "2026.11 looks like a date", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.scheme == "" {
				c.scheme = version.SemVer
			}
			facts := Facts{Name: "shop", Manifest: "app.toml", Scheme: c.scheme}
			parse := func(text string) version.Version {
				v, err := version.Parse(c.scheme, text)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			if c.says != "" {
				facts.Says = parse(c.says)
			}
			for text := range strings.FieldsSeq(c.tagged) {
				facts.Tagged = append(facts.Tagged, parse(text))
			}
			if base, found := Base(facts.Says, facts.Tagged); found {
				facts.Since = "shop-" + base.Text
			}
			for i, message := range c.messages {
				level, is := Conventional(message)
				facts.Changes = append(facts.Changes, Change{level, message, "c" + string(rune('0'+i)), !is})
			}
			next, err := Decide(facts)
			if err != nil {
				if c.want == "" || !strings.HasPrefix(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
				return
			}
			if told := next.String(); next.Version.Text != c.want || !strings.Contains(told, c.words) {
				t.Errorf("got %q, want %q, and told\n%s\nwant %q", next.Version.Text, c.want, told, c.words)
			}
		})
	}
}
