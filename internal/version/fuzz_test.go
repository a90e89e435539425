package version

import (
	"strings"
	"testing"
)

// FuzzParse compares any two texts by the rules of each scheme.
func FuzzParse(f *testing.F) {
	for _, seed := range [][2]string{
		{"1.4.0-rc.1+5", "1.4.0"}, {"1!2.0.post1.dev3", "2.0rc1"}, {"1-SNAPSHOT", "1.0.BUILD-SNAPSHOT"},
		{"v1.4-dev", "1.4.0+45"}, {strings.Repeat("1.", 90), strings.Repeat("9", 199)},
		{"1-" + strings.Repeat("-", 190), "0"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) > 400 { // a manifest's is shorter
			return
		}
		for scheme := range parsers {
			v, err := Parse(scheme, a)
			if err != nil {
				continue
			}
			if final, is := v.Development(); is && len(final) >= len(a) {
				t.Errorf("%s: %q becomes %q", scheme, a, final)
			}
			if v.Compare(v) != 0 {
				t.Errorf("%s: %q is not as high as itself", scheme, a)
			}
			if w, err := Parse(scheme, b); err == nil && v.Compare(w) != -w.Compare(v) {
				t.Errorf("%s: %q and %q have no order", scheme, a, b)
			}
		}
	})
}
