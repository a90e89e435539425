package release

import (
	"strings"
	"testing"

	"dagger/ship/internal/dagger"
)

func TestPlatformArgs(t *testing.T) {
	for here, want := range map[string]string{
		"linux/amd64":  "BUILDPLATFORM=linux/amd64 BUILDOS=linux BUILDARCH=amd64",
		"linux/arm/v7": "BUILDPLATFORM=linux/arm/v7 BUILDOS=linux BUILDARCH=arm BUILDVARIANT=v7",
	} {
		var got []string
		for _, arg := range platformArgs(dagger.Platform(here)) {
			got = append(got, arg.Name+"="+arg.Value)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q", here, got)
		}
	}
	for one, other := range map[string]string{"linux/arm64": "linux/arm64/v8", "linux/amd64": "linux/amd64"} {
		if system(one) != system(other) {
			t.Errorf("%s and %s count for two", one, other)
		}
	}
	if system("linux/arm64") == system("linux/amd64") {
		t.Error("arm64 and amd64 count for one")
	}
}
