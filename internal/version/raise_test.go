package version

import (
	"strings"
	"testing"
)

func TestRaise(t *testing.T) {
	for _, c := range []struct {
		scheme                    Scheme
		text, patch, minor, major string
	}{
		{SemVer, "1.4.2", "1.4.3", "1.5.0", "2.0.0"},
		{SemVer, "1.4.2+build.5", "1.4.3", "1.5.0", "2.0.0"},
		{SemVer, "0.4.2", "0.4.3", "0.5.0", "0.5.0"},
		{SemVer, "9.9.9", "9.9.10", "9.10.0", "10.0.0"},
		{Pub, "1.4.2+9", "1.4.3+10", "1.5.0+10", "2.0.0+10"},
		{Pub, "1.4.2+a", "1.4.3", "1.5.0", "2.0.0"},
		{Helm, "v1.4", "v1.4.1", "v1.5", "v2.0"},
		{PEP440, "1!2.0.post1+ubuntu.1", "1!2.0.1", "1!2.1", "1!3.0"},
		{PEP440, "1.4", "1.4.1", "1.5", "2.0"},
		{Maven, "1.4.0.RELEASE", "1.4.1.RELEASE", "1.5.0.RELEASE", "2.0.0.RELEASE"},
		{Maven, "33.1-jre", "33.1.1-jre", "33.2-jre", "34.0-jre"},
		{Gradle, "7", "7.0.1", "7.1", "8"},
		{NuGet, "1.4.2.7", "1.4.3.0", "1.5.0.0", "2.0.0.0"},
		{Composer, "v1.4.2-p1", "v1.4.3", "v1.5.0", "v2.0.0"},
		{Maven, "2026.11", "looks like a date", "looks like a date", "looks like a date"},
		{SemVer, "1.4.1234567890", "too long", "too long", "too long"},
	} {
		v, err := Parse(c.scheme, c.text)
		if err != nil {
			t.Fatal(err)
		}
		for level, want := range map[Level]string{Patch: c.patch, Minor: c.minor, Major: c.major} {
			next, rule, err := v.Raise(level)
			if got := next.Text; got != want && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s %s, %s: got %q, %v, want %q", c.scheme, c.text, level, got, err, want)
			}
			if (rule != "") != (level == Major && strings.HasPrefix(c.text, "0.")) {
				t.Errorf("%s, %s: the rule is %q", c.text, level, rule)
			}
		}
	}
}

func TestFinal(t *testing.T) {
	for text, c := range map[string]struct {
		scheme Scheme
		want   string
	}{
		"1.4.0":                {SemVer, "1.4.0"},
		"1.4.0-rc.1+5":         {SemVer, "1.4.0"},
		"1.4.0-dev":            {SemVer, "1.4.0"},
		"1.4.0-rc.1+7":         {Pub, "1.4.0+7"},
		"1!2.0rc1":             {PEP440, "1!2.0"},
		"2.0.post1":            {PEP440, "2.0.post1"},
		"2.0.post1.dev0":       {PEP440, "2.0.post1"},
		"2.0.dev3":             {PEP440, "2.0"},
		"1.4-SNAPSHOT":         {Maven, "1.4"},
		"1.4.0-rc1-SNAPSHOT":   {Maven, "1.4.0"},
		"1.4.0.BUILD-SNAPSHOT": {Maven, "1.4.0"},
		"1.4.0.RELEASE":        {Maven, "1.4.0.RELEASE"},
		"v1.4.0-RC1":           {Composer, "v1.4.0"},
	} {
		v, err := Parse(c.scheme, text)
		if err != nil {
			t.Fatal(err)
		}
		if final, err := v.Final(); err != nil || final.Text != c.want {
			t.Errorf("%s: got %q, %v, want %q", text, final.Text, err, c.want)
		}
	}
}
