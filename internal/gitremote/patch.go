package gitremote

import (
	"bytes"
	"encoding/binary"

	"dagger/ship/internal/limit"
)

// patch makes an object of another one: after both sizes come instructions to copy a part of it or
// to insert what follows.
func patch(base, delta []byte, budget *limit.Budget) (made []byte, err error) {
	in := bytes.NewReader(delta)
	from, err := binary.ReadUvarint(in)
	size, err2 := binary.ReadUvarint(in)
	if err != nil || err2 != nil || from != uint64(len(base)) || size > 1<<62 {
		return nil, errPack
	}
	if err := budget.Spend(limit.Kept, int64(size)+overhead); err != nil {
		return nil, err
	}
	made = make([]byte, 0, size)
	for in.Len() > 0 {
		op, _ := in.ReadByte()
		var part []byte
		if op&0x80 == 0 { // insert so many bytes
			if op == 0 || int(op) > in.Len() {
				return nil, errPack
			}
			at := len(delta) - in.Len()
			part = delta[at : at+int(op)]
			_, _ = in.Seek(int64(op), 1)
		} else {
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
			part = base[offset : offset+length]
		}
		if len(part) > cap(made)-len(made) {
			return nil, errPack
		}
		made = append(made, part...)
	}
	if uint64(len(made)) != size {
		return nil, errPack
	}
	return made, nil
}
