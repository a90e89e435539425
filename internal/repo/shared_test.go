package repo

import (
	"strings"
	"testing"

	"dagger/ship/internal/projects"
	"dagger/ship/internal/release"
	"dagger/ship/internal/settings"
)

// TestUnshared lists projects that deploy one chart. More stands in the second project's table.
func TestUnshared(t *testing.T) {
	for more, want := range map[string]string{
		`keys = ["worker.image", "worker.tag"]`: `ship.toml:7:1: ` +
			`the projects web and worker deploy the one chart in chart`,
		`keys = ["web.image", "web.tag"]`: "", // a chart that several projects share
		`environments = []`:               "", // one that is not deployed
		`chart = "chart"`:                 "", // one of its own, in its own folder
	} {
		if !strings.HasPrefix(more, "chart") {
			more += "\nchart = \"../chart\""
		}
		file, err := projects.Read([]byte("[projects.web]\nchart = \"../chart\"\n" +
			"keys = [\"web.image\", \"web.tag\"]\nenvironments = [\"test\"]\n\n[projects.worker]\n" + more + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		list := file.Projects
		all := &Repo{listed: list}
		for i, p := range list {
			s, err := settings.ForProject(
				settings.Given{Registry: "r.example", Environments: []string{"test"}},
				file.Top,
				p,
			)
			if err != nil {
				t.Fatal(err)
			}
			one := &project{Release: release.New(&release.Common{}, s)}
			if i == 0 {
				all.others = append(all.others, one) // whichever of them is acted on
			} else {
				all.projects = append(all.projects, one)
			}
		}
		err = all.unshared()
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v", more, err)
		}
	}
}
