package main

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/manifest"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/network"
	"dagger/ship/internal/registry"
)

// readProject finds out what suffices to look at environments.
func (r *release) readProject(ctx context.Context) (string, error) {
	var kubeconfig string
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { r.project, err = r.readManifest(gctx); return })
	group.Go(func() (err error) { kubeconfig, err = secretText(gctx, "kubeconfig", r.Kubeconfig); return })
	err := group.Wait()
	r.redactor.Add(kubeconfig)
	r.hasKubeconfig = kubeconfig != ""
	r.report.Project = r.project.Name
	return r.project.Path + " says " + r.project.Name, err
}

// readTags finds out what suffices to look at the project's tags too.
func (r *release) readTags(ctx context.Context) (string, error) {
	var token, ca string
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error { _, err := r.readProject(gctx); return err })
	group.Go(func() (err error) { ca, err = secretText(gctx, "ca", r.CA); return })
	group.Go(func() (err error) { r.remote.URL, err = r.readRemote(gctx); return })
	group.Go(func() (err error) { token, err = secretText(gctx, "token", r.Token); return })
	err := group.Wait()
	r.redactor.Add(token)
	if err != nil {
		return "", err
	}
	r.remote.User, r.remote.Token = r.User, token
	if r.remote.Client, err = network.New(ca, r.deadline(), func(text string) { r.say("%s", text) }); err != nil {
		return "", fmt.Errorf("--ca: %w", err)
	}
	return r.project.Path + " says " + r.project.Name + ", the remote is " + r.remote.URL, nil
}

// read finds out what the source says, and derives what was not given.
func (r *release) read(ctx context.Context) (string, error) {
	var password string
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error { _, err := r.readTags(gctx); return err })
	group.Go(func() (err error) { r.facts.Commit, err = r.readCommit(gctx); return })
	group.Go(func() (err error) { password, err = secretText(gctx, "password", r.Password); return })
	err := group.Wait()
	r.redactor.Add(password)
	if err != nil {
		return "", err
	}
	r.facts.Version = r.project.Version
	r.report.Project = r.project.Name + " " + r.project.Version.Text
	r.report.Commit = r.facts.Commit

	if r.facts.Tag, err = naming.Template(r.Template).Tag(r.project.Name, r.project.Version.Text); err != nil {
		return "", err
	}
	if r.imageTag, err = naming.ImageTag(r.project.Version.Text); err != nil {
		return "", fmt.Errorf("%s: %w", r.project.Path, err)
	}
	if r.images.Address, err = r.address(); err != nil {
		return "", err
	}
	r.images.User, r.images.Password, r.images.PlainHTTP = r.Login, password, r.Insecure
	r.images.Client = r.remote.Client
	r.facts.Image = r.images.Address + ":" + r.imageTag
	return fmt.Sprintf("%s says %s, HEAD is %s", r.project.Path, r.report.Project, converge.Short(r.facts.Commit)), nil
}

// look sees what there is, all at once, and decides what is missing.
func (r *release) look(ctx context.Context) (string, error) {
	r.facts.Environments = make([]converge.Environment, len(r.targets))
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { r.facts.Tagged, err = r.tagged(gctx); return })
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
	group, gctx := errgroup.WithContext(ctx)
	if r.plan.Tag.Needed {
		group.Go(func() error { return r.remote.CheckPush(gctx) })
	}
	if r.plan.Tag.Needed || r.plan.Build.Needed {
		group.Go(func() error { return r.checkCommit(gctx) })
	}
	if r.plan.Publish.Needed || r.plan.Latest.Needed {
		group.Go(func() error { return r.images.CheckPush(gctx) })
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
	if r.made, err = r.remote.CommitTime(ctx, r.plan.Commit); err != nil {
		return err
	}
	var committed manifest.Project
	at := "fetch the source at " + converge.Short(r.plan.Commit) + " from the git remote"
	if err = r.try(ctx, at, func(ctx context.Context) (err error) {
		committed, err = r.manifestIn(ctx, r.tree(), r.project.Path)
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
