package release

import (
	"testing"

	"dagger/ship/internal/settings"
)

// TestHideValues: what is encrypted shows nowhere, but for what all know.
func TestHideValues(t *testing.T) {
	r := planned(t, settings.Given{Environments: []string{"production=shop-production", "test"}})
	r.hideValues([]string{"production", "shop-production", "short", "5432", "hunter2hunter2",
		"one line\nand another\n"})
	const text = "shop runs in production and shop-production: short hunter2hunter2, 5432, one line; and another"
	const want = "shop runs in production and shop-production: short ***, 5432, ***; ***"
	if got := r.Redactor.Line(text); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
