package naming

import (
	"strings"
	"testing"
)

func TestSnapshot(t *testing.T) {
	t.Parallel()
	commit := strings.Repeat("0a", 20)
	if got, is := SnapshotOf(Snapshot(commit)); !is || got != commit {
		t.Errorf("%q, %v", got, is)
	}
	if tag, err := ImageTag(Snapshot(commit)); err != nil || tag != Snapshot(commit) {
		t.Errorf("as an image's tag: %q, %v", tag, err)
	}
	if got := Short(Snapshot(commit)); got != "sha-0a0a0a0" {
		t.Errorf("in a sentence: %q", got)
	}
	upper := "sha-" + strings.ToUpper(commit)
	for _, text := range []string{
		"buildcache", "", "1.0.0", commit, "sha-" + commit[1:], Snapshot(commit) + "0", upper,
	} {
		if _, is := SnapshotOf(text); is {
			t.Errorf("%q is no snapshot", text)
		}
		if Short(text) != text {
			t.Errorf("%q is shortened to %q", text, Short(text))
		}
	}
}
