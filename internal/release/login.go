package release

import (
	"errors"
	"fmt"
	"sync"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/logins"
	"dagger/ship/internal/projects"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/report"
	"dagger/ship/internal/settings"
	"dagger/ship/internal/source"
	"dagger/ship/internal/tools"
)

// givenLogins are those that secrets hold.
type givenLogins struct {
	logins.List
	missing error // a secret that ship.toml names and that is not given; nil: there is none
}

// readLogins reads the secrets that hold the project's logins.
func (r *Release) readLogins() (err error) {
	r.logins, err = r.loginLists.Get(fmt.Sprintf("%q", r.Logins), func() (givenLogins, error) {
		return r.givenLogins(r.Logins)
	})
	return err
}

// givenLogins reads logins. Without a list, it is those of the default that are given.
func (c *Common) givenLogins(list []projects.Login) (found givenLogins, err error) {
	byDefault := list == nil
	if byDefault {
		list = settings.DefaultLogins
	}
	named, err := c.named()
	if err != nil {
		return found, err
	}
	for _, said := range list {
		texts, missing := map[string]string{}, ""
		for _, name := range said.Names() {
			if texts[name], err = source.Secret(c.Context, "secrets", named[name].Secret); err != nil {
				return found, err
			}
			if texts[name] == "" {
				missing = name
			}
		}
		var one logins.List
		switch {
		case missing != "" && byDefault:
			continue
		case missing != "":
			found.missing = notGiven(missing)
			one = logins.Missing(found.missing.Error())
		case said.Docker != "":
			c.hideAll("a password in the secret "+said.Docker, logins.Secrets(texts[said.Docker])...)
			one, err = logins.Read("the secret "+said.Docker, texts[said.Docker])
		default:
			c.hideAll("the secret "+said.Password, texts[said.Password])
			var is bool
			one, is = logins.Pair("the secret "+said.Password, texts[said.Registry], texts[said.User],
				texts[said.Password])
			if !is {
				err = fmt.Errorf("the secret %s holds no registry's HOST[:PORT]", said.Registry)
			}
		}
		if err != nil {
			return found, err
		}
		found.List = found.And(one)
	}
	return found, nil
}

// hideAll keeps secrets out of all that is printed from now on. What is said of a weak one is where it is.
func (c *Common) hideAll(where string, secrets ...string) {
	c.Redactor.Add(secrets...)
	for _, secret := range secrets {
		if report.Weak(secret) {
			c.weak("secrets", where)
			return
		}
	}
}

// login is the one for an image: of the registry that --login and --password are for, these.
func (r *Release) login(image string) (logins.Login, bool) {
	if home, is := r.home(); is && registry.SamePlace(registry.Host(image), r.Home, r.Repo.Insecure) {
		return home, true
	}
	return r.logins.For(image)
}

func (r *Release) home() (logins.Login, bool) {
	return logins.Login{
		Place: logins.Place{Host: r.Home}, User: r.Repo.Login, Password: r.password, From: "--login and --password",
	}, r.password != "" && registry.HasHost(r.Home)
}

// logIn gives the session the logins before anything is pulled: base images may need them, and the
// image that Helm runs in. A session keeps them for all that it pulls from those hosts, and sends
// each to no other.
func (r *Release) logIn() error {
	if r.logins.missing != nil && !r.Plan {
		return r.logins.missing
	}
	needed := []logins.Login{}
	for _, used := range append(r.addresses(), r.ToolsImage) {
		login, is := r.login(used)
		if _, has := at(needed, login); is && !has { // of the two, the push has no other way
			needed = append(needed, login)
		}
	}
	return r.sessions.logIn(r.Common, needed, r.allLogins().Hosts())
}

// allLogins are the secrets' under --login and --password.
func (r *Release) allLogins() logins.List {
	if home, is := r.home(); is {
		return r.logins.Over(home)
	}
	return r.logins.List
}

// logInForTools logs in where nothing but the image that Helm runs in may need it.
func (r *Release) logInForTools() error {
	if err := r.readLogins(); err != nil {
		return err
	}
	if registry.SamePlace(registry.Host(r.ToolsImage), r.Home, r.Repo.Insecure) {
		if err := r.readPassword(); err != nil {
			return err
		}
	}
	if login, is := r.login(r.ToolsImage); is {
		return r.sessions.logIn(r.Common, []logins.Login{login}, nil)
	}
	return nil
}

// sessions are the logins that the session has. It has one for each host, and takes the last.
type sessions struct {
	mu     sync.Mutex
	needed []logins.Login // that an image of this call needs
	others []logins.Login
}

// logIn gives the session logins that are needed, and others for hosts that it has none for.
func (s *sessions) logIn(c *Common, needed, others []logins.Login) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, has, more := c.Client.Container(), s.needed, s.others
	for _, login := range needed {
		switch other, is := at(has, login); {
		case is && !other.Same(login):
			return fmt.Errorf("a session has one login for each registry, and two are needed for %s: for %s from %s, "+
				"and for %s from %s: release the projects in calls of their own, with --project", login.Place.Host,
				other.Place, other.From, login.Place, login.From)
		case !is:
			has, session = append(has, login), c.with(session, login)
		}
	}
	for _, login := range others {
		_, isNeeded := at(has, login)
		_, isThere := at(more, login)
		switch {
		case isNeeded || isThere:
			continue
		case login.Place.Usual():
			session = c.with(session, login)
		default: // whether an engine takes it shows if the build needs it
			_, _ = c.with(c.Client.Container(), login).ID(c.Context)
		}
		more = append(more, login)
	}
	if len(has)+len(more) == len(s.needed)+len(s.others) {
		return nil
	}
	if _, err := session.ID(c.Context); err != nil {
		return fmt.Errorf("log in to registries: %w", err)
	}
	s.needed, s.others = has, more
	return nil
}

// at is the login of a list for another one's host.
func at(list []logins.Login, other logins.Login) (logins.Login, bool) {
	for _, login := range list {
		if registry.SamePlace(login.Place.Host, other.Place.Host, false) {
			return login, true
		}
	}
	return logins.Login{}, false
}

// with is a container whose session has a login.
func (c *Common) with(container *dagger.Container, login logins.Login) *dagger.Container {
	secret := login.Password
	if login.Token != "" {
		secret = login.Token // without a user, it is one
	}
	kept := c.Client.SetSecret("ship-login-"+login.Place.String(), secret)
	for _, host := range login.Place.Hosts(c.Repo.Insecure) {
		container = container.WithRegistryAuth(host, login.User, kept)
	}
	return container
}

// onBases is an error of a build, with its base images.
type onBases struct {
	error
	bases []string
}

func (e onBases) Unwrap() error { return e.error }

// explain is a failed step's error. If the engine was refused by a registry, it says which login that
// was about.
func (r *Release) explain(err error) string {
	text := tools.Explain(err)
	if errors.Is(err, registry.ErrRefused) {
		return text // it says so
	}
	images, build := append(r.addresses(), r.ToolsImage), onBases{}
	if errors.As(err, &build) {
		images = append(images, build.bases...)
	}
	if hint := r.allLogins().Explain(text, images...); hint != "" {
		text += "\n" + hint
	}
	return text
}
