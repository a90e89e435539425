package dockerfile

import (
	"slices"
	"testing"
)

func TestBases(t *testing.T) {
	for text, want := range map[string][]string{
		"":                           nil,
		"FROM python:3.11-slim\n":    {"python:3.11-slim"},
		"from scratch\nCOPY a /":     nil,
		"FROM --platform=$P go AS b": {"go"},
		"FROM rust AS build\nRUN cargo build\nFROM debian\nCOPY --from=build /a /\nCOPY --from=0 /b /": {
			"rust",
			"debian",
		},
		"FROM a\nCOPY --chown=1 --from=tools:1 /x /\nFROM a\nFROM A": {"a", "tools:1", "A"},
		"FROM a AS Base\nFROM base AS next\nFROM next":               {"a"},
		"# FROM none\nRUN echo FROM none":                            nil,
	} {
		if got := Bases(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
