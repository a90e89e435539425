package gitremote

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
)

var errPack = errors.New("a pack that is cut or not well-formed")

// object is one of git's.
type object struct {
	kind    plumbing.ObjectType
	content []byte
}

// packed is an entry of a pack: an object, or what turns another one into it.
type packed struct {
	object
	place int64         // in the pack
	from  int64         // place of the other one
	base  plumbing.Hash // or its hash
}

// unpack reads a pack (https://git-scm.com/docs/gitformat-pack). Of go-git that would take its package packfile, for whose tests
// `go mod tidy` downloads 150 MB whenever an engine has the module to load.
func unpack(pack io.Reader) (*objects, error) {
	data, err := io.ReadAll(pack)
	if err != nil {
		return nil, fmt.Errorf("read a pack: %w", err)
	}
	const head = 12 // PACK, version, number of entries
	end := len(data) - sha1.Size
	if end < head || string(data[:4]) != "PACK" || sha1.Sum(data[:end]) != [sha1.Size]byte(data[end:]) {
		return nil, errPack
	}
	in, left := bytes.NewReader(data[:end]), binary.BigEndian.Uint32(data[8:])
	var entries []packed
	for _, err = in.Seek(head, io.SeekStart); err == nil && left > 0; left-- {
		var e packed
		e, err = readEntry(in)
		entries = append(entries, e)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPack, err)
	}
	return resolve(entries)
}

// readEntry reads an entry up to its end, and no further.
func readEntry(in *bytes.Reader) (e packed, err error) {
	e.place = in.Size() - int64(in.Len())
	first, err := in.ReadByte()
	if err != nil {
		return e, err
	}
	e.kind = plumbing.ObjectType(first >> 4 & 7)
	size := uint64(first & 15)
	if first&0x80 != 0 {
		more, err := binary.ReadUvarint(in)
		if err != nil {
			return e, err
		}
		size |= more << 4
	}
	switch e.kind {
	default:
		return e, fmt.Errorf("an entry of type %d", e.kind)
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
	case plumbing.OFSDeltaObject:
		var back int64
		for more := byte(0x80); more&0x80 != 0; {
			if more, err = in.ReadByte(); err != nil {
				return e, err
			}
			back = back<<7 | int64(more&0x7f)
			if more&0x80 != 0 {
				back++
			}
		}
		e.from = e.place - back
	case plumbing.REFDeltaObject:
		if _, err := io.ReadFull(in, e.base[:]); err != nil {
			return e, err
		}
	}
	inflated, err := zlib.NewReader(in) // takes single bytes from what has ReadByte
	if err != nil {
		return e, err
	}
	e.content, err = io.ReadAll(io.LimitReader(inflated, int64(size&(1<<62-1))+1))
	if err == nil && uint64(len(e.content)) != size {
		err = errPack
	}
	return e, err
}

// resolve makes objects of all entries; a base may come after what is made of it.
func resolve(entries []packed) (*objects, error) {
	o, places := &objects{found: map[plumbing.Hash]object{}}, map[int64]object{}
	for len(entries) > 0 {
		var waiting []packed
		for _, e := range entries {
			is := true
			var base object
			switch e.kind {
			case plumbing.OFSDeltaObject:
				base, is = places[e.from]
			case plumbing.REFDeltaObject:
				base, is = o.found[e.base]
			}
			if !is {
				waiting = append(waiting, e)
				continue
			}
			if base.kind != 0 {
				content, err := patch(base.content, e.content)
				if err != nil {
					return nil, err
				}
				e.object = object{base.kind, content}
			}
			places[e.place], o.found[plumbing.ComputeHash(e.kind, e.content)] = e.object, e.object
		}
		if len(waiting) == len(entries) {
			return nil, fmt.Errorf("%w: it lacks what %d entries are made of", errPack, len(waiting))
		}
		entries = waiting
	}
	return o, nil
}

// patch makes an object of another one: after both sizes come instructions to copy a part of it or to insert what follows.
func patch(base, delta []byte) (made []byte, err error) {
	in := bytes.NewReader(delta)
	from, err := binary.ReadUvarint(in)
	size, err2 := binary.ReadUvarint(in)
	if err != nil || err2 != nil || from != uint64(len(base)) {
		return nil, errPack
	}
	for in.Len() > 0 {
		op, _ := in.ReadByte()
		if op&0x80 == 0 { // insert so many bytes
			if op == 0 || int(op) > in.Len() {
				return nil, errPack
			}
			at := len(delta) - in.Len()
			made = append(made, delta[at:at+int(op)]...)
			_, _ = in.Seek(int64(op), io.SeekCurrent)
			continue
		}
		var bits [8]byte // offset in four bytes, length in three; the lower bits of op say which ones are not zero
		for i := range 7 {
			if op>>i&1 != 0 {
				if bits[i], err = in.ReadByte(); err != nil {
					return nil, errPack
				}
			}
		}
		offset, length := uint64(binary.LittleEndian.Uint32(bits[:4])), uint64(binary.LittleEndian.Uint32(bits[4:]))
		if length == 0 {
			length = 0x10000
		}
		if offset+length > uint64(len(base)) {
			return nil, errPack
		}
		made = append(made, base[offset:offset+length]...)
	}
	if uint64(len(made)) != size {
		return nil, errPack
	}
	return made, nil
}
