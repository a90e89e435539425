package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/gitremote"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/manifest"
	"dagger/ship/internal/network"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/report"
)

// repo is a checkout with its projects, and what their releases share: whatever they have in common is read once, and
// what each wants to know of the git remote or of a namespace is asked for together.
type repo struct {
	settings *Ship
	ctx      context.Context // the call's: what is shared must not end with the project that asked for it first
	id       string          // of this run, among others
	dry      bool            // say what would be done, and do nothing
	checkout *files
	source   manifest.Tree // the checkout's files
	releases []*release
	others   []*release // of the projects that are not acted on

	// each reads what is named after it, once
	readCluster, readGit, readCommit, readRegistry func() error

	hasKubeconfig bool
	remote        gitremote.Remote
	head          string
	password      string

	tagged    func() (map[string]string, error) // the commits of the versions' tags
	mayPush   func() error
	resolve   func() error                             // finds out where the git remote leads: before that, no git gets the token
	times     shared[string, time.Time]                // of commits
	trees     shared[string, manifest.Tree]            // of commits, as the remote has them
	helms     shared[string, helm.Version]             // of the tools images
	charts    shared[string, packedChart]              // by commit and folder
	clocks    shared[string, clusterClock]             // by namespace
	revisions shared[string, map[string]helm.Revision] // of the projects' Helm releases, by namespace
	listings  shared[string, listing]                  // by namespace
	accounts  shared[string, *registry.Account]        // by the registry's host

	redactor report.Redactor
}

func newRepo(ctx context.Context, s *Ship) *repo {
	all := &repo{settings: s, ctx: ctx, id: rand.Text(), checkout: &files{directory: s.Source, limit: s.timeout()}}
	all.source = all.checkout.tree(ctx)
	all.readCluster = sync.OnceValue(all.kubeconfig)
	all.readGit = sync.OnceValue(all.git)
	all.readCommit = sync.OnceValue(func() (err error) { all.head, err = s.readHead(ctx); return })
	all.readRegistry = sync.OnceValue(func() (err error) {
		all.password, err = secretText(ctx, "password", s.Password)
		all.hide("password", all.password)
		return
	})
	all.tagged = sync.OnceValues(all.lookAtTags)
	all.mayPush = sync.OnceValue(func() error { return all.remote.CheckPush(ctx) })
	all.resolve = sync.OnceValue(func() error { return all.remote.Resolve(ctx) })
	return all
}

// files are those of the version's commit, as the remote has them.
func (r *release) files() manifest.Tree {
	tree, _ := r.trees.get(r.plan.Commit, func() (manifest.Tree, error) {
		return (&files{directory: r.tree(), limit: r.timeout()}).tree(r.ctx), nil
	})
	return tree
}

// say tells whoever waits what is being waited for.
func (all *repo) say(format string, args ...any) {
	fmt.Fprintln(os.Stderr, "  . "+all.redactor.Line(fmt.Sprintf(format, args...)))
}

// hide keeps a secret out of all that is printed from now on.
func (all *repo) hide(flag, secret string) {
	all.redactor.Add(secret)
	if report.Weak(secret) {
		all.weak(flag, "it")
	}
}

func (all *repo) weak(flag, secret string) {
	all.say("--%s: %s has fewer than 8 letters: it cannot be told from other words, so it may show, or words that hold it may be hidden", flag, secret)
}

func (all *repo) kubeconfig() error {
	text, err := secretText(all.ctx, "kubeconfig", all.settings.Kubeconfig)
	if all.redactor.AddKubeconfig(text) {
		all.weak("kubeconfig", "a secret in it")
	}
	all.hasKubeconfig = text != ""
	return err
}

func (all *repo) git() error {
	var token, ca string
	group, ctx := errgroup.WithContext(all.ctx)
	group.Go(func() (err error) { ca, err = secretText(ctx, "ca", all.settings.CA); return })
	group.Go(func() (err error) { all.remote.URL, err = all.settings.readRemote(ctx); return })
	group.Go(func() (err error) { token, err = secretText(ctx, "token", all.settings.Token); return })
	err := group.Wait()
	all.hide("token", token)
	if err != nil {
		return err
	}
	all.remote.User, all.remote.Token = all.settings.User, token
	if token != "" && !all.settings.Insecure {
		for _, to := range [][2]string{{"remote", all.remote.URL}, {"gitlab", all.settings.GitLab}} {
			if err := network.Private(to[1]); err != nil {
				return &badSetting{to[0], err}
			}
		}
	}
	if all.remote.Client, err = network.New(ca, all.settings.deadline(), func(text string) { all.say("%s", text) }); err != nil {
		return fmt.Errorf("--ca: %w", err)
	}
	return nil
}

// lookAtTags asks the remote for the tags of all projects' versions, with one request.
func (all *repo) lookAtTags() (map[string]string, error) {
	var names []string
	for _, r := range all.releases {
		if r.facts.Tag != "" {
			names = append(names, r.facts.Tag)
		}
	}
	tags, err := all.remote.Tags(all.ctx, names...)
	commits := map[string]string{}
	for _, tag := range tags {
		commits[tag.Name] = tag.Commit
	}
	return commits, err
}
