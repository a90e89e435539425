package release

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/charts"
	"dagger/ship/internal/cluster"
	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/gitremote"
	"dagger/ship/internal/manifest"
	"dagger/ship/internal/network"
	"dagger/ship/internal/once"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/report"
	"dagger/ship/internal/settings"
	"dagger/ship/internal/source"
	"dagger/ship/internal/tools"
)

// Engine is what of a user's wishes only an engine has.
type Engine struct {
	Client    *dagger.Client
	Source    *dagger.Directory
	Container *dagger.Container // published instead of what the Dockerfile makes; nil: none was given
	Service   *dagger.Service   // the registry, if this machine or a module runs it

	Token, Password, Kubeconfig, CA *dagger.Secret

	Secrets []*dagger.Secret // that ship.toml refers to by their names
}

// Common is what the releases of a call share: whatever they have in common is read once, and what
// each wants to know of the git remote or of a namespace is asked for together.
type Common struct {
	Engine
	Given settings.Given    // letter for letter
	Repo  settings.Settings // of the repo as a whole
	Plan  bool              // say what would be done, and do nothing
	Style report.Style      // of the reports

	Several  bool // several projects are acted on, so that what is said names them
	Checkout *source.Files
	Tree     manifest.Tree // of the checkout
	Tools    *tools.Tools
	Redactor report.Redactor

	//nolint:containedctx // the call's: what is shared must not end with the project that asked for it first
	Context context.Context

	// each reads what is named after it, once
	readGit, readCommit, readPassword func() error

	id       string // of this call, among others that are at work
	remote   gitremote.Remote
	token    string // for the git remote, and for GitLab's API beside it
	head     string
	password string

	outside func() (*network.Client, error) // for addresses that belong to none of the servers

	expectedTags []string                          // of the versions of all projects
	tagged       func() (map[string]string, error) // the commits of those that are on the remote
	mayPush      func() error
	resolve      func() error                         // where the git remote leads; no git gets the token before
	times        once.Answers[string, time.Time]      // of commits
	commits      once.Answers[string, *source.Commit] // as the remote has them
	charts       once.Answers[packing, cluster.Chart]
	chartsFound  once.Answers[string, charts.Found]      // by their references
	named        func() (map[string]source.Named, error) // the secrets that ship.toml refers to
	secretTexts  once.Answers[string, string]            // by their names
	kubeconfigs  once.Answers[string, string]            // likewise; "" is that of the setting
	decryptions  once.Answers[decryption, string]        // of files of values
	ordered      once.Answers[string, converge.Order]    // of two commits
	settingsAt   once.Answers[string, settings.Settings] // as ship.toml has them at a commit, by that and the project
	places       once.Answers[string, *place]
	accounts     once.Answers[string, *registry.Account] // by the registry's host, and where the login is from
	loginLists   once.Answers[string, givenLogins]       // by the secrets that they are in
	sessions     sessions
	keepsLayers  func() bool // whether builds can keep theirs in a registry
	noCache      sync.Once   // says that they cannot
}

// NewCommon is what the releases of a call share, of which nothing has been read yet.
func NewCommon(
	ctx context.Context, engine Engine, given settings.Given, repo settings.Settings, plan bool, style report.Style,
) *Common {
	c := &Common{Engine: engine, Given: given, Repo: repo, Plan: plan, Style: style, Context: ctx}
	c.Checkout = source.NewFiles(engine.Client, engine.Source, repo.Timeout)
	c.Tree = c.Checkout.Tree(ctx)
	c.Tools = tools.New(tools.Tools{
		Client:   engine.Client,
		Image:    repo.ToolsImage,
		Timeout:  repo.Timeout,
		Deadline: repo.Deadline,
		Say:      c.Say,
		Context:  ctx,
	})
	c.id = rand.Text()
	c.named = sync.OnceValues(func() (map[string]source.Named, error) { return source.Secrets(ctx, engine.Secrets) })
	c.readGit = sync.OnceValue(c.git)
	c.readCommit = sync.OnceValue(func() (err error) { c.head, err = c.readHead(); return })
	c.readPassword = sync.OnceValue(func() (err error) {
		c.password, err = source.Secret(ctx, "password", engine.Password)
		c.hide("password", c.password)
		return
	})
	c.outside = sync.OnceValues(func() (*network.Client, error) {
		ca, err := source.Secret(ctx, "ca", engine.CA)
		if err != nil {
			return nil, err
		}
		return network.New(ca, repo.Deadline, c.Say)
	})
	c.tagged = sync.OnceValues(c.lookAtTags)
	c.mayPush = sync.OnceValue(func() error { return c.remote.CheckPush(ctx) })
	c.keepsLayers = sync.OnceValue(func() bool { return keeper(ctx, engine.Client) })
	c.resolve = sync.OnceValue(func() error { return c.remote.Resolve(ctx) })
	return c
}

// Say tells whoever waits what is being waited for.
func (c *Common) Say(text string) { fmt.Fprintln(os.Stderr, "  . "+c.Redactor.Line(text)) }

// hide keeps a secret out of all that is printed from now on.
func (c *Common) hide(setting, secret string) {
	c.Redactor.Add(secret)
	if report.Weak(secret) {
		c.weak(setting, "it")
	}
}

func (c *Common) weak(setting, secret string) {
	c.Say(
		fmt.Sprintf(
			"--%s: %s has fewer than 8 letters: it cannot be told from other words, "+
				"so it may show, or words that hold it may be hidden",
			setting,
			secret,
		),
	)
}

