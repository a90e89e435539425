package projects

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"dagger/ship/internal/position"
)

// Environment is a table [environments.NAME]: where and how a chart runs. What it leaves out is as
// the table of that name at the top of the file says, or else the default. Texts are letter for
// letter as the file has them.
type Environment struct {
	Name string `toml:"-"`

	Kubeconfig string `toml:"kubeconfig"` // name of one of the secrets
	Context    string `toml:"context"`    // of the kubeconfig
	Namespace  string `toml:"namespace"`
	Release    string `toml:"release"` // of Helm's
	Strategy   string `toml:"strategy"`
	Beside     string `toml:"beside"` // name of the environment that it is deployed to at the same time as

	Prereleases *bool  `toml:"prereleases"` // takes pre-releases, too
	Snapshots   *bool  `toml:"snapshots"`   // takes commits that have no version of their own, too
	Manual      *bool  `toml:"manual"`      // is deployed to by name only
	After       string `toml:"after"`       // name of the environment that must run well what this one takes

	Values  []string          `toml:"values"`  // files of values, or secret:NAME
	Set     map[string]any    `toml:"set"`     // values by key
	Secrets map[string]string `toml:"secrets"` // names of secrets by key
	Follow  *bool             `toml:"follow"`  // values are the branch's, not the version's

	Pull *Pull `toml:"pull"` // the secret that pods pull images with

	Credentials []string `toml:"credentials"` // names of secrets that Helm and kubectl get

	GitLab string `toml:"gitlab"` // GitLab's name of the environment, for its deployments

	Test   *bool  `toml:"test"`   // run the chart's tests after the rollout
	URL    string `toml:"url"`    // an address that must answer after the rollout
	Answer string `toml:"answer"` // what its answer must hold

	settings Settings
}

// Pull says which login pods pull images with: the secret in the namespace that holds it, and the
// names of the secrets with its user and password.
type Pull struct {
	Name     string `toml:"name"`
	User     string `toml:"user"`
	Password string `toml:"password"`
}

// Fault is a *position.Fault about what the table says under a key, or about the table.
func (e Environment) Fault(key, format string, values ...any) error {
	of := e.settings
	of.table = append(slices.Clone(of.table), "environments", e.Name)
	if e.Name == "" {
		of.table = append(slices.Clone(e.settings.table), "previews")
	}
	return of.Fault(key, format, values...)
}

// Over is the environment with what it leaves out taken from another one. Keys of values and of
// secrets count one by one.
func (e Environment) Over(other Environment) Environment {
	mine, theirs := reflect.ValueOf(&e).Elem(), reflect.ValueOf(other)
	for field := range mine.NumField() {
		if mine.Type().Field(field).Tag.Get("toml") != "" && mine.Field(field).IsZero() {
			mine.Field(field).Set(theirs.Field(field))
		}
	}
	e.Set, e.Secrets = both(e.Set, other.Set), both(e.Secrets, other.Secrets)
	return e
}

func both[V any](mine, theirs map[string]V) map[string]V {
	all := maps.Clone(theirs)
	if all == nil {
		return mine
	}
	maps.Copy(all, mine)
	return all
}

// readEnvironments reads what the file says under environments, in either form.
func (s *Settings) readEnvironments() error {
	switch said := s.Environments.(type) {
	case nil:
		return nil
	case []any:
		s.List = []string{}
		for _, one := range said {
			text, is := one.(string)
			if !is {
				return s.Fault("environments", "environments: write each as a text, as [\"test\", \"production\"]")
			}
			s.List = append(s.List, text)
		}
		return nil
	case map[string]any:
		return s.readEnvironmentTables(said)
	}
	return s.Fault("environments", "environments: write a list, as [\"test\", \"production\"], or a table "+
		"[environments.NAME] for each")
}

func (s *Settings) readEnvironmentTables(tables map[string]any) error {
	lines := map[string]int{}
	for name, table := range tables {
		e := Environment{Name: name, settings: *s}
		lines[name], _ = position.Of(s.data, append(slices.Clone(s.table), "environments", name)...)
		if _, is := table.(map[string]any); !is {
			return e.Fault("", "environments: %q is no table: write [environments.%s]", name, name)
		}
		text, err := toml.Marshal(table)
		if err != nil {
			return e.Fault("", "read the table of %s: %v", name, err)
		}
		if err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(&e); err != nil {
			return e.explain(err)
		}
		if err := e.checkSet(); err != nil {
			return err
		}
		s.Tables = append(s.Tables, e)
	}
	slices.SortFunc(s.Tables, func(a, b Environment) int {
		return cmp.Or(cmp.Compare(lines[a.Name], lines[b.Name]), strings.Compare(a.Name, b.Name))
	})
	return nil
}

// explain says what of a table the decoder did not understand.
func (e Environment) explain(err error) error {
	unknown, wrong := new(toml.StrictMissingError), new(toml.DecodeError)
	at := new(position.Fault)
	switch {
	case errors.As(err, &unknown):
		key := unknown.Errors[0].Key()[0]
		errors.As(e.Fault(key, ""), &at)
		return unknownKey(key, keysOf[Environment](), at.Line, at.Column)
	case errors.As(err, &wrong) && len(wrong.Key()) > 0:
		return e.Fault(wrong.Key()[0], "%s: %s", wrong.Key()[0], decoderSays(wrong))
	}
	return e.Fault("", "%v", err)
}

// checkSet refuses what is no single value: Helm's values have no dates, and a list or table has a
// place in a file of values.
func (e Environment) checkSet() error {
	for key, value := range e.Set {
		switch value := value.(type) {
		case string, bool, int64, float64:
		case map[string]any:
			for below := range value {
				return e.Fault("set", "set: write the key \"%s.%s\" in quotes, as Helm has it", key, below)
			}
		default:
			return e.Fault(
				"set",
				"set: %s is neither a text nor a number nor true or false: write it into a file, and "+
					"name that under values (%s)",
				key,
				fmt.Sprint(value),
			)
		}
	}
	return nil
}
