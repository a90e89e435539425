package helm

import (
	"slices"
	"testing"
)

func TestBeside(t *testing.T) {
	const answer = `[{"name":"shop","chart":"shop-1.0.0"},{"name":"shop-old","chart":"shop-v2"},` +
		`{"name":"api","chart":"shop-api-1.0.0"},{"name":"web","chart":"web-1.0.0"}]`
	if got, err := Beside(answer, "shop", "shop"); err != nil || !slices.Equal(got, []string{"shop-old"}) {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := Beside("[]", "shop"); err != nil || len(got) != 0 {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := Beside("", "shop"); err == nil {
		t.Error("nothing is no list")
	}
}
