package release

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/cluster"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/settings"
	"dagger/ship/internal/source"
	"dagger/ship/internal/tools"
)

// place is a cluster as one of the environments reaches it. Environments that reach one in the same way
// share it, and what is asked of it.
type place struct {
	tools   *tools.Tools
	cluster *cluster.Cluster

	given   bool  // whether there is a kubeconfig
	problem error // why it does not say which cluster to use
}

// place is the one of an environment. A secret that is not given is the place's problem: a plan does
// without.
func (c *Common) place(e settings.Environment) (*place, error) {
	key := strings.Join(append([]string{e.Kubeconfig, e.Context}, e.Credentials...), "\n")
	return c.places.Get(key, func() (*place, error) {
		text, err := c.kubeconfig(e.Kubeconfig)
		if err != nil {
			return nil, err
		}
		t := tools.Tools{Kubeconfig: c.Kubeconfig, KubeContext: e.Context}
		p := &place{given: text != ""}
		switch {
		case p.given:
			p.problem = tools.CheckContext(text, e.Context)
		case e.Kubeconfig != "":
			p.problem = notGiven(e.Kubeconfig)
		}
		if e.Kubeconfig != "" && p.given {
			if t.Kubeconfig, err = c.secret(e.Kubeconfig); err != nil {
				return nil, err
			}
		}
		for _, name := range e.Credentials {
			switch text, err := c.secretText(name); {
			case err != nil:
				return nil, err
			case text == "":
				p.problem = cmp.Or(p.problem, notGiven(name))
				continue
			}
			named, err := c.named()
			if err != nil {
				return nil, err
			}
			t.Credentials = append(t.Credentials, tools.Credential{
				Name: name, Secret: named[name].Secret, File: named[name].File,
			})
		}
		p.tools = c.Tools.Reaching(t)
		p.cluster = &cluster.Cluster{
			Timeout: c.Repo.Timeout, Deadline: c.Repo.Deadline, ID: c.id, Redactor: &c.Redactor, Context: c.Context,
		}
		return p, nil
	})
}

// kubeconfig is the text of one by its secret's name; without a name, that of the setting kubeconfig.
// It is empty if it is not given.
func (c *Common) kubeconfig(name string) (string, error) {
	return c.kubeconfigs.Get(name, func() (string, error) {
		setting, secret := "kubeconfig", c.Kubeconfig
		if name != "" {
			var err error
			if secret, err = c.secret(name); err != nil {
				return "", err
			}
			setting = "secrets"
		}
		text, err := source.Secret(c.Context, setting, secret)
		if c.Redactor.AddKubeconfig(text) {
			c.weak(setting, "a secret in it")
		}
		return text, err
	})
}

// secret is one of those that were given, by its name; nil if it was not.
func (c *Common) secret(name string) (*dagger.Secret, error) {
	named, err := c.named()
	return named[name].Secret, err
}

// secretText is what a secret holds, empty if it is not given. It shows nowhere from then on.
func (c *Common) secretText(name string) (string, error) {
	return c.secretTexts.Get(name, func() (string, error) {
		secret, err := c.secret(name)
		if err != nil {
			return "", err
		}
		text, err := source.Secret(c.Context, "secrets", secret)
		c.hide("secrets", text)
		return text, err
	})
}

func notGiven(name string) error {
	return fmt.Errorf(
		"ship.toml names the secret %s, which is not given: add env://%s or file://FOLDER/%s to --secrets, "+
			"and make sure that it is not empty. If another one has the same value, add ?cacheKey=%s to it",
		name,
		name,
		name,
		name,
	)
}

