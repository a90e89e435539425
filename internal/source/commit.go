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

	WithGit *dagger.Directory // the root with its folder .git, which has the commit alone

	limit time.Duration
}

// NewCommit is a commit of a remote, whose place must be known: git takes a token wherever a server
// leads, so it gets the token only once it is known that the server leads nowhere else.
func NewCommit(
	ctx context.Context,
	client *dagger.Client,
	remote *gitremote.Remote,
	hash string,
	limit time.Duration,
) *Commit {
	options := dagger.GitOpts{}
	address, fetchable := remote.Place()
	if remote.Token != "" && fetchable {
		options.HTTPAuthUsername, options.HTTPAuthToken = remote.User, client.SetSecret("ship-token", remote.Token)
	}
	root := client.Git(address, options).Commit(hash).Tree(dagger.GitRefTreeOpts{DiscardGitDir: true})
	options.KeepGitDir = true
	return &Commit{
		Root: root, WithGit: client.Git(address, options).Commit(hash).Tree(), Path: ".",
		Files: NewFiles(client, root, limit).Tree(ctx), limit: limit,
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
