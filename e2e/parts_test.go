package e2e

import (
	"strings"
	"testing"
)

// TestPartsWithoutCluster calls the functions that have nothing to do with environments, in a job whose
// settings name some but that has no kubeconfig.
func TestPartsWithoutCluster(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "kubeconfig")
	for _, function := range []string{"build", "tag", "publish"} {
		if _, err := a.ship(function); err != nil {
			t.Errorf("%s: %v", function, err)
		}
	}
	if image := a.look("0.1.0"); image.Revision == "" || a.tags()[a.Name+"-0.1.0"] != image.Revision {
		t.Errorf("the image is of %q, the tag at %q", image.Revision, a.tags()[a.Name+"-0.1.0"])
	}
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "no kubeconfig was given") {
		t.Errorf("release: %v", err)
	}
}
