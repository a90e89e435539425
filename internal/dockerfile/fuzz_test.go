package dockerfile

import (
	"strings"
	"testing"
)

func FuzzBases(f *testing.F) {
	f.Add("FROM --platform=x a AS b\nCOPY --from=b --from=c . .\nADD --from=0 x y\n")
	f.Add("FROM " + strings.Repeat("--a ", 5000))
	f.Fuzz(func(t *testing.T, text string) {
		for _, image := range Bases(text) {
			if image == "" || strings.ContainsAny(image, " \n") {
				t.Errorf("%q is no image", image)
			}
		}
	})
}
