package e2e

import (
	"strings"
	"testing"
)

// TestHelm3 releases with a tools image of Helm 3's days, and goes over to Helm 4 with the same release.
func TestHelm3(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "test=" + a.Name + "-test:reinstall,production=" + a.Name + "-production"
	a.Settings["tools"] = "docker.io/alpine/k8s:1.33.4"
	a.release("released")
	commit := a.bump("0.2.0")
	a.release("released")
	a.isReleased("0.2.0", commit)
	production := a.Name + "-production"
	if out, err := a.ship("rollback", "--environment=production"); err != nil ||
		!strings.Contains(a.running(production), ":0.1.0@") {
		t.Errorf("rollback: %v, production runs %s", err, a.running(production))
	} else if !strings.Contains(out, ": rolled back") {
		t.Errorf("rollback says %s", out)
	}

	delete(a.Settings, "tools")
	// somebody changes by hand what the chart sets: Helm 4 would leave that alone, as a conflict
	a.kubectl("scale", "deployment", "--all", "--replicas=3", "--namespace="+production)
	commit = a.bump("0.3.0")
	a.release("released")
	a.isReleased("0.3.0", commit)
	if replicas := a.kubectl("get", "deployments", "--namespace="+production,
		"--output=jsonpath={.items[*].spec.replicas}"); replicas != "2" {
		t.Errorf("production has %s replicas, the chart says 2", replicas)
	}
	if apply := a.kubectl("get", "deployments", "--namespace="+production, "--show-managed-fields",
		"--output=jsonpath={.items[*].metadata.managedFields[*].operation}"); !strings.Contains(apply, "Apply") {
		t.Errorf("the deployment is managed by %s: Helm 4 did not apply it", apply)
	}
}
