package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/manifest"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/projects"
	"dagger/ship/internal/registry"
)

// readProject finds out what suffices to look at environments, readTags at the project's tags too.
func (r *release) readProject(context.Context) (string, error) { return r.readWith(r.readCluster) }
func (r *release) readTags(context.Context) (string, error) {
	return r.readWith(r.readCluster, r.readGit)
}

func (r *release) readWith(shared ...func() error) (string, error) {
	var group errgroup.Group
	group.Go(func() (err error) { r.project, err = r.readManifest(); return })
	for _, read := range shared {
		group.Go(read)
	}
	err := group.Wait()
	if r.project.Name != "" {
		r.report.Project = r.project.Name
	}
	return r.project.Path + " says " + r.project.Name, err
}

// read finds out what the source says, and derives what was not given.
func (r *release) read(context.Context) (string, error) {
	if _, err := r.readWith(r.readCluster, r.readGit, r.readCommit, r.readRegistry); err != nil {
		return "", err
	}
	r.facts.Commit, r.facts.Version = r.head, r.project.Version
	r.report.Project = r.project.Name + " " + r.project.Version.Text
	r.report.Commit = r.facts.Commit

	var err error
	if r.imageTag, err = naming.ImageTag(r.project.Version.Text); err != nil {
		return "", fmt.Errorf("%s: %w", r.project.Path, err)
	}
	if r.images.Address, err = r.address(); err != nil {
		return "", err
	}
	if r.images.Account, err = r.accounts.get(registry.Host(r.images.Address), r.account); err != nil {
		return "", err
	}
	r.facts.Image = r.images.Address + ":" + r.imageTag
	if r.facts.Tag, err = naming.Template(r.Template).Tag(r.project.Name, r.project.Version.Text); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s says %s, HEAD is %s", r.project.Path, r.report.Project, converge.Short(r.facts.Commit)), nil
}

// look sees what there is, all at once, and decides what is missing.
func (r *release) look(ctx context.Context) (string, error) {
	r.facts.Environments = make([]converge.Environment, len(r.targets))
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		commits, err := r.tagged()
		r.facts.Tagged = commits[r.facts.Tag]
		return err
	})
	group.Go(func() error {
		image, err := r.images.Look(gctx, r.imageTag)
		r.facts.Digest, r.facts.Revision = image.Digest, image.Revision
		return missing(err)
	})
	group.Go(func() error {
		digest, err := r.images.Digest(gctx, "latest")
		r.facts.Latest = digest
		return missing(err)
	})
	if r.GitLab != "" {
		group.Go(func() (err error) { r.facts.Notes, err = r.lookAtNotes(gctx); return })
	}
	for i, target := range r.targets {
		group.Go(func() (err error) { r.facts.Environments[i], err = r.environment(gctx, target); return })
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	// only a change can be one backwards, so only then the other versions matter
	if r.facts.Tagged == "" || r.facts.Latest != r.facts.Digest {
		if err := r.lookAtOthers(ctx); err != nil {
			return "", err
		}
	}
	var err error
	r.plan, err = converge.Decide(r.facts, converge.Options{Maintenance: r.Maintenance})
	if err != nil {
		return "", err
	}
	return r.plan.Anything().Why, nil
}

func missing(err error) error {
	if errors.Is(err, registry.ErrNotFound) {
		return nil
	}
	return err
}

