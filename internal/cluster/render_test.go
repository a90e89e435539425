package cluster

import (
	"strings"
	"testing"

	"github.com/dagger/querybuilder"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/tools"
)

// TestTryOut tries a chart out in each state of its release. Helm's dry run of the upgrade says what is given.
func TestTryOut(t *testing.T) {
	const noKind = `unable to build: no matches for kind "Scrape" in version "t.example.com/v1"`
	pod := "kind: Pod\nmetadata: {name: shop}\nspec: {containers: [{name: web, image: 'r/shop:2.0.0@sha256:" +
		strings.Repeat("0", 64) + "'}]}\n"
	crd := "kind: CustomResourceDefinition\n" +
		"spec: {group: t.example.com, names: {kind: Scrape}, versions: [{name: v1}]}\n"
	for name, c := range map[string]struct {
		strategy  helm.Strategy
		says      string // Helm, of the upgrade
		crds      string // of the chart
		did, want string // want is in the error
	}{
		"good": {helm.Upgrade, "", "", "upgrade", ""},
		"held": {helm.Upgrade, "another operation (install/upgrade/rollback) is in progress", "",
			"upgrade template", ""},
		"ran never":               {helm.Upgrade, `"shop" has no deployed releases`, "", "upgrade template", ""},
		"a kind that is not":      {helm.Reinstall, noKind, "\n", "upgrade show", "no matches for kind"},
		"a kind of its own":       {helm.Reinstall, noKind, crd, "upgrade show template", ""},
		"asks for its own kind":   {helm.Reinstall, "execution error: none", crd, "upgrade show template", ""},
		"asks for another":        {helm.Reinstall, "execution error: none", "\n", "upgrade show", "error: none"},
		"one that comes too late": {helm.Upgrade, noKind, crd, "upgrade", "no matches for kind"},
		"the schema": {helm.Upgrade, "values don't meet the specifications of the schema(s)", "", "upgrade",
			"With --keys, three"},
		"does not render": {helm.Upgrade, "nil pointer", "", "upgrade",
			"the chart in deploy, for live: it does not render: nil pointer"},
		"the cluster is out of reach": {helm.Upgrade, "no such host", "", "upgrade", "no such host"},
	} {
		r := newRecorded(t)
		r.acts["upgrade"] = func([]string) tools.Answer {
			if c.says != "" {
				return tools.Answer{Code: 1, Stderr: "Error: " + c.says}
			}
			return tools.Answer{Stdout: "HOOKS:\nMANIFEST:\n" + pod}
		}
		r.acts["template"] = func([]string) tools.Answer { return tools.Answer{Stdout: pod} }
		r.acts["show"] = func([]string) tools.Answer { return tools.Answer{Stdout: c.crds} }
		e := r.environment(t)
		e.Strategy = c.strategy
		folder := (&dagger.Directory{}).WithGraphQLQuery(querybuilder.Query().Select("directory"))
		image := helm.Image{Repository: "r/shop", Tag: "2.0.0", Digest: "sha256:" + strings.Repeat("0", 64)}
		_, err := e.Render(
			t.Context(),
			Wanted{Chart: Chart{folder: "deploy", chart: folder, values: folder}, Images: helm.Images{image}},
			true,
		)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if did := strings.Join(r.did, " "); did != c.did {
			t.Errorf("%s: it did %q, want %q", name, did, c.did)
		}
		if c.want == "" && len(e.rendered.Objects) != 1 {
			t.Errorf("%s: it rendered %+v", name, e.rendered)
		}
	}
}

// TestRenderTests refuses a chart without tests if its rollout is to be tested.
func TestRenderTests(t *testing.T) {
	image := helm.Image{Repository: "r/shop", Tag: "2.0.0", Digest: "sha256:" + strings.Repeat("0", 64)}
	pod := "kind: Pod\nmetadata: {name: shop%s}\nspec: {containers: [{name: web, image: '" + image.String() + "'}]}\n"
	for annotation, want := range map[string]string{
		"helm.sh/hook: test":                "",
		"helm.sh/hook: test-success":        "",
		`helm.sh/hook: "test,post-upgrade"`: "",
		"helm.sh/hook: post-upgrade":        "the chart in deploy, for live: it has no test",
	} {
		r := newRecorded(t)
		r.acts["upgrade"] = func([]string) tools.Answer {
			hook := strings.Replace(pod, "%s", "-test, annotations: {"+annotation+"}", 1)
			return tools.Answer{
				Stdout: "HOOKS:\n---\n" + hook + "MANIFEST:\n---\n" + strings.Replace(pod, "%s", "", 1),
			}
		}
		e := r.environment(t)
		e.Verify.Test = true
		folder := (&dagger.Directory{}).WithGraphQLQuery(querybuilder.Query().Select("directory"))
		_, err := e.Render(
			t.Context(),
			Wanted{Chart: Chart{folder: "deploy", chart: folder, values: folder}, Images: helm.Images{image}},
			true,
		)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", annotation, err, want)
		}
	}
}
