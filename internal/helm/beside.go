package helm

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ListArgs asks for the releases that are deployed in a namespace, of which the answer has a line
// or two each.
func ListArgs(namespace string) []string {
	return []string{"helm", "list", "--namespace", namespace, "--deployed", "--max", "256", "--output", "json"}
}

// Beside returns the releases that run a chart, by the answer to ListArgs, other than those of the
// names.
func Beside(answer, chart string, names ...string) ([]string, error) {
	var list []struct{ Name, Chart string }
	if err := json.Unmarshal([]byte(answer), &list); err != nil {
		return nil, fmt.Errorf("read the answer of helm list: %w", err)
	}
	var beside []string
	for _, release := range list {
		version, same := strings.CutPrefix(release.Chart, chart+"-")
		if same && beginsVersion.MatchString(version) && !slices.Contains(names, release.Name) {
			beside = append(beside, release.Name)
		}
	}
	return beside, nil
}

// beginsVersion tells a chart's version from the rest of a longer name: Helm lists NAME-VERSION.
var beginsVersion = regexp.MustCompile(`^v?\d+(?:[.+-]|$)`)
