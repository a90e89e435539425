package session

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"dagger/ship/embedded/internal/daemon"
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
	name       string
}

func init() {
	field("Query.git", func(ctx context.Context, s *Session, _ any, args struct {
		URL, HTTPAuthUsername string
		HTTPAuthToken         *string
		KeepGitDir            bool
	}) (*GitRepository, error) {
		if remote, err := url.Parse(args.URL); err != nil || remote.Scheme != "http" && remote.Scheme != "https" ||
			remote.User != nil {
			return nil, errors.New("git: this session reads remotes over HTTP and HTTPS only, with no credentials in " +
				"their URL")
		}
		repository := &GitRepository{url: args.URL, user: args.HTTPAuthUsername, keepGit: args.KeepGitDir}
		if args.HTTPAuthToken == nil {
			return repository, nil
		}
		var err error
		repository.token, err = get[*Secret](ctx, s, *args.HTTPAuthToken)
		return repository, err
	})
	field("GitRepository.url", func(_ context.Context, _ *Session, r *GitRepository, _ none) (string, error) {
		return r.url, nil
	})
	field("GitRepository.head", func(_ context.Context, _ *Session, r *GitRepository, _ none) (*GitRef, error) {
		return &GitRef{r, "HEAD"}, nil
	})
	for name, prefix := range map[string]string{"branch": "refs/heads/", "tag": "refs/tags/", "ref": ""} {
		field("GitRepository."+name, func(_ context.Context, _ *Session, r *GitRepository,
			args nameArgs) (*GitRef, error) {
			return &GitRef{r, prefix + strings.TrimPrefix(args.Name, prefix)}, nil
		})
	}
	field("GitRepository.commit", func(_ context.Context, _ *Session, r *GitRepository,
		args struct{ ID string }) (*GitRef, error) {
		if !isCommit(args.ID) {
			return nil, fmt.Errorf("invalid commit SHA: %q", args.ID)
		}
		return &GitRef{r, args.ID}, nil
	})
	field("GitRef.commit", func(ctx context.Context, _ *Session, r *GitRef, _ none) (string, error) {
		commit, _, err := r.resolve(ctx)
		return commit, err
	})
	field("GitRef.ref", func(ctx context.Context, _ *Session, r *GitRef, _ none) (string, error) {
		_, ref, err := r.resolve(ctx)
		return ref, err
	})
	field("GitRef.tree", func(ctx context.Context, s *Session, r *GitRef,
		args struct{ DiscardGitDir bool }) (*Directory, error) {
		return r.tree(ctx, s, args.DiscardGitDir || !r.repository.keepGit)
	})
}

func isCommit(name string) bool {
	return len(name) == 40 && strings.Trim(name, "0123456789abcdef") == ""
}

// git runs the program git. The token goes through the environment, since arguments can be seen by others.
func (r *GitRepository) git(ctx context.Context, dir string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = dir
	command.Env = daemon.GitEnvironment()
	if r.token != nil {
		token, err := r.token.plaintext()
		if err != nil {
			return "", err
		}
		user := r.user
		if user == "" {
			user = "x-access-token" // the engine's default
		}
		header := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+string(token)))
		command.Env = daemon.GitEnvironment([2]string{"http." + r.url + ".extraHeader", header},
			// git would take the header along to wherever the server leads
			[2]string{"http." + r.url + ".followRedirects", "false"})
	}
	var out, problem bytes.Buffer
	command.Stdout, command.Stderr = &out, &problem
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("git %s %s: %w: %s", args[0], r.url, err, strings.TrimSpace(problem.String()))
	}
	return out.String(), nil
}

// resolve asks the remote what commit a name stands for, and for its full name. A tag stands for what it points at.
func (r *GitRef) resolve(ctx context.Context) (commit, ref string, err error) {
	if isCommit(r.name) {
		return r.name, r.name, nil
	}
	out, err := r.repository.git(ctx, "", "ls-remote", r.repository.url, r.name, r.name+"^{}")
	if err != nil {
		return "", "", err
	}
	for line := range strings.Lines(out) {
		id, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if full, peeled := strings.CutSuffix(name, "^{}"); commit == "" || peeled && full == ref {
			commit, ref = id, full
		}
	}
	if commit == "" {
		return "", "", fmt.Errorf("repository %s does not contain ref %q", r.repository.url, r.name)
	}
	return commit, ref, nil
}

// tree fetches the one commit, without its history, and takes its files, with those of its submodules, as a folder of
// this machine.
func (r *GitRef) tree(ctx context.Context, s *Session, discard bool) (*Directory, error) {
	commit, _, err := r.resolve(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(s.temp, "git-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for %s: %w", r.repository.url, err)
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"fetch", "--quiet", "--depth=1", "--no-recurse-submodules", r.repository.url, commit},
		{"checkout", "--quiet", "--detach", commit},
	} {
		if _, err := r.repository.git(ctx, dir, args...); err != nil {
			return nil, err
		}
	}
	more := submodules{temp: s.temp, home: r.repository}
	if err := more.fetch(ctx, r.repository, dir, commit, dir, ""); err != nil {
		return nil, err
	}
	var exclude []string
	if discard {
		exclude = []string{".git"}
	}
	return s.hostDirectory(dir, nil, exclude, false)
}
