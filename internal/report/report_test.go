package report

import (
	"strings"
	"testing"
	"time"
)

func TestText(t *testing.T) {
	r := Report{Project: "shop 1.4.0", Commit: strings.Repeat("c", 40), Outcome: Released, Steps: []Step{
		{Name: "build", State: Done, Text: "Dockerfile", Took: 21340 * time.Millisecond},
		{Name: "tag", State: Skipped, Text: "shop-1.4.0 is at ccccccc", Took: 20 * time.Millisecond},
	}}
	want := "shop 1.4.0 at ccccccc: released (21.4s)\n" +
		"|- + build              Dockerfile (21.3s)\n" +
		"`- = tag                shop-1.4.0 is at ccccccc\n"
	if got := ASCII.Text(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	want = strings.NewReplacer("|-", "├─", "`-", "└─", "+", "✔").Replace(want)
	if got := Unicode.Text(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestTextOfStepsTogether has steps that ran at the same time: the longest counts, and the text
// names the first that was performed.
func TestTextOfStepsTogether(t *testing.T) {
	r := Report{Project: "shop 1.4.0", Outcome: Released, Steps: []Step{
		{Name: "tag", State: Done, Took: time.Second},
		{Name: "deploy asia", State: Skipped, Text: "asia runs 1.4.0"},
		{Name: "deploy eu", State: Done, Text: "eu runs", Took: 2 * time.Second, Beside: true},
		{Name: "deploy us", State: Done, Text: "us runs", Took: 5 * time.Second, Beside: true},
		{Name: "deploy live", State: Planned, Took: 3 * time.Second},
		{Name: "deploy late", State: Planned, Beside: true},
	}}
	want := "shop 1.4.0: released (9s)\n" +
		"|- + tag (1s)\n" +
		"|- = deploy asia        asia runs 1.4.0\n" +
		"|- + deploy eu          eu runs (2s)\n" +
		"|- + deploy us          us runs (5s, together with deploy eu)\n" +
		"|- > deploy live (3s)\n" +
		"`- > deploy late (together with deploy live)\n"
	if got := ASCII.Text(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTextOfSeveral(t *testing.T) {
	reports := []Report{
		{
			Project: "api 1.3.0",
			Outcome: Released,
			Steps:   []Step{{Name: "tag", State: Done, Text: "pushed"}, {Name: "deploy test", State: Done}},
		},
		{Project: "frontend 2.0.0", Outcome: Nothing, Steps: []Step{{Name: "tag", State: Skipped}}},
		{Project: "batch", Cause: "read: no manifest\nmore", Steps: []Step{{Name: "read", State: Failed}}},
	}
	want := "3 projects: 1 released, 1 nothing to do, 1 failed\n" +
		"|- + api 1.3.0      released\n" +
		"|  |- + tag                pushed\n" +
		"|  `- + deploy test\n" +
		"|- = frontend 2.0.0 nothing to do\n" +
		"`- x batch          read: no manifest\n" +
		"   `- x read\n"
	if got := ASCII.Text(reports...); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	plan := []Report{{Project: "a", Steps: []Step{{State: Planned}}}, {Project: "b", Steps: []Step{{State: Skipped}}}}
	if got, _, _ := strings.Cut(ASCII.Text(plan...), "\n"); got != "2 projects: 1 to be released, 1 nothing to do" {
		t.Errorf("a plan: %s", got)
	}
}

// TestForeignTextIsOneLine has text of others with line ends in places of a report that have one
// line.
func TestForeignTextIsOneLine(t *testing.T) {
	forged := "it\n`- + deploy production  production runs\x1b[0K"
	want := "it `- + deploy production  production runs" + `\x1b[0K`
	r := Report{Project: forged, Steps: []Step{{Name: "tag", State: Done, Text: forged}}}
	for name, got := range map[string]string{
		"one project":      ASCII.Text(r),
		"several projects": ASCII.Text(r, Report{Project: "x", Cause: forged}),
		"the log":          r.Steps[0].Line(),
		"a table":          Table([][]string{{forged, "x"}}),
		"dotenv":           Dotenv("", forged, "", Image{}),
	} {
		if !strings.Contains(got, want) || strings.Contains(got, "\n`- + deploy") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestTail(t *testing.T) {
	long := strings.Repeat("line\n", 50)
	for printed, want := range map[string]string{
		"":               "",
		"one\ntwo":       "one\ntwo",
		long + "the end": strings.Repeat("line\n", 39) + "the end",
		"[omitting 17 bytes]...half a token\nwhole": "whole",
		"[omitting it]\nwhole":                      "[omitting it]\nwhole",
	} {
		if got := Tail(printed); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
