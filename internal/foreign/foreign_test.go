package foreign

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"as it is: ünïcödé, 日本語":                  "as it is: ünïcödé, 日本語",
		" two\r\n  lines\n":                       "two lines",
		"a\x1b[31mred\x1b[0m":                     `a\x1b[31mred\x1b[0m`,
		"\x1b[0Ksection_start:1:x":                `\x1b[0Ksection_start:1:x`,
		"one\u2028two\u2029three\u0085four\vfive": "one two three four five",
		"a\u202egnp.exe\u2066\u200b":              `a\u202egnp.exe\u2066\u200b`,
		"bytes \xff\xfe":                          `bytes \xff\xfe`,
		"tag \U000e0041":                          `tag \U000e0041`,
		"before\rafter":                           "before after",
		"col  umns":                               "col  umns",
	} {
		if got := Line(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if got := Line(strings.Repeat("ü", 7<<20)); len([]rune(got)) > MaxLine+50 ||
		!strings.Contains(got, "letters left out") {
		t.Errorf("a long line has %d letters", len([]rune(got)))
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"deploy production: it failed\nwhat to do": "deploy production: it failed\nwhat to do",
		"x\ndeploy production  production runs h/shop:1.4.0": "x\n| deploy production  production runs " +
			"h/shop:1.4.0",
		"x\ndeploy production: the rollout failed":         "x\n| deploy production: the rollout failed",
		"x\n  + deploy production  production runs h/shop": "x\n  | + deploy production  production runs h/shop",
		"x\n  shop:  + deploy production  production runs h/shop": "x\n  | shop:  + deploy production  production " +
			"runs h/shop",
		"x\nshop 1.4.0 at ccccccc: released (9s)": "x\n| shop 1.4.0 at ccccccc: released (9s)",
		"x\n|- + tag  pushed\n   `- + publish\n|  |- = look": "x\n| |- + tag  pushed\n   | `- + publish\n| |  " +
			"|- = look",
		"x\n├─ ✔ tag  pushed\n│  └─ ✔ publish": "x\n| ├─ ✔ tag  pushed\n| │  └─ ✔ publish",
		"x\r\n  . waiting":                               "x\n  | . waiting",
		"x\n3 projects: 3 released":                      "x\n| 3 projects: 3 released",
		"x\n\r\x1b[2Kdeploy production  production runs": "x\n\\r\\x1b[2Kdeploy production  production runs",
		"pods:\n  shop-1: Running\n\nthe last lines of shop:\n  hi": "pods:\n  shop-1: Running\n\nthe last lines of " +
			"shop:\n  hi",
		"1\n\tat Main.java:3": "1\n\tat Main.java:3",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	for _, long := range []string{strings.Repeat("line\n", 1<<20), strings.Repeat("x", 7<<20),
		strings.Repeat(strings.Repeat("y", 5000)+"\n", 1000)} {
		if got := Text("build: " + long + "the end"); len(got) > 40000 || !strings.HasPrefix(got, "build: ") ||
			!strings.HasSuffix(got, "the end") {
			t.Errorf("%d bytes became %d", len(long), len(got))
		}
	}
}

// own are the lines that people and programs look for in a report and in a job's log.
var own = regexp.MustCompile(
	`^\s*(?:[|` + "`" + `├└]-|[+=x>.✔✘›] |deploy [^:]*:|(?:deploy \S+|tag|publish) {2}|` +
		`[^|\s]\S* \S+ at [0-9a-f]{7})|section_(start|end):\d+:[\w.-]+\r`,
)

// FuzzForeign holds that no text of others looks like a line of Ship's, moves the cursor or is
// long.
func FuzzForeign(f *testing.F) {
	for _, text := range []string{
		"deploy production: done", "|- + tag pushed", "\x1b[0Ksection_start:1:a\r\x1b[0K",
		"shop 1.4.0 at ccccccc: released", "a\u2028b\u202e", "  + tag  pushed",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, got := range []string{"x: " + Line(text), "x: " + Joined(text), Text("x: \n" + text), "says:\n" +
			Quote(Visible(text)), "says:\n" + Text(Quote(text))} {
			for i, line := range strings.Split(got, "\n") {
				if i > 0 && own.MatchString(line) {
					t.Errorf("%q became %q", text, line)
				}
				if strings.ContainsFunc(line, func(r rune) bool { return r != '\t' && !unicode.IsGraphic(r) }) {
					t.Errorf("%q became %q", text, line)
				}
			}
		}
		if strings.Contains(Line(text)+Joined(text), "\n") {
			t.Errorf("%q has several lines", text)
		}
		// a byte is written as four letters, and a line is cut at 2000
		if again := Text(Text("x\n" + text)); again != Text("x\n"+text) && len(text) < 400 {
			t.Errorf("%q changes when it is made fit twice: %q", text, again)
		}
	})
}
