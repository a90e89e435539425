package gitremote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"

	"dagger/ship/internal/limit"
)

// errNotGit says that the server's answer is not in git's protocol.
var errNotGit = errors.New("the git remote does not answer as git does")

// delimiter separates a command's capabilities from its arguments; go-git's pktline knows only the
// flush packet.
const delimiter = "0001"

// lsRefs asks for the tags that begin with one of the prefixes, peeled, and returns those that are wanted.
func (r *Remote) lsRefs(ctx context.Context, wanted func(ref string) bool, prefixes []string) ([]Tag, error) {
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
			return nil, fmt.Errorf("%w: ls-refs answered %q", errNotGit, short(string(line), 300))
		}
		tag := Tag{Commit: fields[0]}
		for _, attribute := range fields[2:] {
			if peeled, is := strings.CutPrefix(attribute, "peeled:"); is && plumbing.IsHash(peeled) {
				tag.Commit = peeled
			}
		}
		if !wanted(fields[1]) {
			continue
		}
		if err := body.Spend(limit.Kept, overhead+int64(len(fields[1]))); err != nil {
			return nil, err
		}
		// the clones keep nothing else of the line, which may be long
		tag.Name = strings.Clone(strings.TrimPrefix(fields[1], "refs/tags/"))
		tag.Commit = strings.Clone(tag.Commit)
		tags = append(tags, tag)
	}
}

// CommitTime returns when the commit was made, as the remote's copy of it says: a release needs the
// commit to be there, and a job's shallow checkout need not hold it. Its error wraps ErrNoCommit if
// the remote does not have it.
func (r *Remote) CommitTime(ctx context.Context, commit string) (made time.Time, err error) {
	err = r.do(ctx, "fetch commit "+commit, func(ctx context.Context) (err error) {
		// tree:0 leaves out the files; a server without partial clone refuses the filter and sends
		// them all
		made, err = r.commitTime(ctx, commit, "filter tree:0")
		if errors.Is(err, errNotGit) {
			made, err = r.commitTime(ctx, commit)
		}
		return err
	})
	return made, err
}

func (r *Remote) commitTime(ctx context.Context, hash string, arguments ...string) (time.Time, error) {
	ask := fetching{keep: []plumbing.ObjectType{plumbing.CommitObject}, enough: plumbing.NewHash(hash)}
	found, err := r.fetch(ctx, ask, append(arguments, "want "+hash, "deepen 1")...)
	if err != nil {
		return time.Time{}, err
	}
	c, err := found.commit(plumbing.NewHash(hash))
	if err != nil {
		return time.Time{}, err
	}
	return c.made, nil
}

// fetching says which of the objects that a server sends are kept.
type fetching struct {
	keep   []plumbing.ObjectType
	enough plumbing.Hash // the rest is not read after this object; zero: all is read

	// onlyFirst reads nothing after the first object that is not kept. Servers send commits first.
	onlyFirst bool
}

// fetch returns the objects that the server sends for a fetch's arguments, all at once. If they are
// more than the limits allow, it returns those that are within them, too.
func (r *Remote) fetch(ctx context.Context, ask fetching, arguments ...string) (*objects, error) {
	// with ofs-delta, a delta names its base by its place in the pack, so that the base need not be
	// kept to know that it was skipped
	body, err := r.command(ctx, "fetch", append(arguments, "ofs-delta", "no-progress", "done")...)
	if err != nil {
		return nil, err
	}
	defer body.Close()

	for { // the sections before the pack say what is shallow, which is known already
		line, err := readPacket(body)
		if err != nil {
			return nil, err
		}
		if string(line) == "packfile\n" {
			break
		}
		if line == nil {
			return nil, fmt.Errorf("%w: fetch answered without a pack", errNotGit)
		}
	}
	return ask.unpack(&sideband{packets: body}, body.Budget)
}

func (f *fetching) unpack(pack io.Reader, budget *limit.Budget) (*objects, error) {
	keep := func(kind plumbing.ObjectType) bool { return slices.Contains(f.keep, kind) }
	u := &unpacking{budget: budget, keep: keep, enough: f.enough, onlyFirst: f.onlyFirst}
	found, err := u.read(pack)
	if err != nil {
		return u.found, fmt.Errorf("read the pack: %w", err)
	}
	return found, nil
}

// command posts one protocol v2 command and returns the answer's packets.
func (r *Remote) command(ctx context.Context, name string, arguments ...string) (*answer, error) {
	var body bytes.Buffer
	packets := pktline.NewEncoder(&body)
	err := packets.EncodeString("command="+name+"\n", "agent=ship\n", "object-format=sha1\n")
	body.WriteString(delimiter)
	for _, argument := range arguments {
		err = errors.Join(err, packets.EncodeString(argument+"\n"))
	}
	if err = errors.Join(err, packets.Flush()); err != nil { // without one argument, git would send something else
		return nil, fmt.Errorf("ask the git remote: a name is longer than git's protocol allows: %w", err)
	}
	before, asked := r.Place()
	answer, err := r.post(ctx, body.Bytes())
	if !errors.Is(err, errNotGit) || asked {
		return answer, err
	}
	// the repository may have moved, and a server says so only for a GET
	if moved := r.resolve(ctx); moved != nil {
		return nil, moved
	}
	if now, _ := r.Place(); now == before {
		return nil, err
	}
	return r.post(ctx, body.Bytes())
}

func (r *Remote) post(ctx context.Context, body []byte) (*answer, error) {
	answer, err := r.request(ctx, http.MethodPost, r.base()+"/"+uploadPack, uploadPack, body, "Git-Protocol",
		"version=2")
	if errors.Is(err, errNoRepository) { // a server also says this if it has the repository at another address
		return nil, fmt.Errorf("%w: it answered 404 Not Found", errNotGit)
	}
	return answer, err
}
