package gitremote

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// objects are git objects by their hash, as they came in a pack. What was parsed is kept: a history
// may ask for it very often.
type objects struct {
	count   int64 // how many the pack has, with those that are not kept
	found   map[plumbing.Hash]*object
	commits map[plumbing.Hash]*commit
	entries map[entryOf]plumbing.Hash
}

// entryOf is a name in a tree.
type entryOf struct {
	tree plumbing.Hash
	name string
}

func newObjects() *objects {
	return &objects{
		found:   map[plumbing.Hash]*object{},
		commits: map[plumbing.Hash]*commit{},
		entries: map[entryOf]plumbing.Hash{},
	}
}

func (o *objects) has(hash plumbing.Hash) bool {
	_, is := o.found[hash]
	return is
}

// text returns the content of an object; its error is plumbing.ErrObjectNotFound if there is none
// of that type.
func (o *objects) text(kind plumbing.ObjectType, hash plumbing.Hash) (string, error) {
	object, is := o.found[hash]
	if !is || object.kind != kind {
		return "", plumbing.ErrObjectNotFound
	}
	return string(object.content), nil
}

// commit is a commit object: the lines up to an empty one, then the message
// (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects#_git_commit_objects).
type commit struct {
	hash    plumbing.Hash
	tree    plumbing.Hash
	parents []plumbing.Hash
	author  string    // the name
	made    time.Time // by its committer
	message string
}

func (o *objects) commit(hash plumbing.Hash) (*commit, error) {
	if known := o.commits[hash]; known != nil {
		return known, nil
	}
	text, err := o.text(plumbing.CommitObject, hash)
	if err != nil {
		return nil, fmt.Errorf("read commit %s: %w", hash, err)
	}
	c := &commit{hash: hash}
	head, message, _ := strings.Cut(text, "\n\n")
	c.message = message
	for line := range strings.Lines(head) { // a signature's lines begin with a space, so they look like no other key
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "tree":
			c.tree = plumbing.NewHash(value)
		case "parent":
			c.parents = append(c.parents, plumbing.NewHash(value))
		case "author":
			name, _, _ := strings.Cut(value, "<")
			c.author = strings.TrimSpace(name)
		case "committer":
			if c.made, err = when(value); err != nil {
				return nil, fmt.Errorf("read commit %s: %w", hash, err)
			}
		}
	}
	o.commits[hash] = c
	return c, nil
}

// when reads the time at the end of a committer's line: seconds since 1970, and a time zone, which
// changes nothing about it.
func when(line string) (time.Time, error) {
	_, stamp, _ := strings.Cut(line, "> ")
	seconds, _, _ := strings.Cut(stamp, " ")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q does not end in a time", short(line, 300))
	}
	return time.Unix(n, 0).UTC(), nil
}

// entry finds what a tree has under a name; zero if there is no such entry.
func (o *objects) entry(tree plumbing.Hash, name string) (found plumbing.Hash, err error) {
	if known, is := o.entries[entryOf{tree, name}]; is {
		return known, nil
	}
	text, err := o.text(plumbing.TreeObject, tree)
	if err == nil {
		found, err = entryIn(text, name)
	}
	if err == nil {
		o.entries[entryOf{tree, name}] = found
	}
	return found, err
}

// entryIn finds an entry, which is MODE SP NAME NUL and the bytes of a hash.
func entryIn(tree, name string) (found plumbing.Hash, err error) {
	for tree != "" {
		head, rest, is := strings.Cut(tree, "\x00")
		if !is || len(rest) < len(found) {
			return found, errors.New("a tree object that is cut")
		}
		if _, called, _ := strings.Cut(head, " "); called == name {
			copy(found[:], rest)
			return found, nil
		}
		tree = rest[len(found):]
	}
	return found, nil
}

// encodeTag makes a tag object (https://git-scm.com/docs/git-mktag), and a pack that holds only it.
func encodeTag(tag Tag, message string, when time.Time) (pack []byte, hash plumbing.Hash, err error) {
	content := fmt.Appendf(nil, "object %s\ntype commit\ntag %s\ntagger Ship <ship@localhost> %d +0000\n\n%s\n",
		tag.Commit, tag.Name, when.Unix(), message)
	var packed bytes.Buffer
	packed.WriteString("PACK")
	packed.Write(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 2), 1)) // version, objects
	size := len(content)
	// then seven bits of the size in each byte, with the highest bit set if more follow
	first := byte(plumbing.TagObject)<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		packed.WriteByte(first | 0x80)
		first = byte(size & 0x7f)
	}
	packed.WriteByte(first)
	deflated := zlib.NewWriter(&packed)
	_, err = deflated.Write(content)
	if err = errors.Join(err, deflated.Close()); err != nil {
		return nil, hash, fmt.Errorf("encode the tag: %w", err)
	}
	sum := sha1.Sum(packed.Bytes())
	return slices.Concat(packed.Bytes(), sum[:]), plumbing.ComputeHash(plumbing.TagObject, content), nil
}
