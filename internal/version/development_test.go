package version

import "testing"

func TestDevelopment(t *testing.T) {
	for _, c := range []struct {
		scheme     Scheme
		text, want string // empty: it is one to release
	}{
		{Maven, "1.5.0-SNAPSHOT", "1.5.0"},
		{Maven, "1.5.0-rc1-SNAPSHOT", "1.5.0-rc1"},
		{Maven, "1.0.0.BUILD-SNAPSHOT", "1.0.0"},
		{Maven, "1.5.0", ""},
		{Gradle, "2.1-SNAPSHOT", "2.1"},
		{Gradle, "v1.4.0-dev", "v1.4.0"},
		{Gradle, "1.4.0.dev0", "1.4.0"},
		{Gradle, "snapshots-5", ""},
		{SemVer, "1.4.0-dev", "1.4.0"},
		{SemVer, "1.4.0-DEV", "1.4.0"},
		{SemVer, "1.4.0-dev.0", "1.4.0"},
		{SemVer, "1.4.0-SNAPSHOT", "1.4.0"},
		{SemVer, "1.4.0-dev+5", "1.4.0+5"},
		{SemVer, "1.4.0-dev.3", ""},
		{SemVer, "1.4.0-dev10", ""},
		{SemVer, "1.4.0-rc.1", ""},
		{SemVer, "1.4.0-mydev", ""},
		{SemVer, "1.4.0-develop", ""},
		{SemVer, "1.4.0+dev", ""},
		{SemVer, "1.4.0+git-dev", ""},
		{Pub, "1.4.0-dev+45", "1.4.0+45"},
		{PEP440, "1.4.0.dev0", "1.4.0"},
		{PEP440, "1.4.0.dev", "1.4.0"},
		{PEP440, "1.4.0dev0", "1.4.0"},
		{PEP440, "1.4.0rc1.dev0", "1.4.0rc1"},
		{PEP440, "1.4.0.dev3", ""},
		{PEP440, "1.4.0a1", ""},
		{NuGet, "1.4.0-dev", "1.4.0"},
		{Composer, "1.4.0-dev", "1.4.0"},
		{Helm, "v1.4-dev", "v1.4"},
	} {
		v, err := Parse(c.scheme, c.text)
		if err != nil {
			t.Errorf("%s %s: %v", c.scheme, c.text, err)
			continue
		}
		got, is := v.Development()
		if got != c.want || is != (c.want != "") {
			t.Errorf("%s %s: got %q, %v, want %q", c.scheme, c.text, got, is, c.want)
		}
		if _, err := Parse(c.scheme, got); is && err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}
