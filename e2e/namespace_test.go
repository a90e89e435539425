package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestNamespaceStays releases into a namespace that another Helm release has set labels and annotations on, as those of
// a service mesh and of pod security. Helm 4 takes them away if it is told to make the namespace.
func TestNamespaceStays(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{"upgrade", "reinstall"} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			namespace := a.Name + "-live"
			a.write("namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: "+namespace+
				"\n  labels: {istio-injection: enabled}\n  annotations: {owner: platform}\n")
			a.kubectl("apply", "--server-side", "--field-manager=helm",
				"--filename="+filepath.Join(a.Dir, "namespace.yaml"))
			a.Settings["environments"] = "live=" + namespace + ":" + strategy
			a.release("released")
			a.bump("0.2.0")
			a.release("released")
			meta := a.kubectl("get", "namespace", namespace,
				"--output=jsonpath={.metadata.labels} {.metadata.annotations}")
			if !strings.Contains(meta, `"istio-injection":"enabled"`) || !strings.Contains(meta, `"owner":"platform"`) {
				t.Errorf("%s: the namespace has %s", strategy, meta)
			}
		})
	}
}
