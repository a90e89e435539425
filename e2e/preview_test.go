package e2e

import (
	"strings"
	"testing"
)

// TestPreview: a commit runs apart from all environments, whatever version it has. A newer one takes its place, an
// older one does not, and nothing is left of it in the end.
func TestPreview(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "production=" + a.Name
	a.release("released")
	production := a.running(a.Name)
	preview := func(name string, words ...string) {
		t.Helper()
		a.says([]string{"preview", "--name=" + name}, words...)
	}
	if out, err := a.ship("preview", "--name=mr-1"); err == nil || !strings.Contains(out, "has no table [previews]") {
		t.Errorf("without a table: %v", err)
	}
	a.write("ship.toml", "[previews]\nset = {nameOverride = \"{preview}\"}\n")
	first := a.commit("a preview")
	namespace := a.Name + "-mr-12"
	runs := func(commit string) {
		t.Helper()
		want := a.Image() + ":sha-" + commit + "@" + a.look("sha-"+commit).Digest
		if got := a.running(namespace); got != want {
			t.Errorf("the preview runs %s, want %s", got, want)
		}
	}
	preview("mr-12", "released", "+ build", "+ deploy mr-12")
	runs(first)
	preview("mr-12", "nothing to do")
	a.write("src/two.txt", "2")
	second := a.commit("a push")
	preview("mr-12", "+ deploy mr-12")
	runs(second)
	about := a.kubectl("get", "deployment", "--namespace="+namespace,
		`--output=jsonpath={.items[0].metadata.labels.app\.kubernetes\.io/name}`)
	if about != "mr-12" {
		t.Errorf("the preview's values say %q", about)
	}
	a.git("checkout", "--quiet", "--detach", "HEAD~1")
	preview("mr-12", "nothing to do", "is of a later commit")
	a.git("checkout", "--quiet", "main")
	preview("mr-13", "+ deploy mr-13")
	if got := a.running(a.Name); got != production || len(a.tags()) != 1 {
		t.Errorf("production runs %s, and the tags are %v", got, a.tags())
	}

	a.says([]string{"remove", "--name=mr-12"}, "removed", "removed the namespace "+namespace)
	a.says([]string{"remove", "--name=mr-12"}, "nothing to do", "there is no preview mr-12")
	if left := a.kubectl("get", "namespace", namespace, "--ignore-not-found", "--output=name"); left != "" {
		t.Errorf("%s is left", left)
	}
	if got := a.running(a.Name + "-mr-13"); got == "" {
		t.Error("another preview is gone, too")
	}

	// a namespace that somebody made stays, with all else that is in it
	shared := a.Name + "-shared"
	a.kubectl("create", "namespace", shared)
	a.write("ship.toml", "[previews]\nnamespace = \""+shared+"\"\nrelease = \"shop-{preview}\"\n")
	a.commit("previews in one namespace")
	preview("mr-14", "+ deploy mr-14")
	a.says([]string{"remove", "--name=mr-14"}, "uninstalled shop-mr-14 in "+shared)
	if left := a.kubectl("get", "namespace", shared, "--output=name"); left == "" {
		t.Error("somebody's namespace is gone")
	}
	a.write("ship.toml", "[previews]\nnamespace = \""+shared+"\"\n")
	a.commit("previews that are all one")
	if out, err := a.ship("preview", "--name=mr-15"); err == nil ||
		!strings.Contains(out, "ship.toml:1:2: previews: all would be one") {
		t.Errorf("previews that are all one: %v", err)
	}
}
