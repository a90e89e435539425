package version

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMavensOwnOrder asks Maven itself for the order of all pairs, if it is installed as Debian
// does.
func TestMavensOwnOrder(t *testing.T) {
	jars := "/usr/share/maven/lib/*"
	if found, _ := filepath.Glob(jars + "artifact*.jar"); len(found) == 0 {
		t.Skip("Maven is not on this machine (Debian's package maven): its order is tested by examples only")
	}
	texts := strings.Fields(
		`1-0.alpha 1 1-alpha 1-a1 1-alpha-1 1.0-beta 1-b2 1-m1 1-rc 1-cr 1-rc1 1-SNAPSHOT 1.0 1-ga 1.final
		1-sp 1-sp-1 1-sp.1 1-foo 1.foo 1-1 1.1 1-1-1 1.x 1.0.1 1-0.1 1.0-jre 1.2.10 1.2.9 10 1.0-alpha.1 1.0-alpha10
		1.a 1.alpha 1_1 1+1 2.0.0-rc2-SNAPSHOT 20261122 1.0.0.Final 5.3.0.RELEASE`,
	)
	var pairs []string
	for i, low := range texts {
		for _, high := range texts[i+1:] {
			pairs = append(pairs, low, high)
		}
	}
	command := exec.Command(
		"java",
		append([]string{"-cp", jars, "org.apache.maven.artifact.versioning.ComparableVersion"}, pairs...)...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Skipf("Maven's jar does not run: %v: %.200s", err, out)
	}
	compared := 0
	for _, line := range strings.Split(string(out), "\n") {
		field := strings.Fields(line)
		if len(field) != 3 || len(field[1]) > 2 || !strings.Contains("< == >", field[1]) {
			continue
		}
		compared++
		want := map[string]int{"<": -1, "==": 0, ">": 1}[field[1]]
		if got := mustParse(t, Maven, field[0]).Compare(mustParse(t, Maven, field[2])); got != want {
			t.Errorf("Compare(%s, %s) = %d, Maven says %s", field[0], field[2], got, field[1])
		}
	}
	if compared < len(pairs)/2 {
		t.Errorf("%d comparisons for %d pairs", compared, len(pairs)/2)
	}
}
