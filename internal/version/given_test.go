package version

import "testing"

func TestGiven(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scheme Scheme
		text   string
		want   Scheme // empty: it is refused
	}{
		{"", "1.4.0-rc.1", SemVer},
		{"", "2026-11-25", Maven},
		{"", "1.4", Maven},
		{"", "v7", Maven},
		{"", "nightly", ""},
		{"", "1.4 beta", ""},
		{"", " 1.4.0", ""},
		{PEP440, "1.4.0rc1", PEP440},
		{SemVer, "1.4", ""},
	} {
		if got, err := Given(c.scheme, c.text); got.Scheme != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s %q: %+v, %v, want %s", c.scheme, c.text, got, err, c.want)
		}
	}
	older, _ := Given("", "2026-09-30")
	if newer, _ := Given("", "2026-11-25"); newer.Compare(older) != 1 {
		t.Error("2026-11-25 is not newer than 2026-09-30")
	}
}
