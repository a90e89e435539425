package e2e

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// TestRollback goes back a version, and stays there until a higher one comes.
func TestRollback(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "production=" + a.Name
	if out, err := a.ship("status"); err != nil || !strings.Contains(out, "nothing is deployed") {
		t.Errorf("status before the first release: %v", err)
	}
	a.release("released")
	first := a.running(a.Name)
	if out, err := a.ship("rollback", "--environment=production"); err == nil ||
		!strings.Contains(out, "no earlier version than 0.1.0") {
		t.Errorf("rollback of the first version: %v", err)
	}
	a.bump("0.2.0")
	a.release("released")
	second := a.running(a.Name)

	out, err := a.ship("rollback", "--environment=production")
	if err != nil || !strings.Contains(out, ": rolled back") || a.running(a.Name) != first {
		t.Fatalf("rollback: %v, production runs %s, want %s", err, a.running(a.Name), first)
	}
	a.answers(a.Name, "0.1.0")
	row := regexp.MustCompile(`(?m)^production +0\.1\.0 +sha256:[0-9a-f]{12} +3 +\S+Z +healthy, behind 0\.2\.0$`)
	if out, err := a.ship("status"); err != nil || !row.MatchString(out) {
		t.Errorf("status: %v", err)
	}
	if out, err := a.ship("release"); err != nil || !strings.Contains(out, "nothing to do") ||
		!strings.Contains(out, "rolled back from 0.2.0") {
		t.Errorf("a release of what was rolled back: %v", err)
	}
	if got := a.running(a.Name); got != first {
		t.Errorf("a release undid the rollback: production runs %s", got)
	}
	if out, err := a.ship("rollback", "--environment=production", "--version=0.0.9"); err == nil ||
		!strings.Contains(out, "no version 0.0.9") {
		t.Errorf("rollback to what never ran: %v", err)
	}

	if out, err := a.ship("deploy", "--environment=production", "version"); err != nil || out != "0.2.0" ||
		a.running(a.Name) != second {
		t.Errorf("deploy by name: %v, production runs %s", err, a.running(a.Name))
	}
	if out, err := a.ship("rollback", "--environment=production", "--version=0.2.0"); err != nil ||
		!strings.Contains(out, "nothing to do") {
		t.Errorf("rollback to what runs: %v", err)
	}
	if _, err := a.ship("rollback", "--environment=production", "--version=0.1.0"); err != nil ||
		a.running(a.Name) != first {
		t.Errorf("rollback to 0.1.0: %v, production runs %s", err, a.running(a.Name))
	}
	a.bump("0.3.0")
	a.release("released")
	a.answers(a.Name, "0.3.0")
}

func TestDeployments(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.release("released")
	out, err := a.ship("deployments")
	var deployments []struct {
		Environment, Version, Digest, Behind string
		Revision                             int
		Healthy                              bool
	}
	if a.OnEngine() {
		t.Skip("`dagger call` prints no objects of a list")
	}
	if err != nil || json.Unmarshal([]byte(out), &deployments) != nil || len(deployments) != 2 {
		t.Fatalf("deployments: %v", err)
	}
	for i, environment := range []string{"test", "production"} {
		d := deployments[i]
		if d.Environment != environment || d.Version != "0.1.0" || d.Digest != a.look("0.1.0").Digest ||
			d.Revision != 1 || !d.Healthy || d.Behind != "" {
			t.Errorf("%s: %+v", environment, d)
		}
	}
}