func (c *Common) git() error {
	var token, ca string
	group, ctx := errgroup.WithContext(c.Context)
	group.Go(func() (err error) { ca, err = source.Secret(ctx, "ca", c.CA); return })
	group.Go(func() (err error) { c.remote.URL, err = c.origin(); return })
	group.Go(func() (err error) { token, err = source.Secret(ctx, "token", c.Token); return })
	err := group.Wait()
	c.hide("token", token)
	if err != nil {
		return err
	}
	c.token = token
	c.remote.User, c.remote.Token = c.Repo.User, token
	if token != "" && !c.Repo.Insecure {
		for _, to := range [][2]string{{"remote", c.remote.URL}, {"gitlab", c.Repo.GitLab}} {
			if err := network.Private(to[1]); err != nil {
				return &settings.Error{Name: to[0], Err: err}
			}
		}
	}
	if c.remote.Client, err = network.New(ca, c.Repo.Deadline, c.Say); err != nil {
		return fmt.Errorf("--ca: %w", err)
	}
	return nil
}

// fetch looks at an address, as anybody may.
func (c *Common) fetch(ctx context.Context, address string) (network.Answer, error) {
	client, err := c.outside()
	if err != nil {
		return network.Answer{}, err
	}
	return client.Look(ctx, address)
}

func (c *Common) readHead() (string, error) {
	if c.Repo.Commit != "" {
		return c.Repo.Commit, nil
	}
	return c.gitCheckout().Head()
}

func (c *Common) gitCheckout() gitremote.Checkout {
	return func(file string) (string, error) { return c.Source.File(file).Contents(c.Context) }
}

// origin is the git remote's URL.
func (c *Common) origin() (string, error) {
	address := c.Repo.Remote
	if address == "" {
		var err error
		if address, err = c.gitCheckout().Origin(); err != nil {
			return "", err
		}
	}
	url, err := gitremote.Address(address)
	if err != nil {
		return "", fmt.Errorf("the git remote's address: %w", err)
	}
	return url, nil
}

// lookAtTags asks the remote for the tags of all projects' versions, with one request.
func (c *Common) lookAtTags() (map[string]string, error) {
	tags, err := c.remote.Tags(c.Context, c.expectedTags...)
	commits := map[string]string{}
	for _, tag := range tags {
		commits[tag.Name] = tag.Commit
	}
	return commits, err
}

// Expect says what the releases will ask for, so that one question serves all of them. They have
// been read.
func (c *Common) Expect(releases []*Release) {
	for _, r := range releases {
		if r.facts.Tag != "" {
			c.expectedTags = append(c.expectedTags, r.facts.Tag)
		}
		for _, e := range r.read.Environments {
			e.Expect(e.Namespace, e.Release)
		}
	}
}

// commitOf is a project's part of a commit, as the remote has it. Resolve has found out where that is.
// What the commit holds is read once for all projects.
func (c *Common) commitOf(hash, path string) *source.Commit {
	commit, _ := c.commits.Get(hash, func() (*source.Commit, error) {
		return source.NewCommit(c.Context, c.Client, &c.remote, hash, c.Repo.Timeout, c.Redactor.Add), nil
	})
	return commit.In(path)
}

// timeOf is when a commit was made. Its error tells if the remote does not have the commit.
func (c *Common) timeOf(hash string) (time.Time, error) {
	return c.times.Get(hash, func() (time.Time, error) { return c.remote.CommitTime(c.Context, hash) })
}

// account reaches a project's registry by its address, or where it runs as a service. A project
// whose image is elsewhere than the registry that --login, --password and the service are for goes
// without those.
func (r *Release) account(address string) (*registry.Account, error) {
	account := &registry.Account{PlainHTTP: r.Settings.Insecure, Client: r.remote.Client}
	if login, is := r.login(address); is {
		account.User, account.Password, account.Token = login.User, login.Password, login.Token
		if home, is := r.home(); !is || login != home {
			account.From = login.From
		}
	} else {
		account.User, account.Lacks = r.Repo.Login, r.logins.Lacks(address)
	}
	if !r.atHome(address) {
		account.PlainHTTP = false
		if account.Password == "" && account.Token == "" {
			account.User = ""
		}
		something := r.password != "" || r.Repo.Insecure || r.Service != nil
		if something && r.Home == "" {
			return nil, fmt.Errorf(
				"--password, --insecure and --service are for one registry, " +
					"and ship.toml alone does not say for which: " +
					"name that with --registry",
			)
		}
		if something {
			account.Elsewhere = r.Home
		}
		return account, nil
	}
	if r.Service == nil {
		return account, nil
	}
	service, err := r.Service.Start(r.Context)
	if err != nil {
		return nil, fmt.Errorf("start the registry that --service names: %w", err)
	}
	endpoint, err := service.Endpoint(r.Context)
	if err != nil {
		return nil, fmt.Errorf("find the registry that --service names: %w", err)
	}
	account.Client = r.remote.Client.ConnectTo(registry.Host(address), endpoint)
	return account, nil
}

// atHome tells whether an address is in the registry that --login, --password, --insecure and --service
// are for.
func (r *Release) atHome(address string) bool {
	return registry.SamePlace(registry.Host(address), r.Home, r.Repo.Insecure)
}

// service is what the registry of an image runs as, nil if it does not.
func (r *Release) service(address string) *dagger.Service {
	if !r.atHome(address) {
		return nil
	}
	return r.Service
}
