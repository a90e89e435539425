package gitremote

import (
	"compress/zlib"
	"crypto/sha1"
	"errors"
	"io"

	"dagger/ship/internal/limit"
)

// source is what a pack is read from. It knows the place, computes the checksum, and returns single
// bytes, so that zlib reads nothing of the next entry.
type source struct {
	from    io.Reader
	sum     [sha1.Size]byte
	summing interface {
		io.Writer
		Sum([]byte) []byte
	}
	buffer  [32 << 10]byte
	at, has int
	place   int64
	err     error // of reading
}

func newSource(from io.Reader) *source { return &source{from: from, summing: sha1.New()} }

func (s *source) fill() error {
	if s.at < s.has {
		return nil
	}
	_, _ = s.summing.Write(s.buffer[:s.has])
	s.at, s.has = 0, 0
	for s.has == 0 && s.err == nil {
		s.has, s.err = s.from.Read(s.buffer[:])
	}
	if s.has == 0 {
		return s.err
	}
	return nil
}

func (s *source) ReadByte() (byte, error) {
	if err := s.fill(); err != nil {
		return 0, err
	}
	s.at++
	s.place++
	return s.buffer[s.at-1], nil
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.fill(); err != nil {
		return 0, err
	}
	n := copy(p, s.buffer[s.at:s.has])
	s.at += n
	s.place += int64(n)
	return n, nil
}

// end reads the checksum that a pack ends with.
func (s *source) end() error {
	_, _ = s.summing.Write(s.buffer[:s.at])
	sum := [sha1.Size]byte(s.summing.Sum(nil))
	s.has = copy(s.buffer[:], s.buffer[s.at:s.has])
	s.at = 0
	if _, err := io.ReadFull(s, s.sum[:]); err != nil {
		return truncated(err)
	}
	if _, err := s.ReadByte(); !errors.Is(err, io.EOF) || s.sum != sum {
		return errPack
	}
	return nil
}

// content inflates an object that is kept.
func (u *unpacking) content(size int64) ([]byte, error) {
	if err := u.budget.Spend(limit.Kept, size+overhead); err != nil {
		return nil, err
	}
	content := make([]byte, size)
	in, err := u.inflated()
	if err == nil {
		_, err = io.ReadFull(in, content)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && u.in.err == nil {
		err = errPack
	}
	if err != nil {
		return nil, err
	}
	return content, ended(in)
}

// skip inflates an object that is not kept, since only that tells where it ends.
func (u *unpacking) skip(size int64) error {
	u.skipped = true
	in, err := u.inflated()
	if err != nil {
		return err
	}
	if n, err := io.CopyN(io.Discard, in, size); errors.Is(err, io.EOF) && n < size {
		return errPack
	} else if err != nil {
		return err
	}
	return ended(in)
}

// ended makes sure that nothing more comes, and reads the checksum.
func ended(in io.Reader) error {
	switch n, err := io.ReadFull(in, make([]byte, 1)); {
	case n > 0:
		return errPack
	case err == io.EOF:
		return nil
	default:
		return err
	}
}

func (u *unpacking) inflated() (in io.Reader, err error) {
	if u.inflate == nil {
		u.inflate, err = zlib.NewReader(u.in) // zlib reads single bytes if there is a ReadByte
	} else {
		err = u.inflate.(zlib.Resetter).Reset(u.in, nil)
	}
	return u.budget.Reader(limit.Inflated, u.inflate), err
}
