package session

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
)

// GitRepository is a git remote.
type GitRepository struct {
	url     string
	user    string
	token   *Secret // nil: anyone may read
	keepGit bool
}

// GitRef is a commit of a remote, or a name of one.
type GitRef struct {
	repository *GitRepository
	name       string // empty: HEAD
}

func init() {
	field("Query.git", func(ctx context.Context, s *Session, _ any, args struct {
		URL, HTTPAuthUsername string
		HTTPAuthToken         *string
		KeepGitDir            bool
	}) (*GitRepository, error) {
		if !strings.HasPrefix(args.URL, "http://") && !strings.HasPrefix(args.URL, "https://") {
			return nil, fmt.Errorf("git %s: this session reads remotes over HTTP and HTTPS only", args.URL)
		}
		repository := &GitRepository{url: args.URL, user: args.HTTPAuthUsername, keepGit: args.KeepGitDir}
		if args.HTTPAuthToken == nil {
			return repository, nil
		}
		var err error
		repository.token, err = get[*Secret](ctx, s, *args.HTTPAuthToken)
		return repository, err
	})
	field("GitRepository.url", func(_ context.Context, _ *Session, r *GitRepository, _ none) (string, error) { return r.url, nil })
	field("GitRepository.head", func(_ context.Context, _ *Session, r *GitRepository, _ none) (*GitRef, error) {
		return &GitRef{r, ""}, nil
	})
	for name, prefix := range map[string]string{"branch": "refs/heads/", "tag": "refs/tags/", "ref": ""} {
		field("GitRepository."+name, func(_ context.Context, _ *Session, r *GitRepository, args nameArgs) (*GitRef, error) {
			return &GitRef{r, prefix + strings.TrimPrefix(args.Name, prefix)}, nil
		})
	}
	field("GitRepository.commit", func(_ context.Context, _ *Session, r *GitRepository, args struct{ ID string }) (*GitRef, error) {
		if len(args.ID) != 40 || strings.Trim(args.ID, "0123456789abcdef") != "" {
			return nil, fmt.Errorf("invalid commit SHA: %q", args.ID)
		}
		return &GitRef{r, args.ID}, nil
	})
	field("GitRef.commit", func(ctx context.Context, s *Session, r *GitRef, _ none) (string, error) {
		commit, _, err := r.resolve(ctx, s)
		return commit, err
	})
	field("GitRef.ref", func(ctx context.Context, s *Session, r *GitRef, _ none) (string, error) {
		_, ref, err := r.resolve(ctx, s)
		return ref, err
	})
	field("GitRef.tree", func(ctx context.Context, s *Session, r *GitRef, args struct{ DiscardGitDir bool }) (*Directory, error) {
		commit, _, err := r.resolve(ctx, s)
		if err != nil {
			return nil, err
		}
		state, err := r.source(s, commit, r.repository.keepGit && !args.DiscardGitDir)
		return &Directory{place{state, "/", s.platform}}, err
	})
}

// source is the files of a commit.
func (r *GitRef) source(s *Session, ref string, keepGit bool) (llb.State, error) {
	options := []llb.GitOption{llb.WithCustomName("read " + r.repository.url)}
	if keepGit {
		options = append(options, llb.KeepGitDir())
	}
	if r.repository.token != nil {
		header, err := r.repository.header()
		if err != nil {
			return llb.State{}, err
		}
		id, err := header.register()
		if err != nil {
			return llb.State{}, err
		}
		options = append(options, llb.AuthHeaderSecret(id))
	}
	return llb.Git(r.repository.url, ref, options...), nil
}

// header is a secret with what git sends to the remote.
func (r *GitRepository) header() (*Secret, error) {
	token, err := r.token.plaintext()
	if err != nil {
		return nil, err
	}
	user := r.user
	if user == "" {
		user = "x-access-token" // the engine's default
	}
	text := "basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+string(token)))
	key := "git authorization for " + r.url
	r.token.session.plaintexts.Store(key, []byte(text))
	return &Secret{session: r.token.session, name: key}, nil
}

// resolve asks the remote what commit a name stands for, and for its full name.
func (r *GitRef) resolve(ctx context.Context, s *Session) (commit, ref string, err error) {
	if len(r.name) == 40 && strings.Trim(r.name, "0123456789abcdef") == "" {
		return r.name, r.name, nil
	}
	state, err := r.source(s, r.name, false)
	if err != nil {
		return "", "", err
	}
	_, err = s.build(ctx, nil, func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
		op, err := sourceOp(ctx, state)
		if err != nil {
			return nil, err
		}
		meta, err := c.ResolveSourceMetadata(ctx, op, sourceresolver.Opt{LogName: "look up " + r.repository.url})
		if err != nil {
			return nil, err
		}
		if meta.Git == nil {
			return nil, errors.New("BuildKit is too old to look up git refs")
		}
		commit, ref = meta.Git.Checksum, meta.Git.Ref
		if meta.Git.CommitChecksum != "" {
			commit = meta.Git.CommitChecksum
		}
		return gateway.NewResult(), nil
	})
	if err != nil {
		return "", "", fmt.Errorf("git %s: look up %q: %w", r.repository.url, r.name, err)
	}
	return commit, ref, nil
}

func sourceOp(ctx context.Context, state llb.State) (*pb.SourceOp, error) {
	def, err := state.Marshal(ctx)
	if err != nil {
		return nil, err
	}
	for _, text := range def.Def {
		var op pb.Op
		if err := op.UnmarshalVT(text); err != nil {
			return nil, err
		}
		if source := op.GetSource(); source != nil {
			return source, nil
		}
	}
	return nil, errors.New("the definition holds no source")
}
