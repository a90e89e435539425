// Package settings reads what a user asks for, once, into types: flags and lines of .env in, or a
// table of ship.toml above them.
package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"dagger/ship/internal/charts"
	"dagger/ship/internal/gitlab"
	"dagger/ship/internal/gitremote"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/projects"
	"dagger/ship/internal/registry"
)

// Given is what was given, letter for letter. What is empty was not.
type Given struct {
	Project      string
	Manifest     string
	Commit       string
	Remote       string
	User         string
	Template     string
	Version      string
	Source       string // where versions come from: manifest, tag or given
	Next         string // what says which version is next: commits or files
	Maintenance  bool
	Pipeline     bool
	GitLab       string
	Image        string
	Registry     string
	Login        string
	Insecure     bool
	Latest       string // true or false
	Dockerfile   string
	Target       string
	Args         []string
	Outside      []string // Args as they were given, without ship.toml's
	Platforms    []string
	BuildSecrets []string
	Files        []string
	Git          bool
	Cache        bool
	Environments []string
	Prereleases  []string
	Context      string
	Chart        string
	Charts       string
	Keys         []string
	Sets         []helm.Keys      // over Keys
	Images       []projects.Image // over Image, Dockerfile, Target, Args and Keys
	Timeout      string
	Deadline     string
	Tools        string
	SOPS         string // image that SOPS runs in

	Tables   []projects.Environment // how to deploy to the environments of these names
	Previews *projects.Environment  // how to deploy a preview; nil: there are none
	Logins   []projects.Login       // which secrets hold logins of registries; nil: see Settings
}

// Settings are those of one project's release.
type Settings struct {
	Key   string   // what ship.toml calls the project; empty if there is no such file
	Path  string   // folder that the project's other paths are relative to
	Needs []string // keys of the projects that are released before it

	Manifest    string // empty: whichever there is
	Commit      string // empty: HEAD
	Remote      string // empty: origin
	User        string
	Template    naming.Template
	Version     string // empty: none was given
	From        Source
	Next        Changes
	Maintenance bool
	Pipeline    bool
	GitLab      string // empty: no release is made there

	Image    string // HOST/PATH; empty: the project's name below Registry
	Registry string
	Login    string
	Insecure bool
	Latest   bool // the image's tag latest follows the highest version

	// Login, password, insecure and service are for the registry Home: that of the flags or of
	// .env, and not any that ship.toml names. Whoever may propose a change can write there, and is
	// not to get the password by that. A project whose image is Elsewhere goes without them.
	Home      string
	Elsewhere bool

	Images  []Image    // one at least
	Outside []Argument // those for Dockerfiles that were given outside of ship.toml

	// Logins are the secrets with logins of registries that ship.toml names; nil if it names none, for
	// those of DefaultLogins that are given.
	Logins []projects.Login

	Environments [][]Environment // in order; those of one group are deployed to at the same time
	Previews     *projects.Environment
	KubeContext  string           // of the kubeconfig, for those that do not say otherwise; empty: its current one
	Chart        string           // a folder, or what ChartFrom was read from
	ChartFrom    charts.Reference // zero: the chart is in the repo
	ChartsAt     string           // HOST/PATH, or a path below the image, to publish the chart below; empty: nowhere
	ToolsImage   string
	SOPSImage    string // that has SOPS, for files of values that it has encrypted

	Timeout  time.Duration
	Deadline time.Duration

	// These are as they were given, for messages.
	GivenTimeout      string
	GivenEnvironments []string
}

// DefaultLogins are the secrets that hold logins in GitLab's jobs, by the names of its variables
// (https://docs.gitlab.com/ci/variables/predefined_variables/).
var DefaultLogins = []projects.Login{
	{Docker: "DOCKER_AUTH_CONFIG"},
	{
		Registry: "CI_DEPENDENCY_PROXY_SERVER",
		User:     "CI_DEPENDENCY_PROXY_USER",
		Password: "CI_DEPENDENCY_PROXY_PASSWORD",
	},
}

// Argument is one for a Dockerfile.
type Argument struct{ Name, Value string }

// The defaults that New's arguments repeat for the engine.
const (
	User       = "gitlab-ci-token"
	Dockerfile = "Dockerfile"
	Chart      = "chart"
	Timeout    = "5m"
	Deadline   = "30s"
	Tools      = "docker.io/alpine/k8s:1.37.1"
)

// SOPS is the image that SOPS runs in, if ship.toml names no other.
const SOPS = "ghcr.io/getsops/sops:v3.13.3-alpine"

// Error is a setting that cannot be right.
type Error struct {
	Name string // of the setting
	Err  error
}

