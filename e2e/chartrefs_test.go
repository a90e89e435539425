package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// charts packs charts that are made for many, and publishes them.
type charts struct {
	*app
	packed string // folder of the archives, which is a chart repository
}

// pack packs a chart called service, which runs the image and has a value that tells one from another.
func (c *charts) pack(version, mark string) (archive string) {
	c.t.Helper()
	folder := filepath.Join(c.Dir, "service")
	c.chart("service", threeKeys, "templates/mark.yaml", "apiVersion: v1\nkind: ConfigMap\n"+
		"metadata: {name: {{ .Release.Name }}-mark}\n"+
		"data: {mark: "+mark+", greeting: {{ .Values.greeting | quote }}}\n",
		"values.yaml", "greeting: hello\nimage: {}\n")
	out, err := c.Helm("package", folder, "--version="+version, "--destination="+c.packed)
	must(c.t, out, err)
	must(c.t, 0, os.RemoveAll(folder))
	out, err = c.Helm("repo", "index", c.packed)
	must(c.t, out, err)
	return filepath.Join(c.packed, "service-"+version+".tgz")
}

// push publishes a chart in the registry.
func (c *charts) push(version, mark string) {
	c.t.Helper()
	out, err := c.Helm("push", c.pack(version, mark), c.place(), "--plain-http", "--username="+c.Registry.User,
		"--password="+c.Registry.Password)
	must(c.t, out, err)
}

func (c *charts) place() string { return "oci://" + c.Image() + "/charts" }

func (c *charts) marked() string {
	c.t.Helper()
	return c.kubectl(
		"get",
		"configmap",
		c.Name+"-mark",
		"--namespace="+c.Name,
		"--output=jsonpath={.data.mark} {.data.greeting}",
	)
}

// TestChartReferences deploys charts that are made for many: from a registry and from a chart repository, pinned by
// version and told apart by digest.
func TestChartReferences(t *testing.T) {
	t.Parallel()
	c := &charts{newLight(t), t.TempDir()}
	c.push("1.0.0", "one")
	pin := func(chart string) {
		t.Helper()
		c.write("ship.toml", "chart = \""+chart+"\"\n[environments.test]\nnamespace = \""+c.Name+
			"\"\nset = {greeting = \"{version}\"}\n")
		c.commit("the chart is " + chart)
	}
	delete(c.Settings, "environments")
	service := c.place() + "/service"
	for chart, want := range map[string]string{
		service:              "add the version, as oci://",
		service + ":9.9.9":   "there is no chart " + strings.TrimPrefix(service, "oci://") + ":9.9.9",
		c.place() + ":1.0.0": "there is no chart",
	} {
		pin(chart)
		if out, err := c.ship("release"); err == nil || !strings.Contains(out, want) || len(c.tags()) > 0 {
			t.Errorf("%s: %v, tags are %v, want %s", chart, err, c.tags(), want)
		}
	}
	pin(service + ":1.0.0")
	c.release("released")
	if got := c.marked(); got != "one 0.1.0" {
		t.Errorf("the chart's values are %q", got)
	}
	c.release("nothing to do")

	c.push("1.0.0", "one-again") // the tag is moved
	c.says([]string{"plan"}, "test runs 0.1.0, but not as wanted: the chart")
	c.release("resumed")
	if got := c.marked(); got != "one-again 0.1.0" {
		t.Errorf("after the tag was moved, the chart's values are %q", got)
	}

	c.push("1.1.0", "two") // another pin without another version
	pin(service + ":1.1.0")
	c.release("resumed")
	c.git("checkout", "--quiet", "--detach", "main~1")
	c.says([]string{"release"}, "nothing to do", "with values or a chart of a later commit than")
	c.git("checkout", "--quiet", "main")
	if got := c.marked(); got != "two 0.1.0" {
		t.Errorf("after another pin, the chart's values are %q", got)
	}
	c.release("nothing to do")

	c.pack("2.0.0", "three")
	server := reachable(t, http.StripPrefix("/stable", http.FileServer(http.Dir(c.packed))).ServeHTTP)
	pin(server + "/stable/service:2.0.0")
	c.bump("0.2.0")
	c.release("released")
	if got := c.marked(); got != "three 0.2.0" {
		t.Errorf("from a chart repository, the chart's values are %q", got)
	}
	c.release("nothing to do")
	pin(server + "/stable/other:2.0.0")
	if out, err := c.ship(
		"release",
	); err == nil ||
		!strings.Contains(out, "there is no chart other of version 2.0.0") {
		t.Errorf("a chart that is not there: %v", err)
	}
	must(t, 0, os.WriteFile(filepath.Join(c.packed, "service-2.0.0.tgz"), []byte("another"), 0o644))
	pin(server + "/stable/service:2.0.0")
	c.bump("0.3.0")
	if out, err := c.ship("release"); err == nil || !strings.Contains(out, "but its repository says sha256:") ||
		len(c.tags()) > 2 {
		t.Errorf("an archive that is another: %v, tags are %v", err, c.tags())
	}
}

// TestPublishChart publishes a version's chart beside its image: once, and complete by itself.
func TestPublishChart(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "test=" + a.Name
	a.write("ship.toml", "charts = \"charts\"\n")
	a.commit("a chart for others")
	a.says([]string{"plan"}, "> publish chart")
	a.release("released")
	name := "poetry-service"
	chart, err := os.ReadFile(filepath.Join(a.Dir, "chart", "Chart.yaml"))
	for line := range strings.Lines(string(must(t, chart, err))) {
		if said, is := strings.CutPrefix(line, "name: "); is {
			name = strings.TrimSpace(said)
		}
	}
	render := func() string {
		t.Helper()
		out, err := a.Helm("template", "other", "oci://"+a.Image()+"/charts/"+name, "--version=0.1.0", "--plain-http",
			"--username="+a.Registry.User, "--password="+a.Registry.Password)
		return must(t, out, err)
	}
	image := a.Image() + ":0.1.0@" + a.look("0.1.0").Digest
	if out := render(); !strings.Contains(out, image) {
		t.Errorf("the published chart runs something else than %s:\n%s", image, out)
	}
	charts := a.images("charts", name)
	first, err := charts.Look(t.Context(), "0.1.0")
	must(t, 0, err)
	if first.Revision != a.git("rev-parse", "HEAD") {
		t.Errorf("the chart is of %s", first.Revision)
	}
	a.release("nothing to do")

	must(t, 0, charts.Remove(t.Context(), "0.1.0", first.Digest))
	a.release("resumed")
	if again, err := charts.Look(t.Context(), "0.1.0"); err != nil || again != first {
		t.Errorf("made again, the chart is %+v, not %+v: %v", again, first, err)
	}
	must(t, 0, charts.Move(t.Context(), first.Digest, "0.2.0")) // somebody else's
	a.bump("0.2.0")
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "exists already and is built from") ||
		len(a.tags()) > 1 {
		t.Errorf("a chart of another commit: %v, tags are %v", err, a.tags())
	}
}
