package gitremote

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"dagger/ship/internal/foreign"
)

// readPacket returns a packet's payload; nil for a flush packet, empty for a delimiter. A packet
// that says ERR is the server's error (https://git-scm.com/docs/pack-protocol#_pkt_line_format).
func readPacket(r io.Reader) ([]byte, error) {
	var length [4]byte
	switch _, err := io.ReadFull(r, length[:]); {
	case err == io.EOF: // a git that does not know the command answers nothing at all
		return nil, fmt.Errorf("%w: the answer ends early", errNotGit)
	case err != nil:
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	n, err := strconv.ParseUint(string(length[:]), 16, 16)
	switch {
	case err != nil || n == 3:
		return nil, fmt.Errorf("%w: bad packet length %q", errNotGit, length)
	case n == 0:
		return nil, nil
	case n < 4:
		return []byte{}, nil
	}
	payload := make([]byte, n-4)
	if _, err := io.ReadFull(r, payload); err == io.EOF {
		return nil, fmt.Errorf("read the answer: %w", io.ErrUnexpectedEOF)
	} else if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if message, is := bytes.CutPrefix(payload, []byte("ERR ")); is {
		return nil, serverError(string(bytes.TrimSpace(message)))
	}
	return payload, nil
}

func serverError(message string) error {
	if strings.Contains(message, "not our ref") {
		return fmt.Errorf("%w: push the branch first", ErrNoCommit)
	}
	return fmt.Errorf("%w: %s", errNotGit, foreign.Joined(message))
}

// short is the beginning of an answer that is not what it should be.
func short(text string, most int) string {
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// maxSaid is about how much is kept of what a server says to people, in bytes.
const maxSaid = 2000

// sideband reads what a service sends out of packets that begin with 1 for that, 2 for what it says
// to people, 3 for an error
// (https://git-scm.com/docs/protocol-capabilities#_side_band_side_band_64k).
type sideband struct {
	packets io.Reader
	said    *bytes.Buffer // the beginning of what it says to people goes there; nil: nowhere
	rest    []byte
}

func (s *sideband) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		packet, err := readPacket(s.packets)
		if err != nil {
			return 0, err
		}
		if packet == nil {
			return 0, io.EOF
		}
		if len(packet) == 0 {
			continue
		}
		switch packet[0] {
		case 1:
			s.rest = packet[1:]
		case 2:
			if s.said != nil && s.said.Len() < maxSaid {
				s.said.Write(packet[1:])
			}
		case 3:
			return 0, serverError(string(bytes.TrimSpace(packet[1:])))
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}
