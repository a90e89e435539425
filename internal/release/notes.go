package release

import (
	"context"
	"errors"
	"fmt"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/flow"
	"dagger/ship/internal/gitlab"
	"dagger/ship/internal/gitremote"
	"dagger/ship/internal/notes"
)

func (r *Release) onGitLab() (*gitlab.Project, error) {
	address, _ := r.remote.Place()
	path, err := gitlab.ProjectOf(r.GitLab, address)
	return &gitlab.Project{
		API:    r.GitLab,
		Path:   path,
		User:   r.Repo.User,
		Token:  r.token,
		Client: r.remote.Client,
	}, err
}

// lookAtNotes looks at GitLab's release of the version's tag. If that cannot be done, the step
// that makes it will fail; what it is about needs no deploy to wait for it.
func (r *Release) lookAtNotes(ctx context.Context) (converge.Notes, error) {
	project, err := r.onGitLab()
	if err != nil {
		return converge.Notes{}, fmt.Errorf("--gitlab: %w", err)
	}
	found, err := project.Get(ctx, r.facts.Tag)
	switch {
	case errors.Is(err, gitlab.ErrNotFound):
		return converge.Notes{Wanted: true}, nil
	case err != nil:
		return converge.Notes{Wanted: true, Failure: r.Redactor.Redact(err.Error())}, nil
	}
	return converge.Notes{Wanted: true, Found: true, Text: found.Description}, nil
}

func (r *Release) notesStep(plan converge.Plan) flow.Step {
	return step(
		"notes",
		"GitLab to make the release",
		plan.Notes,
		func(ctx context.Context) (string, error) { return r.notes(ctx, plan.Commit) },
	)
}

// notes makes GitLab's release, or adds the image to what is there.
func (r *Release) notes(ctx context.Context, commit string) (string, error) {
	told, err := r.tellNotes(ctx, commit)
	if err != nil {
		return "", flow.FailAtEnd(
			fmt.Errorf(
				"%w\n%s stays tagged and published: retry to make its release on GitLab",
				err,
				r.facts.Name,
			),
		)
	}
	return told, nil
}

func (r *Release) tellNotes(ctx context.Context, commit string) (string, error) {
	project, err := r.onGitLab()
	if err != nil {
		return "", err
	}
	news, err := r.news(ctx, commit)
	if err != nil {
		return "", err
	}
	tag := r.facts.Tag
	if !r.facts.Notes.Found {
		made := gitlab.Release{Tag: tag, Name: r.read.Title(), Description: news.Markdown()}
		switch err := project.Create(ctx, made); {
		case err == nil:
			return "made GitLab's release " + tag, nil
		case !errors.Is(err, gitlab.ErrExists):
			return "", err
		}
	}
	// it may have changed since the look, by people or by another release of the version, whose
	// words stay
	found, err := project.Get(ctx, tag)
	if err != nil {
		return "", err
	}
	facts := r.now()
	facts.Notes = converge.Notes{Wanted: true, Found: true, Text: found.Description}
	if !converge.TellNotes(facts).Needed {
		return "GitLab's release " + tag + " names the image by now", nil
	}
	return "added the image to GitLab's release " + tag, project.Describe(ctx, tag, news.Add(found.Description))
}

// news are what changed since the version before, in the project's folder.
func (r *Release) news(ctx context.Context, commit string) (notes.Notes, error) {
	versions, tags, err := r.versions(ctx)
	if err != nil {
		return notes.Notes{}, err
	}
	before, _ := notes.Since(r.read.Project.Version, versions)
	since := tags[before.Text]
	history, err := r.remote.History(ctx, gitremote.Range{To: commit, From: since.Commit, Folder: r.Path})
	if err != nil {
		return notes.Notes{}, err
	}
	news := notes.Notes{Image: r.references(), Since: since.Name}
	for _, commit := range history {
		news.Commits = append(news.Commits, notes.Commit{
			Hash: commit.Hash, Subject: commit.Subject, Author: commit.Author, Merge: commit.Merge,
		})
	}
	return news, nil
}
