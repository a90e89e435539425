package gitremote

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
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

// Origin returns the address of the remote that a checkout's .git/config calls origin, as it stands there; of several, the first, which
// is the one that git fetches from.
func Origin(gitConfig string) (string, error) {
	within := false
	for rest := strings.TrimPrefix(gitConfig, "\ufeff"); ; {
		if rest = strings.TrimLeft(rest, " \t\r\n"); rest == "" {
			return "", errors.New(".git/config has no remote called origin: name the remote with --remote")
		}
		if rest[0] == '[' {
			within, rest = isOrigin(rest)
			continue
		}
		end := strings.IndexAny(rest, "=\n#;")
		key := strings.TrimSpace(rest[:max(end, 0)])
		switch {
		case end < 0:
			rest = ""
		case rest[end] != '=':
			_, rest = configValue(rest[end:])
		default:
			var value string
			if value, rest = configValue(rest[end+1:]); within && strings.EqualFold(key, "url") && value != "" {
				return value, nil
			}
		}
	}
}

// isOrigin tells whether a section begins, [remote "origin"], and returns what follows. In quotes, what a section is about may be anything.
func isOrigin(text string) (is bool, rest string) {
	end := "]"
	if quote, bracket := strings.IndexByte(text, '"'), strings.IndexByte(text, ']'); quote >= 0 && quote < bracket {
		end = `"]`
	}
	header, rest, _ := strings.Cut(text[1:], end)
	kind, name, _ := strings.Cut(header, `"`)
	return strings.EqualFold(strings.TrimSpace(kind), "remote") && name == "origin", rest
}

// configValue reads a value up to the end of its line, as git does (https://git-scm.com/docs/git-config#_syntax), and returns what follows.
func configValue(text string) (value, rest string) {
	var read []byte
	quoted, length := false, 0 // without the space at its end
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			return string(read[:length]), text[i+1:]
		case c == '\\' && i+1 < len(text):
			i++
			switch text[i] {
			case '\n': // it goes on in the next line
				continue
			case 't':
				read = append(read, '\t')
			case 'n':
				read = append(read, '\n')
			default:
				read = append(read, text[i])
			}
			length = len(read)
		case c == '"':
			quoted = !quoted
		case (c == '#' || c == ';') && !quoted:
			_, rest, _ := strings.Cut(text[i:], "\n")
			return string(read[:length]), rest
		case strings.IndexByte(" \t\r", c) >= 0 && !quoted:
			if length > 0 {
				read = append(read, c)
			}
		default:
			read = append(read, c)
			length = len(read)
		}
	}
	return string(read[:length]), ""
}