// check makes sure that what is to come can succeed: credentials with the rights, a commit that the remote has, a
// chart that renders.
func (r *release) check(ctx context.Context) (string, error) {
	if r.Container != nil && r.plan.Build.Needed && r.plan.Commit != r.facts.Commit {
		return "", fmt.Errorf("%s is tagged at %s, but the container given was made from %s: check out the tag and make it from there",
			r.report.Project, converge.Short(r.plan.Commit), converge.Short(r.facts.Commit))
	}
	if err := r.resolve(); err != nil {
		return "", err
	}
	group, gctx := errgroup.WithContext(ctx)
	if r.plan.Tag.Needed {
		group.Go(r.mayPush)
	}
	if r.plan.Tag.Needed || r.plan.Build.Needed {
		group.Go(func() error {
			err := r.checkCommit(gctx)
			if err == nil && r.plan.Build.Needed && r.Container == nil {
				err = r.checkWhole(gctx)
			}
			return err
		})
	}
	if r.plan.Publish.Needed || r.plan.Latest.Needed {
		group.Go(func() error { return r.checkPush(gctx) })
	}
	for i, target := range r.targets {
		if r.plan.Deploy[i].Needed {
			group.Go(func() error { return r.render(gctx, target) })
		}
	}
	return "credentials, commit and chart are good", group.Wait()
}

// checkCommit makes sure that the remote has the commit, and that it is the commit that says the version: a version
// raised in the checkout alone must not be tagged.
func (r *release) checkCommit(ctx context.Context) (err error) {
	commit := r.plan.Commit
	if _, err = r.made(); err != nil {
		return err
	}
	var committed manifest.Project
	at := "fetch the source at " + converge.Short(commit) + " from the git remote"
	if err = r.try(ctx, at, func(context.Context) (err error) {
		committed, err = r.manifestIn(r.files(), r.project.Path)
		return err
	}); err != nil {
		return err
	}
	if committed.Name != r.project.Name || committed.Version.Text != r.project.Version.Text {
		return fmt.Errorf("%s says %s here, but %s %s at %s: commit and push it first", r.project.Path, r.report.Project,
			committed.Name, committed.Version.Text, converge.Short(r.plan.Commit))
	}
	return nil
}

// checkPush makes sure that the image can be pushed. Where the credentials are for another registry, none is tried: a
// push without would be refused late, or go where nobody meant it to.
func (r *release) checkPush(ctx context.Context) error {
	if home := r.images.Elsewhere; home != "" && r.password != "" {
		return fmt.Errorf("%s is to be published, but --login and --password are for %s: name its registry with --registry, "+
			"or give the project an image there", r.facts.Image, home)
	}
	return r.images.CheckPush(ctx)
}

// made is when the version's commit was. Its error tells where the remote does not have the commit.
func (r *release) made() (time.Time, error) {
	return r.times.get(r.plan.Commit, func() (time.Time, error) { return r.remote.CommitTime(r.ctx, r.plan.Commit) })
}

// address is where the image goes.
func (r *release) address() (string, error) {
	address := r.Address
	if address == "" {
		if r.Registry == "" {
			return "", errors.New("no image: give its address with --image, or --registry to name it after the project")
		}
		address = r.Registry + "/" + naming.Image(r.project.Name)
	}
	return address, registry.Check(address)
}

// account reaches the registry where its address says, or where it runs as a service. Its credentials are those that
// are left of the settings for this project (see with).
func (r *release) account() (*registry.Account, error) {
	account := &registry.Account{User: r.Login, PlainHTTP: r.Insecure, Client: r.remote.Client}
	if r.Password != nil {
		account.Password = r.password
	}
	given, home := r.settings, r.settings.home()
	elsewhere := r.key != "" && !registry.SamePlace(registry.Host(r.images.Address), home, given.Insecure)
	switch something := r.password != "" || given.Insecure || given.Service != nil; {
	case elsewhere && something && home == "":
		return nil, fmt.Errorf("--password, --insecure and --service are for one registry, and %s alone does not say for which: "+
			"name that with --registry", projects.File)
	case elsewhere && something:
		account.Elsewhere = home
	}
	if r.Service == nil {
		return account, nil
	}
	service, err := r.Service.Start(r.ctx)
	if err != nil {
		return nil, fmt.Errorf("start the registry that --service names: %w", err)
	}
	endpoint, err := service.Endpoint(r.ctx)
	if err != nil {
		return nil, fmt.Errorf("find the registry that --service names: %w", err)
	}
	account.Client = r.remote.Client.ConnectTo(registry.Host(r.images.Address), endpoint)
	return account, nil
}
