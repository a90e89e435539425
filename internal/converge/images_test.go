package converge

import (
	"strings"
	"testing"
)

// TestSeveralImages decides on every combination of what two images of a version may be: missing, of its commit or of
// another one, with the tag latest or without, and of what an environment runs of them.
func TestSeveralImages(t *testing.T) {
	t.Parallel()
	revisions := []string{"", head, "another"} // empty: the image is missing
	digests, either := []string{"sha256:1", "sha256:2"}, []bool{false, true}
	running := []string{"", "sha256:1+sha256:2", "sha256:1+sha256:3", "sha256:2+sha256:1", "sha256:1"}
	charts := []string{"-", "", head, "another"} // -: none is published
	all := len(revisions) * len(revisions) * len(either) * len(either) * len(running) * len(charts)
	for n := range all {
		f := facts(t, "1.4.0")
		f.Tagged, f.Images = head, nil
		var missing, foreign, behind [2]bool
		of := [2]string{pick(revisions, &n), pick(revisions, &n)}
		latest := [2]bool{pick(either, &n), pick(either, &n)}
		for i, name := range []string{"web", "worker"} {
			image := Image{Name: name, Address: "r.example/shop/" + name + ":1.4.0", Revision: of[i]}
			if missing[i], foreign[i] = of[i] == "", of[i] == "another"; !missing[i] {
				image.Digest = digests[i]
			}
			if latest[i] {
				image.Latest = digests[i]
			}
			behind[i] = missing[i] || !latest[i]
			f.Images = append(f.Images, image)
		}
		e := Environment{Name: "test", Status: "deployed", Digest: pick(running, &n)}
		if e.Digest != "" {
			e.Version = "1.4.0"
		}
		f.Environments = []Environment{e}
		chart := pick(charts, &n)
		if chart != "-" {
			f.Chart = Image{Address: "r.example/charts/shop:1.4.0", Revision: chart}
		}
		if chart == head || chart == "another" {
			f.Chart.Digest = "sha256:9"
		}
		plan, err := Decide(f, Options{})
		if foreign[0] || foreign[1] || chart == "another" {
			if err == nil || !strings.Contains(err.Error(), "built from another") {
				t.Errorf("%+v: %v, want a refusal", f.Images, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, image := range plan.Images {
			if image.Build.Needed != missing[i] || image.Publish.Needed != missing[i] ||
				image.Latest.Needed != behind[i] {
				t.Errorf("%+v: %+v", f.Images[i], image)
			}
		}
		if plan.Chart.Needed != (chart == "") || chart == "" && !plan.Anything().Needed {
			t.Errorf("the chart is %q: %+v", chart, plan.Chart)
		}
		whole := !missing[0] && !missing[1]
		if (f.Digest() != "") != whole {
			t.Errorf("%+v are %q as a whole", f.Images, f.Digest())
		}
		if runs := whole && e.Digest == "sha256:1+sha256:2"; plan.Deploy[0].Needed == runs || RunsWell(f, e) != runs {
			t.Errorf("%+v, and test runs %q: %+v", f.Images, e.Digest, plan.Deploy[0])
		}
	}
}
