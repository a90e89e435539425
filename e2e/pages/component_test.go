package pages

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestComponentsShareInputs holds the inputs that the component deploy passes on to release.yml against those there:
// what is said of them, what they may be, and that each gets there.
func TestComponentsShareInputs(t *testing.T) {
	t.Parallel()
	release, deploy := inputs(t, "templates/release.yml"), inputs(t, "templates/deploy.yml")
	_, passed, _ := strings.Cut(read(t, "templates/deploy.yml"), "\n---\n")
	own := []string{"job", "environment", "environments", "pushed", "action", "ship_environment"} // its words for them
	for name, text := range release {
		switch said := deploy[name]; {
		case name == "deploy" || name == "notes":
			if said != "" {
				t.Errorf("deploy.yml has the input %s", name)
			}
		case !strings.Contains(passed, "\n      "+name+": $[[ inputs."+name+" ]]\n"):
			t.Errorf("deploy.yml does not pass on the input %s", name)
		case said != text && !slices.Contains(own, name):
			t.Errorf("the input %s is in deploy.yml\n%sand in release.yml\n%s", name, said, text)
		}
	}
}

// inputs are the lines of a component's inputs, by their names.
func inputs(t *testing.T, file string) map[string]string {
	t.Helper()
	header, _, _ := strings.Cut(read(t, file), "\n---\n")
	_, header, _ = strings.Cut(header+"\n", "\n  inputs:\n")
	all := map[string]string{}
	for _, input := range regexp.MustCompile(`(?m)^    (\w+):\n((?:      .*\n)+)`).FindAllStringSubmatch(header, -1) {
		all[input[1]] = input[2]
	}
	if len(all) < 15 {
		t.Fatalf("%s has %d inputs", file, len(all))
	}
	return all
}
