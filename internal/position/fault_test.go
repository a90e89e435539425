package position

import "testing"

func TestFault(t *testing.T) {
	for want, fault := range map[string]Fault{
		"ship.toml: it lists no projects":       {Path: "ship.toml", Text: "it lists no projects"},
		"pom.xml:3: no <version>":               {Path: "pom.xml", Line: 3, Text: "no <version>"},
		"ship.toml:3:1: unknown key":            {Path: "ship.toml", Line: 3, Column: 1, Text: "unknown key"},
		"a b: one line, whatever the file says": {Path: "a\nb", Text: "one line,\nwhatever the file says\n"},
	} {
		if got := fault.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
