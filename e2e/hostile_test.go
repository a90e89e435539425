package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// link makes a symbolic link in the checkout.
func (a *app) link(to, name string) {
	a.t.Helper()
	must(a.t, 0, os.MkdirAll(filepath.Dir(filepath.Join(a.Dir, name)), 0o755))
	must(a.t, 0, os.Symlink(to, filepath.Join(a.Dir, name)))
}

// TestChartTakesNothing has charts with links to what is in the container that Helm runs in: the kubeconfig, the
// environment. Each is refused by its name before anything is touched, whereas links to files of the repo are followed.
func TestChartTakesNothing(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	a.Settings["environments"] = "production=" + a.Name
	const taken = "chart/templates/taken.yaml"
	a.write(taken, `apiVersion: v1
kind: ConfigMap
metadata: {name: taken}
data:
  taken: {{ .Files.Get "files/ship/kubeconfig" | quote }}
  link: {{ .Files.Get "files/link" | quote }}
  motd: {{ .Files.Get "files/motd" | quote }}
`)
	for _, values := range []string{"test", "production"} {
		must(t, 0, os.Remove(filepath.Join(a.Dir, "chart/values-"+values+".yaml")))
	}
	for name, to := range map[string]string{
		"chart/files/ship":               "/ship",
		"chart/files/link":               "/proc/self/environ",
		"chart/charts/sub/files/up":      "../../../../../ship/kubeconfig",
		"chart/values-test.yaml":         "/ship/kubeconfig",
		"chart/files/through/kubeconfig": "../../../escape/kubeconfig",
	} {
		a.link(to, name)
		if strings.Contains(name, "charts/sub") {
			a.write("chart/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n")
		}
		if strings.Contains(name, "through") {
			a.link("/ship", "escape")
		}
		a.commit("link to " + to)
		out, err := a.ship("release")
		if err == nil || !strings.Contains(out, "check: the chart in chart has links that lead out of the repo") ||
			!strings.Contains(out, name+" -> "+to) {
			t.Errorf("%s -> %s: %v", name, to, err)
		}
		a.git("rm", "--quiet", "-r", "--cached", name)
		must(t, 0, os.RemoveAll(filepath.Join(a.Dir, name)))
		must(t, 0, os.RemoveAll(filepath.Join(a.Dir, "chart/charts")))
		must(t, 0, os.RemoveAll(filepath.Join(a.Dir, "escape")))
	}
	if len(a.tags()) != 0 {
		t.Errorf("tags: %v", a.tags())
	}

	a.write("motd", "be kind")
	a.link("../../motd", "chart/files/motd")
	must(t, 0, os.MkdirAll(filepath.Join(a.Dir, "deploy"), 0o755))
	a.write("deploy/live.yaml", "replicaCount: 2\n")
	a.link("../deploy/live.yaml", "chart/values-production.yaml")
	a.commit("link within the repo")
	a.release("released")
	if motd := a.kubectl("get", "configmap", "taken", "--namespace="+a.Name,
		"--output=jsonpath={.data.motd}"); motd != "be kind" {
		t.Errorf("a link within the repo leads to %q", motd)
	}
	if replicas := a.kubectl("get", "deployments", "--namespace="+a.Name,
		"--output=jsonpath={.items[0].spec.replicas}"); replicas != "2" {
		t.Errorf("values behind a link: %s replicas", replicas)
	}
	// neither has what Helm itself keeps of the chart
	kept, err := json.Marshal(a.revision(1))
	kubeconfig, readErr := os.ReadFile(a.Cluster.Kubeconfig)
	must(t, 0, readErr)
	for _, form := range []string{string(kubeconfig), base64.StdEncoding.EncodeToString(kubeconfig)} {
		if bytes.Contains(must(t, kept, err), []byte(form)) {
			t.Error("Helm keeps the kubeconfig")
		}
	}
}

// revision is what Helm keeps of a revision of the release in production.
func (a *app) revision(number int) (kept map[string]any) {
	a.t.Helper()
	text := a.kubectl("get", "secret", fmt.Sprintf("sh.helm.release.v1.%s.v%d", a.Name, number), "--namespace="+a.Name,
		"--output=jsonpath={.data.release}")
	outer, err := base64.StdEncoding.DecodeString(text)
	must(a.t, 0, err)
	compressed, err := base64.StdEncoding.DecodeString(string(outer))
	must(a.t, 0, err)
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	data, readErr := io.ReadAll(must(a.t, reader, err))
	must(a.t, 0, readErr)
	must(a.t, 0, json.Unmarshal(data, &kept))
	return kept
}

// lastRevision is the number of the last revision of the release in production.
func (a *app) lastRevision() int {
	a.t.Helper()
	var last struct{ Version int }
	out, err := a.Helm("status", a.Name, "--namespace="+a.Name, "--output=json")
	must(a.t, 0, json.Unmarshal([]byte(must(a.t, out, err)), &last))
	return last.Version
}

// ageRevision makes a revision look as if the clock of the machine that began it were behind.
func (a *app) ageRevision(number int, by time.Duration) {
	a.t.Helper()
	kept := a.revision(number)
	info := kept["info"].(map[string]any)
	since, err := time.Parse(time.RFC3339, info["last_deployed"].(string))
	info["last_deployed"] = must(a.t, since, err).Add(-by).Format(time.RFC3339Nano)
	data, err := json.Marshal(kept)
	must(a.t, 0, err)
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	_, err = w.Write(data)
	must(a.t, 0, err)
	must(a.t, 0, w.Close())
	text := base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString(compressed.Bytes())))
	a.kubectl("patch", "secret", fmt.Sprintf("sh.helm.release.v1.%s.v%d", a.Name, number), "--namespace="+a.Name,
		"--patch", `{"data":{"release":"`+text+`"}}`)
}
