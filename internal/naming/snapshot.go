package naming

import "regexp"

// Snapshot is what a commit is called that has no version of its own: as an image's tag, and as what
// runs in an environment. The commit is given by its 40 hexadecimal digits.
func Snapshot(commit string) string { return "sha-" + commit }

var snapshot = regexp.MustCompile(`^sha-([0-9a-f]{40})$`)

// SnapshotOf is the commit that a snapshot is of, if the text is a snapshot's.
func SnapshotOf(text string) (commit string, is bool) {
	if found := snapshot.FindStringSubmatch(text); found != nil {
		return found[1], true
	}
	return "", false
}

// Short is a version or a snapshot as people write it in a sentence: of a snapshot's commit, the first
// seven digits.
func Short(text string) string {
	if commit, is := SnapshotOf(text); is {
		return Snapshot(commit[:7])
	}
	return text
}
