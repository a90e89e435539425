package settings

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"dagger/ship/internal/helm"
	"dagger/ship/internal/projects"
)

// Environment is where the project is deployed to, and how. Its namespace and its Helm release may
// hold {project} and {environment}: see Named.
type Environment struct {
	helm.Target
	Release    string // of Helm's; empty: it is named after the project
	Kubeconfig string // name of one of the secrets; empty: that of the setting kubeconfig
	Context    string // of the kubeconfig; empty: its current one

	Prereleases bool   // it takes pre-releases, too
	Snapshots   bool   // it takes any commit, one without a version of its own, too
	Preview     bool   // it is a preview, whose name is its own
	Manual      bool   // it is deployed to by name only
	After       string // name of the environment that must run well what this one takes; empty: none must

	Values      []File   // in order, a later one over an earlier one
	Set         []Value  // over Values
	Secrets     []Secret // over Set
	Follow      bool     // files and Set are those of the branch, not of the version's commit
	Credentials []string // names of secrets that Helm and kubectl get

	Pull projects.Pull // the secret that pods pull images with; without a name, there is none

	GitLab string // GitLab's name of it, whose deployments are told; empty: none are

	Test   bool   // the chart's tests run after the rollout
	URL    string // that must answer after the rollout; empty: none must
	Answer string // what its answer must hold
}

// File is a file of values.
type File struct {
	Path   string // in the repo, from its root
	Secret string // name of the secret that holds it; empty: it is in the repo
}

// Value is a value of a chart, by its key: a text, a number or a truth.
type Value = helm.Pair

// Secret is a value of a chart that is secret, by its key.
type Secret struct{ Key, Name string }

// secretFile begins the name of a secret among files of values.
const secretFile = "secret:"

// Named is the environment with the names of the project and of itself in its own names and values. Its
// error says which name Kubernetes cannot take.
func (e Environment) Named(project string) (Environment, error) {
	names := strings.NewReplacer("{project}", project, "{environment}", e.Name, "{preview}", e.Name)
	for _, text := range []*string{&e.Namespace, &e.Release, &e.Context, &e.URL, &e.Answer} {
		*text = names.Replace(*text)
	}
	e.Values = slices.Clone(e.Values)
	for i := range e.Values {
		e.Values[i].Path = names.Replace(e.Values[i].Path)
	}
	_, err := e.misnamed()
	return e, err
}

// misnamed is a name that Kubernetes cannot take, and the setting that says it.
func (e Environment) misnamed() (setting string, err error) {
	if !helm.IsNamespace(e.Namespace) {
		return "namespace", fmt.Errorf(
			"environment %s: %q is no namespace: %s, at most 63",
			e.Name,
			e.Namespace,
			letters,
		)
	}
	if e.Release != "" && !releaseName.MatchString(e.Release) {
		return "release", fmt.Errorf(
			"environment %s: %q cannot name a Helm release: %s, at most 53",
			e.Name,
			e.Release,
			letters,
		)
	}
	return "", nil
}

const letters = "it takes lower-case letters, digits and dashes"

