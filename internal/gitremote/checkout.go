package gitremote

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// Head returns the commit that a checkout's HEAD is at. Read gives the text of a file below .git
// (https://git-scm.com/docs/gitrepository-layout), so that only a few small files of it need to be at hand.
func Head(read func(path string) (string, error)) (string, error) {
	head, err := read("HEAD")
	if err != nil {
		return "", errors.New("the source is no git checkout (there is no .git/HEAD): name its commit with --commit")
	}
	head = strings.TrimSpace(head)
	ref, symbolic := strings.CutPrefix(head, "ref: ")
	if !symbolic {
		if !plumbing.IsHash(head) {
			return "", fmt.Errorf(".git/HEAD holds no commit but %q", head)
		}
		return head, nil
	}
	if loose, err := read(ref); err == nil {
		if loose = strings.TrimSpace(loose); plumbing.IsHash(loose) {
			return loose, nil
		}
	}
	packed, err := read("packed-refs")
	if err != nil {
		return "", fmt.Errorf("%s has no commit yet: commit first, or name a commit with --commit", ref)
	}
	for line := range strings.Lines(packed) {
		if hash, name, _ := strings.Cut(strings.TrimSpace(line), " "); name == ref && plumbing.IsHash(hash) {
			return hash, nil
		}
	}
	return "", fmt.Errorf("%s has no commit yet: commit first, or name a commit with --commit", ref)
}

// IsCommit tells whether text is a commit's whole object id.
func IsCommit(text string) bool { return plumbing.IsHash(text) }

// Origin returns the address of the remote that a checkout's .git/config calls origin, as it stands there.
func Origin(gitConfig string) (string, error) {
	decoded := config.New()
	if err := config.NewDecoder(bytes.NewBufferString(gitConfig)).Decode(decoded); err != nil {
		return "", fmt.Errorf("read .git/config: %w", err)
	}
	url := decoded.Section("remote").Subsection("origin").Option("url")
	if url == "" {
		return "", errors.New(".git/config has no remote called origin: name the remote with --remote")
	}
	return url, nil
}
