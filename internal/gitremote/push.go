package gitremote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"

	"dagger/ship/internal/foreign"
)

// PushTag pushes an annotated tag for a commit that the remote has. When is the tagger's date: the
// commit's own, so that two releases of one commit make the same object. The error wraps ErrExists
// when the remote has the tag.
//
// Options are push options
// (https://git-scm.com/docs/git-push#Documentation/git-push.txt---push-optionoption), such as
// ci.skip, with which GitLab starts no pipeline for the tag. A server that does not know push
// options does not get them.
func (r *Remote) PushTag(ctx context.Context, tag Tag, message string, when time.Time, options ...string) error {
	sent := false // by an earlier attempt
	return r.do(ctx, "push tag "+tag.Name, func(ctx context.Context) error {
		var said bytes.Buffer
		err := r.pushTag(ctx, tag, message, when, options, &said, &sent)
		// A server says why it refuses (a protected tag, for example) only beside its answer.
		if words := remoteWords(said.String()); err != nil && words != "" {
			err = fmt.Errorf("%w\nthe git remote says: %s%s", err, words, r.whereProtected(tag.Name, words))
		}
		return r.explainPush(err)
	})
}

func (r *Remote) pushTag(
	ctx context.Context,
	tag Tag,
	message string,
	when time.Time,
	options []string,
	said *bytes.Buffer,
	sent *bool,
) error {
	name := "refs/tags/" + tag.Name
	server, err := r.advertise(ctx, receivePack, func(ref string) bool { return ref == name || conflicts(ref, name) })
	if err != nil {
		return err
	}
	pack, hash, err := encodeTag(tag, message, when)
	if err != nil {
		return err
	}
	switch there := server.refs[name]; {
	case there == hash.String() && *sent:
		return nil // an earlier attempt pushed it, and only the answer got lost
	case there != "":
		return ErrExists
	case len(server.refs) > 0:
		other := strings.TrimSuffix(slices.Min(slices.Collect(maps.Keys(server.refs))), "^{}")
		return fmt.Errorf("the git remote has a tag %s, which is in the way of %s: git has no tag below another's "+
			"name; change --template, or remove that tag", strings.TrimPrefix(other, "refs/tags/"), tag.Name)
	case !server.can("report-status"):
		return errors.New("the git remote cannot say whether it accepts a tag")
	}
	capabilities := "report-status agent=ship"
	if server.can("side-band-64k") {
		capabilities += " side-band-64k"
	}
	if !server.can("push-options") {
		options = nil
	}
	if len(options) > 0 {
		capabilities += " push-options"
	}
	// https://git-scm.com/docs/pack-protocol#_reference_update_request_and_packfile_transfer
	var body bytes.Buffer
	packets := pktline.NewEncoder(&body)
	err = packets.Encodef("%s %s %s\x00%s", plumbing.ZeroHash, hash, name, capabilities)
	err = errors.Join(err, packets.Flush())
	if len(options) > 0 {
		err = errors.Join(err, packets.EncodeString(options...), packets.Flush())
	}
	if err != nil {
		return fmt.Errorf("write the push: %w", err)
	}
	body.Write(pack)

	*sent = true
	answer, err := r.request(ctx, http.MethodPost, r.base()+"/"+receivePack, receivePack, body.Bytes())
	if err != nil {
		return err
	}
	defer answer.Close()
	var report io.Reader = answer
	if server.can("side-band-64k") {
		report = &sideband{packets: report, said: said}
	}
	err = readReport(report)
	if report != io.Reader(answer) { // the server's words for people may end after the report
		_, _ = io.Copy(io.Discard, report)
	}
	return lostRace(err)
}

// conflicts tells whether two refs cannot both exist: git keeps refs as files in folders.
func conflicts(ref, name string) bool {
	return strings.HasPrefix(name, ref+"/") || strings.HasPrefix(ref, name+"/")
}

// readReport reads whether the server accepted a push
// (https://git-scm.com/docs/pack-protocol#_report_status): "unpack ok", then for the one ref "ok
// NAME" or "ng NAME REASON".
func readReport(report io.Reader) error {
	for {
		packet, err := readPacket(report)
		if err != nil {
			return fmt.Errorf("read whether the git remote accepted the tag: %w", err)
		}
		line := foreign.Joined(string(packet))
		result, rest, _ := strings.Cut(line, " ")
		switch {
		case result == "unpack" && rest != "ok":
			return fmt.Errorf("the git remote cannot read what was pushed: %s", rest)
		case result == "ng":
			_, reason, _ := strings.Cut(rest, " ")
			return fmt.Errorf("the git remote refuses the tag: %s", reason)
		case result == "ok":
			return nil
		case packet == nil:
			return errors.New("the git remote does not say whether it accepted the tag")
		}
	}
}

// lostRace recognizes git's words for a ref that somebody made between the look and the push.
func lostRace(err error) error {
	if err == nil {
		return nil
	}
	for _, words := range []string{"failed to update ref", "already exists", "cannot lock ref"} {
		if strings.Contains(err.Error(), words) {
			return errors.Join(ErrExists, err)
		}
	}
	return err
}

// remoteWords keeps of a server's messages what a person reads, on one line.
func remoteWords(said string) string {
	var words []string
	for line := range strings.FieldsFuncSeq(said, func(c rune) bool { return c == '\n' || c == '\r' }) {
		if line = strings.TrimSpace(line); line != "" {
			words = append(words, line)
		}
	}
	return short(strings.Join(words, " "), maxSaid)
}

// CheckPush tells whether the token may push, which the server says before anything is sent.
func (r *Remote) CheckPush(ctx context.Context) error {
	if r.Token == "" {
		return fmt.Errorf("push to %s: no token was given: name one with --token", r.URL)
	}
	return r.do(ctx, "ask for the right to push", func(ctx context.Context) error {
		_, err := r.advertise(ctx, receivePack, func(string) bool { return false })
		return r.explainPush(err)
	})
}