// readPlaces reads the kubeconfigs and credentials that the project's environments need.
func (r *Release) readPlaces() error {
	var group errgroup.Group
	group.Go(func() error { _, err := r.kubeconfig(""); return err })
	names, secrets := []string{}, []string{}
	for _, e := range r.Flat() {
		names, secrets = append(names, e.Kubeconfig), append(secrets, e.Credentials...)
	}
	for _, name := range unique(names) {
		group.Go(func() error { _, err := r.kubeconfig(name); return err })
	}
	for _, name := range unique(secrets) {
		group.Go(func() error { _, err := r.secretText(name); return err })
	}
	return group.Wait()
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

// environment is one of the project's, and how it is reached.
type environment struct {
	*cluster.Environment
	*place
	said    settings.Environment
	own     bool         // it is reached by something that only its table says
	project string       // as names of environments have it
	after   *environment // that must run well what this one takes; nil: none must
	lacks   error        // a secret that is not given; nil: all are
	unnamed error        // why Helm cannot take the project's name; nil: it can
}

// environments are the project's, once its name is known. A name that Helm cannot take is an error only
// if they are to be reached.
func (r *Release) environments() (all []*environment, err error) {
	name, unnamed := naming.Release(r.read.Project.Name)
	project := cmp.Or(name, "project")
	build := func(said settings.Environment) (e *environment, err error) {
		if said, err = said.Named(project); err != nil {
			return nil, err
		}
		e = &environment{said: said, project: project}
		e.own = said.Kubeconfig != "" || said.Context != r.KubeContext || len(said.Credentials) > 0
		if said.Release == "" {
			said.Release, e.unnamed = name, unnamed
		}
		if e.place, err = r.place(said); err != nil {
			return nil, err
		}
		e.Environment = &cluster.Environment{
			Cluster:     e.cluster,
			Target:      said.Target,
			Release:     said.Release,
			Slots:       r.Slots(),
			Prereleases: said.Prereleases,
			Snapshots:   said.Snapshots,
			Preview:     said.Preview,
			ByName:      r.byName,
			Verify:      cluster.Verification{Test: said.Test, URL: said.URL, Answer: said.Answer},
			Fetch:       r.fetch,
			Tools:       e.tools.Saying(r.say),
			Say:         r.say,
		}
		e.Pull, err = r.pullSecret(e)
		return e, err
	}
	for _, said := range r.Flat() {
		e, err := build(said)
		if err != nil {
			return nil, err
		}
		for _, other := range r.listed {
			if said.After != "" && other.Name == said.After {
				if e.after, err = build(other); err != nil {
					return nil, err
				}
			}
		}
		all = append(all, e)
	}
	return all, nil
}

// pullSecret is the one that an environment's pods pull with. If the login is not given, that is the
// place's problem.
func (r *Release) pullSecret(e *environment) (p helm.PullSecret, err error) {
	said := e.said.Pull
	if said.Name == "" {
		return p, nil
	}
	user, err := r.secretText(said.User)
	if err != nil {
		return p, err
	}
	password, err := r.secretText(said.Password)
	if err != nil {
		return p, err
	}
	if address, err := r.address(); err == nil {
		p.Config = helm.PullConfig(registry.Host(address), user, password)
	}
	p.Name = said.Name
	for name, text := range map[string]string{said.User: user, said.Password: password} {
		if text == "" {
			e.lacks = cmp.Or(e.lacks, notGiven(name))
		}
	}
	return p, nil
}

// mayReach is an error if the environment cannot be reached.
func (e *environment) mayReach() error {
	switch {
	case e.lacks != nil:
		return fmt.Errorf("environment %s: %w", e.Name, e.lacks)
	case e.problem != nil && e.own:
		return fmt.Errorf("environment %s: %w", e.Name, e.problem)
	case e.problem != nil:
		return e.problem
	case !e.given:
		return fmt.Errorf("environment %s: no kubeconfig was given: name one with --kubeconfig", e.Name)
	}
	return e.unnamed
}

// where names the Helm release among all clusters.
func (e *environment) where() string {
	where := e.Release + " in " + e.Namespace
	if e.said.Context != "" {
		where += " of " + e.said.Context
	}
	if e.said.Kubeconfig != "" {
		where += " by " + e.said.Kubeconfig
	}
	return where
}
