package source

import (
	"context"
	"time"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/gitremote"
	"dagger/ship/internal/manifest"
)

// Commit is a project's part of a commit, as the git remote has it. The checkout may be of a later
// commit, and may hold what no commit does: a version names what can be had again.
type Commit struct {
	Root  *dagger.Directory // of the repo
	Path  string            // the project's folder; "." is the root
	Files manifest.Tree     // the repo's files

	limit   time.Duration
	client  *dagger.Client
	remote  *gitremote.Remote
	withGit *dagger.Directory // the root with its folder .git, which has the commit alone
	hide    func(secrets ...string)
	large   *largeFiles
}

// NewCommit is a commit of a remote, whose place must be known: git takes a token wherever a server
// leads, so it gets the token only once it is known that the server leads nowhere else. Hide is told
// what a server says in confidence.
func NewCommit(
	ctx context.Context,
	client *dagger.Client,
	remote *gitremote.Remote,
	hash string,
	limit time.Duration,
	hide func(secrets ...string),
) *Commit {
	options := dagger.GitOpts{}
	address, fetchable := remote.Place()
	if remote.Token != "" && fetchable {
		options.HTTPAuthUsername, options.HTTPAuthToken = remote.User, client.SetSecret("ship-token", remote.Token)
	}
	root := client.Git(address, options).Commit(hash).Tree(dagger.GitRefTreeOpts{DiscardGitDir: true})
	options.KeepGitDir = true
	return &Commit{
		Root: root, Path: ".", Files: NewFiles(client, root, limit).Tree(ctx),
		limit: limit, client: client, remote: remote,
		withGit: client.Git(address, options).Commit(hash).Tree(),
		hide:    hide, large: new(largeFiles),
	}
}

// In is the part of the commit in a folder.
func (c *Commit) In(path string) *Commit {
	part := *c
	part.Path = path
	return &part
}

// Folder is the project's folder.
func (c *Commit) Folder() *dagger.Directory {
	if c.Path == "." {
		return c.Root
	}
	return c.Root.Directory(c.Path)
}
