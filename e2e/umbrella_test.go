package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/ship/e2e/bed"
)

// common serves a chart repository with the chart that the umbrella depends on, and returns its address.
func common(t *testing.T, a *app) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "common")
	for file, text := range map[string]string{
		"Chart.yaml": "apiVersion: v2\nname: common\nversion: 1.0.0\ntype: library\n",
		"templates/_labels.tpl": "{{- define \"common.labels\" }}\napp.kubernetes.io/instance: {{ .Release.Name }}\n" +
			"app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}\n{{- end }}\n",
	} {
		must(t, 0, os.MkdirAll(filepath.Dir(filepath.Join(folder, file)), 0o755))
		must(t, 0, os.WriteFile(filepath.Join(folder, file), []byte(text), 0o644))
	}
	packed := t.TempDir()
	for _, args := range [][]string{{"package", folder, "--destination=" + packed}, {"repo", "index", packed}} {
		out, err := a.Helm(args...)
		must(t, out, err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(packed)))
	t.Cleanup(server.Close)
	return server.URL
}

// TestExampleUmbrella merges into the example of six images in one chart, which depends on one of a chart repository.
func TestExampleUmbrella(t *testing.T) {
	t.Parallel()
	p := newProject(t, bed.Umbrella)
	t.Cleanup(func() { makeRoom(t, p.Name) })
	must(t, 0, component())
	p.edit("chart/Chart.yaml", `https://charts\.example\.com/stable`, common(t, p.app))
	out, err := p.Helm("dependency", "update", filepath.Join(p.Dir, "chart"))
	must(t, out, err)
	must(t, 0, os.RemoveAll(filepath.Join(p.Dir, "chart", "charts"))) // Ship gets it by the lock
	p.commit("pin what the chart depends on")
	services := []string{"cart", "catalog", "gateway", "mail", "orders", "web"}
	runs := func(version string) {
		t.Helper()
		var want []string
		for _, name := range services {
			image, err := p.images(name).Look(t.Context(), version)
			must(t, image, err)
			want = append(want, p.Image()+"/"+name+":"+version+"@"+image.Digest)
		}
		if got := p.running(p.Name + "-live"); got != strings.Join(want, " ") {
			t.Errorf("live runs %s, want %s", got, want)
		}
	}
	p.runs("+ build cart", "+ publish web", "+ deploy live")
	runs("1.0.0")
	p.runs("nothing is missing")

	p.write("services/mail/www/index.html", "more mail\n")
	p.merge("1.1.0")
	p.runs("+ build mail", "+ deploy live")
	runs("1.1.0")
	p.runs("nothing is missing")
	if len(p.tags()) != 2 || p.revisions(p.Name+"-live") != 2 {
		t.Errorf("the tags are %v, and live has %d revisions", p.tags(), p.revisions(p.Name+"-live"))
	}
}
