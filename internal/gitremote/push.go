package gitremote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/storage/memory"
)

// PushTag pushes an annotated tag for a commit that the remote has. When is the tagger's date: the commit's own, so
// that two releases of one commit make the same object. The error wraps ErrExists when the remote has the tag.
//
// Options are push options (https://git-scm.com/docs/git-push#Documentation/git-push.txt---push-optionoption), as ci.skip
// for GitLab to start no pipeline for the tag; a server that takes none does not get them.
func (r *Remote) PushTag(ctx context.Context, tag Tag, message string, when time.Time, options ...string) error {
	return r.do(ctx, "push tag "+tag.Name, func(ctx context.Context) error {
		var said bytes.Buffer
		err := r.pushTag(ctx, tag, message, when, options, &said)
		// A server tells why it refuses (a protected tag, say) only beside its answer.
		if words := remoteWords(said.String()); err != nil && words != "" {
			err = fmt.Errorf("%w\nthe git remote says: %s%s", err, words, r.whereProtected(tag.Name, words))
		}
		return r.explainPush(err)
	})
}

func (r *Remote) pushTag(ctx context.Context, tag Tag, message string, when time.Time, options []string, progress io.Writer) error {
	session, err := r.receivePack()
	if err != nil {
		return err
	}
	defer session.Close()
	refs, err := session.AdvertisedReferencesContext(ctx)
	if err != nil {
		return err
	}
	name := plumbing.NewTagReferenceName(tag.Name)
	if _, exists := refs.References[name.String()]; exists {
		return ErrExists
	}
	pack, hash, err := encodeTag(tag, message, when)
	if err != nil {
		return err
	}
	request := packp.NewReferenceUpdateRequestFromCapabilities(refs.Capabilities)
	request.Commands = []*packp.Command{{Name: name, Old: plumbing.ZeroHash, New: hash}}
	request.Packfile = io.NopCloser(pack)
	if len(options) > 0 && refs.Capabilities.Supports(capability.PushOptions) {
		if err := addOptions(request, options, pack); err != nil {
			return err
		}
	}
	if refs.Capabilities.Supports(capability.Sideband64k) {
		if err := request.Capabilities.Set(capability.Sideband64k); err != nil {
			return err
		}
		request.Progress = progress
	}
	status, err := session.ReceivePack(ctx, request)
	if err != nil {
		return lostRace(err)
	}
	if status == nil {
		return errors.New("the server did not say whether it took the tag")
	}
	return lostRace(status.Error())
}

// addOptions puts push options in front of the pack (https://git-scm.com/docs/pack-protocol#_reference_update_request_and_packfile_transfer).
// go-git would send each as KEY=VALUE; one without a value has to be written here, and the capability announced beside the agent.
func addOptions(request *packp.ReferenceUpdateRequest, options []string, pack io.Reader) error {
	agent := capability.DefaultAgent() + " " + string(capability.PushOptions)
	if err := request.Capabilities.Set(capability.Agent, agent); err != nil {
		return err
	}
	var section bytes.Buffer
	packets := pktline.NewEncoder(&section)
	if err := packets.EncodeString(options...); err != nil {
		return fmt.Errorf("encode the push options: %w", err)
	}
	if err := packets.Flush(); err != nil {
		return err
	}
	request.Packfile = io.NopCloser(io.MultiReader(&section, pack))
	return nil
}

// lostRace recognizes git's words for a ref that appeared between the look and the push.
func lostRace(err error) error {
	if err == nil {
		return nil
	}
	for _, words := range []string{"failed to update ref", "already exists", "reference already exists", "cannot lock ref"} {
		if strings.Contains(err.Error(), words) {
			return errors.Join(ErrExists, err)
		}
	}
	return err
}

// encodeTag makes the tag object (https://git-scm.com/docs/git-mktag) and a pack that holds only it.
func encodeTag(tag Tag, message string, when time.Time) (*bytes.Buffer, plumbing.Hash, error) {
	store := memory.NewStorage()
	encoded := store.NewEncodedObject()
	annotated := object.Tag{
		Name:       tag.Name,
		Tagger:     object.Signature{Name: "Ship", Email: "ship@localhost", When: when.UTC()},
		Message:    message + "\n",
		TargetType: plumbing.CommitObject,
		Target:     plumbing.NewHash(tag.Commit),
	}
	if err := annotated.Encode(encoded); err != nil {
		return nil, plumbing.ZeroHash, fmt.Errorf("encode the tag: %w", err)
	}
	hash, err := store.SetEncodedObject(encoded)
	if err != nil {
		return nil, plumbing.ZeroHash, fmt.Errorf("encode the tag: %w", err)
	}
	var pack bytes.Buffer
	if _, err := packfile.NewEncoder(&pack, store, false).Encode([]plumbing.Hash{hash}, 0); err != nil {
		return nil, plumbing.ZeroHash, fmt.Errorf("encode the pack: %w", err)
	}
	return &pack, hash, nil
}

// remoteWords keeps of a server's messages what a person reads, on one line.
func remoteWords(said string) string {
	var words []string
	for line := range strings.FieldsFuncSeq(said, func(c rune) bool { return c == '\n' || c == '\r' }) {
		if line = strings.TrimSpace(line); line != "" {
			words = append(words, line)
		}
	}
	return strings.Join(words, " ")
}

// CheckPush tells whether the token may push, which the server says before anything is sent.
func (r *Remote) CheckPush(ctx context.Context) error {
	if r.Token == "" {
		return fmt.Errorf("push to %s: no token was given: name one with --token", r.URL)
	}
	return r.do(ctx, "ask for the right to push", func(ctx context.Context) error {
		session, err := r.receivePack()
		if err != nil {
			return err
		}
		defer session.Close()
		if _, err = session.AdvertisedReferencesContext(ctx); errors.Is(err, transport.ErrEmptyRemoteRepository) {
			return nil
		}
		return r.explainPush(err)
	})
}

func (r *Remote) receivePack() (transport.ReceivePackSession, error) {
	endpoint, err := transport.NewEndpoint(r.URL)
	if err != nil {
		return nil, err
	}
	return githttp.NewClient(r.Client.HTTP).NewReceivePackSession(endpoint, r.auth())
}
