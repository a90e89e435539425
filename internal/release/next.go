package release

import (
	"context"
	"path"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/changes"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/gitremote"
	"dagger/ship/internal/manifest"
	"dagger/ship/internal/notes"
	"dagger/ship/internal/settings"
)

// Next finds the version that the changes since the last one make. It changes nothing.
func (r *Release) Next(ctx context.Context) (next changes.Next, err error) {
	read := func(context.Context) (string, error) {
		var group errgroup.Group
		for _, read := range []func() error{r.readProject, r.readGit, r.readCommit} {
			group.Go(read)
		}
		err := group.Wait()
		r.run.Report.Project = r.read.Title()
		return r.read.Project.Path + " says " + r.read.Title(), err
	}
	look := func(ctx context.Context) (string, error) {
		next, err = r.next(ctx)
		return "tags and history", err
	}
	err = r.run.Perform(ctx, flow.Group{looks("read", "the source", read)},
		flow.Group{looks("look", "git remote to answer", look)})
	return next, err
}

func (r *Release) next(ctx context.Context) (changes.Next, error) {
	versions, tags, err := r.versions(ctx)
	if err != nil {
		return changes.Next{}, err
	}
	facts := changes.Facts{
		Name:     r.Redactor.Line(r.read.Project.Name),
		Says:     r.read.Project.Version,
		Manifest: r.Redactor.Line(r.read.Project.Path),
		Scheme:   r.scheme(),
		Tagged:   versions,
		Files:    r.Settings.Next == settings.ByFiles,
	}
	var since gitremote.Tag
	if base, found := changes.Base(facts.Says, versions); found {
		since = tags[base.Text]
	}
	facts.Since = since.Name
	if facts.Files {
		facts.Changes, err = r.changeFiles(since.Commit)
	} else {
		facts.Changes, err = r.changesByCommits(ctx, since.Commit)
	}
	if err != nil {
		return changes.Next{}, err
	}
	return changes.Decide(facts)
}

// changesByCommits are the commits since another one that touch the project's folder. Merges that only say
// which branch they are of are left out: its commits count themselves.
func (r *Release) changesByCommits(ctx context.Context, since string) (all []changes.Change, err error) {
	history, err := r.remote.History(ctx, gitremote.Range{To: r.head, From: since, Folder: r.Path})
	for _, commit := range history {
		level, is := changes.Conventional(commit.Message)
		if !is && notes.OfBranch(commit.Merge, commit.Subject) {
			continue
		}
		all = append(all, changes.Change{
			Level:   level,
			Text:    r.Redactor.Line(commit.Subject),
			From:    commit.Hash[:8],
			Unknown: !is,
		})
	}
	return all, err
}

// changeFiles are the change files of the source that a commit, that of the version before, does not have.
func (r *Release) changeFiles(since string) (all []changes.Change, err error) {
	folder := path.Join(r.Path, changes.Folder)
	there, _, err := inTree(r.Tree, folder)
	if err != nil || !there {
		return nil, err
	}
	now, err := r.Tree.List(folder)
	if err != nil {
		return nil, err
	}
	var before manifest.Tree
	had := false
	if since != "" {
		if before, err = r.filesAt(since); err != nil {
			return nil, err
		}
		if had, _, err = inTree(before, folder); err != nil {
			return nil, err
		}
	}
	for _, name := range now {
		if name = strings.TrimSuffix(name, "/"); !changes.IsFile(name) {
			continue
		}
		file := path.Join(folder, name)
		if had {
			if old, _, err := inTree(before, file); err != nil {
				return nil, err
			} else if old {
				continue
			}
		}
		data, err := r.Tree.Contents(file)
		if err != nil {
			return nil, err
		}
		change, err := changes.FromFile(file, data)
		if err != nil {
			return nil, err
		}
		change.Text, change.From = r.Redactor.Line(change.Text), r.Redactor.Line(change.From)
		all = append(all, change)
	}
	return all, nil
}