func (e *Error) Error() string { return "--" + e.Name + ": " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// Parse reads the settings of a repo with one project. Its error is an *Error.
func Parse(g Given) (Settings, error) {
	given := slices.DeleteFunc[[]string]
	s := Settings{
		Path:        ".",
		Manifest:    g.Manifest,
		Commit:      g.Commit,
		Remote:      g.Remote,
		User:        cmp.Or(g.User, User),
		Template:    naming.Template(cmp.Or(g.Template, string(naming.DefaultTemplate))),
		Maintenance: g.Maintenance,
		Pipeline:    g.Pipeline,
		GitLab:      strings.TrimSuffix(g.GitLab, "/"),
		Image:       strings.TrimSuffix(g.Image, "/"),
		Registry:    strings.TrimSuffix(g.Registry, "/"),
		Login:       g.Login,
		Insecure:    g.Insecure,
		Logins:      g.Logins,
		Previews:    g.Previews,
		Version:     g.Version,
		KubeContext: g.Context,
		Chart:       cmp.Or(g.Chart, Chart),
		ToolsImage:  cmp.Or(g.Tools, Tools),
		SOPSImage:   cmp.Or(g.SOPS, SOPS),

		GivenTimeout:      cmp.Or(g.Timeout, Timeout),
		GivenEnvironments: g.Environments,
	}
	s.Home = registry.Host(cmp.Or(s.Image, s.Registry))
	only := Image{
		Dockerfile: cmp.Or(g.Dockerfile, Dockerfile), Target: g.Target, Secrets: g.BuildSecrets,
		Git: g.Git, Cache: g.Cache,
	}
	for _, check := range []struct {
		name string
		err  func() error
	}{
		{"image", func() error { return ifGiven(s.Image, registry.Check) }},
		{"gitlab", func() error { return ifGiven(s.GitLab, gitlab.Check) }},
		{"version", func() (err error) { s.From, err = sourceOf(g.Source, s.Version); return }},
		{"next", func() (err error) { s.Next, err = changesOf(g.Next); return }},
		{"environments", func() (err error) {
			s.Environments, err = environments(given(slices.Clone(g.Environments), blank), g.Tables, g.Context)
			return
		}},
		{"prereleases", func() error { return s.takePrereleases(given(slices.Clone(g.Prereleases), blank)) }},
		{"commit", func() error { return ifGiven(s.Commit, checkCommit) }},
		{"keys", func() (err error) { only.Sets, err = setsOf(g, given(slices.Clone(g.Keys), blank)); return }},
		{"template", func() error { _, err := s.Template.Tag("name", "1.0.0"); return err }},
		{"timeout", func() (err error) { s.Timeout, err = duration(cmp.Or(g.Timeout, Timeout)); return }},
		{"deadline", func() (err error) { s.Deadline, err = duration(cmp.Or(g.Deadline, Deadline)); return }},
		{"latest", func() (err error) { s.Latest, err = truth(cmp.Or(g.Latest, "true")); return }},
		{"chart", func() (err error) {
			if charts.Is(s.Chart) {
				s.ChartFrom, err = charts.Parse(s.Chart)
			}
			return
		}},
		{"charts", func() (err error) { s.ChartsAt, err = chartsAt(g.Charts, s.Chart); return }},
		{"platforms", func() (err error) { only.Platforms, err = platforms(g.Platforms); return }},
		{"files", func() (err error) { only.Files, err = filesBeside(g.Files); return }},
		{"args", func() (err error) { s.Outside, err = arguments(given(slices.Clone(g.Outside), blank)); return }},
		{"args", func() (err error) { only.Args, err = arguments(given(slices.Clone(g.Args), blank)); return }},
	} {
		if err := check.err(); err != nil {
			return Settings{}, &Error{check.name, err}
		}
	}
	var err error
	s.Images, err = images(only, g.Images)
	return s, err
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

func ifGiven(text string, check func(string) error) error {
	if text == "" {
		return nil
	}
	return check(text)
}

func checkCommit(text string) error {
	if !gitremote.IsCommit(text) {
		return fmt.Errorf("%q is not a commit's 40 hexadecimal digits", text)
	}
	return nil
}

func duration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is no duration: write it as 90s or 10m", text)
	}
	return d, nil
}

// truth reads a switch that is on by default. It is a text for users' modules in Go, whose generated
// clients cannot say false.
func truth(text string) (bool, error) {
	if text != "true" && text != "false" {
		return false, fmt.Errorf("%q is neither true nor false", text)
	}
	return text == "true", nil
}

func arguments(texts []string) (all []Argument, err error) {
	for _, text := range texts {
		name, value, is := strings.Cut(text, "=")
		if !is || name == "" {
			return nil, fmt.Errorf("%q is not KEY=VALUE", text)
		}
		all = append(all, Argument{name, value})
	}
	return all, nil
}

// takePrereleases writes down which environments take pre-releases. Each name must be one of
// theirs.
func (s *Settings) takePrereleases(names []string) error {
	for _, name := range names {
		e := s.Environment(name)
		if e == nil {
			return fmt.Errorf("there is no environment %q", name)
		}
		e.Prereleases = true
	}
	return nil
}
