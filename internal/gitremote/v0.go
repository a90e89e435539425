package gitremote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
)

// fetchV0 fetches what is reachable from one commit and not from another one, from a server that
// knows protocol v0 only (https://git-scm.com/docs/pack-protocol#_packfile_negotiation). Such a
// server has only what a branch or tag reaches.
func (r *Remote) fetchV0(ctx context.Context, ask fetching, want, have string) (*objects, error) {
	server, err := r.advertise(ctx, uploadPack, func(string) bool { return false })
	if err != nil {
		return nil, err
	}
	capabilities := "agent=ship"
	for _, capability := range []string{"side-band-64k", "ofs-delta", "no-progress", "filter"} {
		if server.can(capability) {
			capabilities += " " + capability
		}
	}
	var body bytes.Buffer
	packets := pktline.NewEncoder(&body)
	err = packets.EncodeString("want " + want + " " + capabilities + "\n")
	if server.can("filter") {
		err = errors.Join(err, packets.EncodeString("filter tree:0\n"))
	}
	err = errors.Join(err, packets.Flush(), packets.EncodeString("have "+have+"\n", "done\n"))
	if err != nil {
		return nil, fmt.Errorf("ask the git remote: %w", err)
	}
	answer, err := r.request(ctx, http.MethodPost, r.base()+"/"+uploadPack, uploadPack, body.Bytes())
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	line, err := readPacket(answer)
	switch {
	case err != nil:
		return nil, err
	case string(line) != "NAK\n" && !strings.HasPrefix(string(line), "ACK "):
		return nil, fmt.Errorf("%w: fetch answered %q", errNotGit, short(string(line), 300))
	}
	var pack io.Reader = answer
	if server.can("side-band-64k") {
		pack = &sideband{packets: answer}
	}
	return ask.unpack(pack, answer.Budget)
}
