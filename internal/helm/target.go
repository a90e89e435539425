// Package helm writes arguments for Helm (https://helm.sh/docs/helm/) and reads its answers. It
// runs nothing.
package helm

import (
	"fmt"
	"regexp"
	"strings"
)

// Strategy says how a release takes a new image.
type Strategy string

// The strategies.
const (
	Upgrade   Strategy = "upgrade"   // helm upgrade --install: rolls pods without downtime, rolls back on failure
	Reinstall Strategy = "reinstall" // helm uninstall, then install: for tests that want to begin anew
)

// Target is an environment: where a project is deployed, and how.
type Target struct {
	Name      string
	Namespace string
	Strategy  Strategy
	Beside    bool // it is deployed to at the same time as the target before it in its list
}

var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// ParseTarget reads NAME[=NAMESPACE][:STRATEGY]. The namespace is the name's own and the strategy
// upgrade, by default.
func ParseTarget(text string) (Target, error) {
	place, strategy, hasStrategy := strings.Cut(strings.TrimSpace(text), ":")
	name, namespace, hasNamespace := strings.Cut(place, "=")
	target := Target{Name: name, Namespace: name, Strategy: Upgrade}
	if hasNamespace {
		target.Namespace = namespace
	}
	if hasStrategy {
		target.Strategy = Strategy(strategy)
	}
	if target.Strategy != Upgrade && target.Strategy != Reinstall {
		return Target{}, fmt.Errorf("environment %q: no strategy %q: use %s or %s", text, strategy, Upgrade, Reinstall)
	}
	for _, part := range []string{target.Name, target.Namespace} {
		if !label.MatchString(part) {
			return Target{}, fmt.Errorf("environment %q: write NAME[=NAMESPACE][:STRATEGY], where name and "+
				"namespace are lower-case letters, digits and dashes, at most 63", text)
		}
	}
	return target, nil
}

// IsNamespace tells whether Kubernetes takes a text as the name of a namespace. Environments are called
// likewise.
func IsNamespace(text string) bool { return label.MatchString(text) }

// ParseTargets reads a list of environments, whose names must differ. Each text is
// one environment, or several joined with "+" that are deployed to at the same time; neither a name
// nor a namespace nor a strategy can hold that character.
func ParseTargets(texts []string) ([]Target, error) {
	var targets []Target
	seen := map[string]bool{}
	for _, text := range texts {
		for i, one := range strings.Split(text, "+") {
			if strings.TrimSpace(one) == "" {
				return nil, fmt.Errorf("environment %q: a name is missing: write ONE+OTHER for two that are "+
					"deployed to at the same time", text)
			}
			target, err := ParseTarget(one)
			if err != nil {
				return nil, err
			}
			if seen[target.Name] {
				return nil, fmt.Errorf("environment %q is given twice", target.Name)
			}
			seen[target.Name] = true
			target.Beside = i > 0
			targets = append(targets, target)
		}
	}
	return targets, nil
}
