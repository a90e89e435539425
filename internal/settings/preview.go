package settings

import (
	"errors"
	"fmt"

	"dagger/ship/internal/helm"
)

// Preview is the environment of a preview. By default it has a namespace of its own.
func (s *Settings) Preview(name string) (Environment, error) {
	if s.Previews == nil {
		return Environment{}, errors.New("ship.toml has no table [previews], which says where previews are")
	}
	if !helm.IsNamespace(name) {
		return Environment{}, fmt.Errorf("--name: %q cannot name a preview: %s, at most 63", name, letters)
	}
	e := Environment{Target: helm.Target{
		Name: name, Namespace: "{project}-{preview}", Strategy: helm.Upgrade,
	}, Context: s.KubeContext}
	table := *s.Previews
	table.Name = ""
	if err := e.take(table); err != nil {
		return Environment{}, err
	}
	e.Snapshots, e.Preview, e.Manual, e.After = true, true, false, ""
	one, err := e.Named("project")
	if err != nil {
		return Environment{}, err
	}
	other := e
	other.Name = "another-one"
	if second, err := other.Named("project"); err == nil && one.Place() == second.Place() {
		return Environment{}, table.Fault("", "previews: all would be one: write {preview} in namespace or release")
	}
	return e, nil
}