var releaseName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?$`)

// Valued tells whether the environment has values of its own besides the file in the chart's folder, or
// that file is the branch's.
func (e Environment) Valued() bool { return len(e.Values)+len(e.Set)+len(e.Secrets) > 0 || e.Follow }

// Place is what one Helm release alone may have: cluster, namespace and name.
func (e Environment) Place() string {
	return strings.Join([]string{e.Kubeconfig, e.Context, e.Namespace, e.Release}, "\n")
}

// environments are those of a list, or without one, those of the tables. A table says how one of its
// name is deployed to.
func environments(list []string, tables []projects.Environment, context string) ([][]Environment, error) {
	targets, err := helm.ParseTargets(list)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		for _, t := range tables {
			targets = append(targets, helm.Target{Name: t.Name, Namespace: t.Name, Strategy: helm.Upgrade})
		}
	}
	var groups [][]Environment
	for _, target := range targets {
		e, beside := Environment{Target: target, Context: context}, ""
		for _, t := range tables {
			if t.Name != target.Name {
				continue
			}
			if err := e.take(t); err != nil {
				return nil, err
			}
			beside = t.Beside
		}
		at := len(groups) - 1
		if beside != "" && len(list) == 0 {
			at = slices.IndexFunc(groups, func(group []Environment) bool {
				return slices.ContainsFunc(group, func(e Environment) bool { return e.Name == beside })
			})
			if at < 0 {
				return nil, fmt.Errorf(
					"%s is to be deployed to beside %q, which is not listed before it",
					e.Name,
					beside,
				)
			}
		} else if !target.Beside || at < 0 {
			groups, at = append(groups, nil), at+1
		}
		groups[at] = append(groups[at], e)
	}
	return groups, distinct(groups)
}

// distinct refuses environments that are one place, and an order that cannot be.
func distinct(groups [][]Environment) error {
	places, earlier := map[string]string{}, []string{}
	for _, group := range groups {
		for _, e := range group {
			named, err := e.Named("project")
			if err != nil {
				return err
			}
			if places[named.Place()] != "" {
				return fmt.Errorf(
					"environment %q: the namespace %q is another environment's already: give it another one, "+
						"or a Helm release of another name",
					e.Name,
					e.Namespace,
				)
			}
			places[named.Place()] = e.Name
			if e.After != "" && !slices.Contains(earlier, e.After) {
				return fmt.Errorf("environment %q: it comes after %q, which is not listed before it", e.Name, e.After)
			}
		}
		for _, e := range group {
			earlier = append(earlier, e.Name)
		}
	}
	return nil
}

// take is the environment as its table says.
func (e *Environment) take(t projects.Environment) error {
	is := func(b *bool) bool { return b != nil && *b }
	e.Namespace = cmp.Or(t.Namespace, e.Namespace)
	e.Context = cmp.Or(t.Context, e.Context)
	e.Release, e.Kubeconfig, e.After, e.GitLab = t.Release, t.Kubeconfig, t.After, t.GitLab
	e.Prereleases, e.Snapshots, e.Manual, e.Test = is(t.Prereleases), is(t.Snapshots), is(t.Manual), is(t.Test)
	e.URL, e.Answer, e.Credentials, e.Follow = t.URL, t.Answer, t.Credentials, is(t.Follow)
	fault := func(key string, err error) error { return t.Fault(key, "%s: %v", key, err) }
	if t.Strategy != "" {
		e.Strategy = helm.Strategy(t.Strategy)
	}
	if !helm.IsNamespace(e.Name) {
		return t.Fault("", "%q cannot name an environment: %s, at most 63", e.Name, letters)
	}
	if e.Strategy != helm.Upgrade && e.Strategy != helm.Reinstall {
		return fault("strategy", fmt.Errorf("%q is none: write %s or %s", t.Strategy, helm.Upgrade, helm.Reinstall))
	}
	if e.Answer != "" && e.URL == "" {
		return fault("answer", errors.New("of which url?"))
	}
	if t.Pull != nil {
		if e.Pull = *t.Pull; e.Pull.Name == "" || e.Pull.User == "" || e.Pull.Password == "" {
			return fault(
				"pull",
				errors.New("it takes the secret's name, and the names of the secrets with user and password"),
			)
		}
	}
	for _, name := range t.Values {
		file := File{Path: path.Clean(name)}
		if secret, is := strings.CutPrefix(name, secretFile); is {
			file = File{Secret: secret}
		} else if path.IsAbs(file.Path) || file.Path == ".." || strings.HasPrefix(file.Path, "../") {
			return fault("values", fmt.Errorf("%q leads out of the repo: write it from the repo's root", name))
		}
		e.Values = append(e.Values, file)
	}
	for _, key := range slices.Sorted(maps.Keys(t.Set)) {
		e.Set = append(e.Set, Value{Key: key, Value: t.Set[key]})
	}
	for _, key := range slices.Sorted(maps.Keys(t.Secrets)) {
		e.Secrets = append(e.Secrets, Secret{key, t.Secrets[key]})
	}
	if err := helm.CheckPaths(slices.Sorted(maps.Keys(t.Set))...); err != nil {
		return fault("set", err)
	}
	if err := helm.CheckPaths(slices.Sorted(maps.Keys(t.Secrets))...); err != nil {
		return fault("secrets", err)
	}
	named, _ := e.Named("project")
	if setting, err := named.misnamed(); err != nil {
		return fault(setting, err)
	}
	return nil
}

// Environment is the one of that name, nil if there is none.
func (s *Settings) Environment(name string) *Environment {
	for _, group := range s.Environments {
		for i := range group {
			if group[i].Name == name {
				return &group[i]
			}
		}
	}
	return nil
}

// Flat are the environments in order, without their groups.
func (s *Settings) Flat() []Environment { return slices.Concat(s.Environments...) }

// Snapshots tells whether an environment takes commits that have no version of their own.
func (s *Settings) Snapshots() bool {
	return slices.ContainsFunc(s.Flat(), func(e Environment) bool { return e.Snapshots })
}
