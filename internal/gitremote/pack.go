package gitremote

import (
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"

	"dagger/ship/internal/limit"
)

var errPack = errors.New("the pack is cut or malformed")

// object is a git object.
type object struct {
	kind    plumbing.ObjectType
	content []byte
	depth   int // how many deltas made it
}

// overhead is how many bytes an object needs beside its content, or a tag beside its name.
const overhead = 128

// origin is what a delta is made from: an entry at a place in the pack, or an object by its hash.
type origin struct {
	place int64
	hash  plumbing.Hash
}

// delta is an entry of a pack that makes another object into a new one.
type delta struct {
	place        int64
	instructions []byte
}

// unpacking reads a pack as it comes (https://git-scm.com/docs/gitformat-pack). What is not kept
// takes no memory. go-git has a package packfile for this, but `go mod tidy` would download 150 MB
// for its tests whenever an engine loads the module.
type unpacking struct {
	budget    *limit.Budget
	keep      func(plumbing.ObjectType) bool
	enough    plumbing.Hash // the rest is not read after this object; zero: all is read
	onlyFirst bool          // the rest is not read after an object that is not kept
	in        *source
	inflate   io.ReadCloser

	found   *objects
	places  map[int64]*object  // what is kept
	waiting map[origin][]delta // deltas whose base may come later in the pack
	waits   map[int64]bool     // the places of those deltas
	skipped bool
}

func (u *unpacking) read(pack io.Reader) (*objects, error) {
	u.in = newSource(pack)
	u.found, u.places = newObjects(), map[int64]*object{}
	u.waiting, u.waits = map[origin][]delta{}, map[int64]bool{}
	var head [12]byte // PACK, version, number of entries
	if _, err := io.ReadFull(u.in, head[:]); err != nil {
		return nil, truncated(err)
	}
	if string(head[:4]) != "PACK" {
		return nil, errPack
	}
	entries := int64(binary.BigEndian.Uint32(head[8:]))
	if err := u.budget.Within(limit.Objects, entries); err != nil {
		return nil, err
	}
	u.found.count = entries
	for ; entries > 0; entries-- {
		err := u.budget.Spend(limit.Objects, 1)
		if err == nil {
			err = u.entry()
		}
		if err != nil {
			return nil, truncated(err)
		}
		if !u.enough.IsZero() && u.found.has(u.enough) || u.onlyFirst && u.skipped {
			return u.found, nil
		}
	}
	if len(u.waiting) > 0 && !u.skipped {
		return nil, fmt.Errorf("%w: the bases of %d deltas are missing", errPack, len(u.waits))
	}
	return u.found, u.in.end()
}

// truncated turns an error of a pack that is not whole into errPack. It leaves the connection's and
// the budget's errors alone.
func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, zlib.ErrHeader) || errors.Is(err, zlib.ErrChecksum) ||
		errors.As(err, new(flate.CorruptInputError)) {
		return fmt.Errorf("%w: %w", errPack, err)
	}
	return err
}

// entry reads an entry up to its end, and no further.
func (u *unpacking) entry() error {
	place := u.in.place
	first, err := u.in.ReadByte()
	if err != nil {
		return err
	}
	kind, size := plumbing.ObjectType(first>>4&7), uint64(first&15)
	if first&0x80 != 0 {
		more, err := binary.ReadUvarint(u.in)
		if err != nil {
			return fmt.Errorf("%w: %w", errPack, err)
		}
		size |= more << 4
	}
	if size > 1<<62 {
		return errPack
	}
	var from origin
	switch kind {
	default:
		return fmt.Errorf("%w: an entry of type %d", errPack, kind)
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
		if !u.keep(kind) {
			return u.skip(int64(size))
		}
		content, err := u.content(int64(size))
		if err != nil {
			return err
		}
		return u.add(place, &object{kind: kind, content: content})
	case plumbing.OFSDeltaObject:
		var back int64
		for more := byte(0x80); more&0x80 != 0; {
			if more, err = u.in.ReadByte(); err != nil {
				return err
			}
			back = back<<7 | int64(more&0x7f)
			if more&0x80 != 0 {
				back++
			}
		}
		from.place = place - back
		if u.places[from.place] == nil && !u.waits[from.place] {
			if !u.skipped {
				return errPack
			}
			return u.skip(int64(size)) // it is made from what was skipped
		}
	case plumbing.REFDeltaObject:
		if _, err := io.ReadFull(u.in, from.hash[:]); err != nil {
			return err
		}
	}
	instructions, err := u.content(int64(size))
	if err != nil {
		return err
	}
	d := delta{place, instructions}
	if base := u.base(from); base != nil {
		return u.apply(base, d)
	}
	u.waiting[from], u.waits[place] = append(u.waiting[from], d), true
	return nil
}

func (u *unpacking) base(from origin) *object {
	if base := u.places[from.place]; base != nil {
		return base
	}
	return u.found.found[from.hash]
}

// apply makes an object of another one.
func (u *unpacking) apply(base *object, d delta) error {
	made := &object{kind: base.kind, depth: base.depth + 1}
	err := u.budget.Within(limit.Depth, int64(made.depth))
	if err == nil {
		made.content, err = patch(base.content, d.instructions, u.budget)
	}
	if err != nil {
		return err
	}
	return u.add(d.place, made)
}

// add keeps an object, and makes those that waited for it.
func (u *unpacking) add(place int64, o *object) error {
	hash := plumbing.ComputeHash(o.kind, o.content)
	u.places[place], u.found.found[hash] = o, o
	for _, from := range []origin{{place: place}, {hash: hash}} {
		waited := u.waiting[from]
		delete(u.waiting, from)
		for _, d := range waited {
			delete(u.waits, d.place)
			if err := u.apply(o, d); err != nil {
				return err
			}
		}
	}
	return nil
}
