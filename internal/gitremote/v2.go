package gitremote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/storage/memory"

	"dagger/ship/internal/network"
)

// errNotV2 says that the server answered in some other way than protocol v2 does.
var errNotV2 = errors.New("the git remote does not speak protocol v2")

// delimiter separates a command's capabilities from its arguments; go-git's pktline knows only the flush packet.
const delimiter = "0001"

// lsRefs asks for the tags that begin with one of the prefixes, peeled.
func (r *Remote) lsRefs(ctx context.Context, prefixes []string) ([]Tag, error) {
	arguments := []string{"peel"}
	for _, prefix := range prefixes {
		arguments = append(arguments, "ref-prefix refs/tags/"+prefix)
	}
	body, err := r.command(ctx, "ls-refs", arguments...)
	if err != nil {
		return nil, err
	}
	defer body.Close()

	var tags []Tag
	for {
		line, err := readPacket(body)
		if err != nil {
			return nil, err
		}
		if line == nil { // flush: the end
			return tags, nil
		}
		// OID SP NAME [SP peeled:OID]
		fields := strings.Fields(string(line))
		if len(fields) < 2 || !plumbing.IsHash(fields[0]) {
			return nil, fmt.Errorf("%w: ls-refs answered %q", errNotV2, line)
		}
		tag := Tag{Commit: fields[0]}
		for _, attribute := range fields[2:] {
			if peeled, is := strings.CutPrefix(attribute, "peeled:"); is && plumbing.IsHash(peeled) {
				tag.Commit = peeled
			}
		}
		var is bool
		if tag.Name, is = strings.CutPrefix(fields[1], "refs/tags/"); is {
			tags = append(tags, tag)
		}
	}
}

// CommitTime returns when the commit was made, as the remote's copy of it says: a release needs the commit to be
// there, and a job's shallow checkout need not hold it. Its error wraps ErrNoCommit where it is not.
func (r *Remote) CommitTime(ctx context.Context, commit string) (made time.Time, err error) {
	err = r.do(ctx, "fetch commit "+commit, func(ctx context.Context) (err error) {
		// tree:0 leaves out the files; a server without partial clone refuses the word and sends them all
		made, err = r.commitTime(ctx, commit, "filter tree:0")
		if errors.Is(err, errNotV2) {
			made, err = r.commitTime(ctx, commit)
		}
		return err
	})
	return made, err
}

func (r *Remote) commitTime(ctx context.Context, commit string, arguments ...string) (time.Time, error) {
	store, err := r.fetch(ctx, 0, append(arguments, "want "+commit, "deepen 1")...)
	if err != nil {
		return time.Time{}, err
	}
	found, err := object.GetCommit(store, plumbing.NewHash(commit))
	if err != nil {
		return time.Time{}, fmt.Errorf("read the commit: %w", err)
	}
	return found.Committer.When, nil
}

// fetch returns the objects that the server sends for a fetch's arguments, all at once. Its error wraps errTooLarge where they take
// more than so many bytes; 0: however many.
func (r *Remote) fetch(ctx context.Context, limit int64, arguments ...string) (*memory.Storage, error) {
	body, err := r.command(ctx, "fetch", append(arguments, "no-progress", "done")...)
	if err != nil {
		return nil, err
	}
	defer body.Close()

	for { // the sections before the pack say what is shallow, which is known
		line, err := readPacket(body)
		if err != nil {
			return nil, err
		}
		if string(line) == "packfile\n" {
			break
		}
		if line == nil {
			return nil, fmt.Errorf("%w: fetch answered without a pack", errNotV2)
		}
	}
	store, pack := memory.NewStorage(), &sideband{packets: body, limit: limit}
	if err := packfile.UpdateObjectStorage(store, pack); err != nil {
		if pack.tooLarge() {
			err = errTooLarge
		}
		return nil, fmt.Errorf("read the pack: %w", err)
	}
	return store, nil
}

// command posts one protocol v2 command and returns the answer's packets.
func (r *Remote) command(ctx context.Context, name string, arguments ...string) (io.ReadCloser, error) {
	var body bytes.Buffer
	packets := pktline.NewEncoder(&body)
	_ = packets.EncodeString("command="+name+"\n", "agent=ship\n", "object-format=sha1\n")
	body.WriteString(delimiter)
	for _, argument := range arguments {
		_ = packets.EncodeString(argument + "\n")
	}
	_ = packets.Flush()

	base := strings.TrimSuffix(r.URL, "/")
	answer, err := r.post(ctx, base+"/git-upload-pack", body.Bytes())
	// GitLab redirects https://host/group/project to its .git twin, but only what is asked for with GET
	if errors.Is(err, errNotV2) && !strings.HasSuffix(base, ".git") {
		return r.post(ctx, base+".git/git-upload-pack", body.Bytes())
	}
	return answer, err
}

func (r *Remote) post(ctx context.Context, address string, body []byte) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-git-upload-pack-request")
	request.Header.Set("Accept", "application/x-git-upload-pack-result")
	request.Header.Set("Git-Protocol", "version=2")
	request.Header.Set("User-Agent", "git/ship") // GitLab routes by the name "git"
	if r.Token != "" {
		request.SetBasicAuth(r.User, r.Token)
	}
	response, err := r.Client.HTTP.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK &&
		response.Header.Get("Content-Type") == "application/x-git-upload-pack-result" {
		return response.Body, nil
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusUnauthorized:
		return nil, fmt.Errorf("%w: %s", transport.ErrAuthenticationRequired, network.Said(response.Body))
	case http.StatusForbidden:
		return nil, fmt.Errorf("%w: %s", transport.ErrAuthorizationFailed, network.Said(response.Body))
	}
	return nil, fmt.Errorf("%w: it answered %s", errNotV2, response.Status)
}

// readPacket returns a packet's payload; nil for a flush packet, empty for a delimiter.
// A packet that says ERR is the server's error (https://git-scm.com/docs/pack-protocol#_pkt_line_format).
func readPacket(r io.Reader) ([]byte, error) {
	var length [4]byte
	switch _, err := io.ReadFull(r, length[:]); {
	case err == io.EOF: // git that does not know the command says nothing at all
		return nil, fmt.Errorf("%w: the answer ends early", errNotV2)
	case err != nil:
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	n, err := strconv.ParseUint(string(length[:]), 16, 16)
	switch {
	case err != nil || n == 3:
		return nil, fmt.Errorf("%w: bad packet length %q", errNotV2, length)
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
	return fmt.Errorf("%w: %s", errNotV2, message)
}

// errTooLarge says that a pack is larger than what is asked for is worth.
var errTooLarge = errors.New("the git remote sends too much")

// sideband reads the pack out of a fetch's packets: each begins with 1 for data, 2 for progress, 3 for an error.
type sideband struct {
	packets io.Reader
	rest    []byte
	limit   int64 // of the pack's bytes; 0: none
	got     int64
}

func (s *sideband) tooLarge() bool { return s.limit > 0 && s.got > s.limit }

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
			if s.got += int64(len(s.rest)); s.tooLarge() {
				return 0, errTooLarge
			}
		case 3:
			return 0, serverError(string(bytes.TrimSpace(packet[1:])))
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}
