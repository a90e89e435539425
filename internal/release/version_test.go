package release

import (
	"context"
	"errors"
	"strings"
	"testing"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/manifest"
	"dagger/ship/internal/settings"
)

// treeOf is a source of files in one folder.
func treeOf(files map[string]string) manifest.Tree {
	return manifest.Tree{
		List: func(string) (names []string, err error) {
			for name := range files {
				names = append(names, name)
			}
			return names, nil
		},
		Contents: func(file string) ([]byte, error) {
			if text, is := files[file]; is {
				return []byte(text), nil
			}
			return nil, errors.New("no such file")
		},
	}
}

// TestWhichVersion has every source of versions meet repos with a manifest, with a placeholder in it, and with none.
func TestWhichVersion(t *testing.T) {
	t.Parallel()
	npm := map[string]string{"package.json": `{"name": "shop", "version": "1.3.0"}`}
	placeholder := map[string]string{"package.json": `{"name": "shop", "version": "0.0.0-development"}`}
	const snapshots = "[environments.test]\nsnapshots = true\n"
	for name, c := range map[string]struct {
		files    map[string]string
		given    string
		template string
		toml     string
		want     string // the version, or what the error or the reason for none says
		pushed   bool
	}{
		"the manifest's":            {npm, "", "", "", "1.3.0", false},
		"given":                     {npm, "1.4.0", "", "", "1.4.0", false},
		"given by its tag":          {npm, "shop-1.4.0", "", "", "1.4.0", true},
		"by a tag of its own form":  {npm, "v1.4.0", "v{version}", "", "1.4.0", true},
		"by a tag like the version": {npm, "1.4.0", "{version}", "", "1.4.0", false},
		"that only people push":     {npm, "1.4.0", "{version}", "version = 'tag'", "1.4.0", true},
		"a placeholder":             {placeholder, "", "", "", "semantic-release", false},
		"over a placeholder":        {placeholder, "1.4.0", "", "", "1.4.0", false},
		"no tag":                    {npm, "", "", "version = 'tag'", "no tag was given", false},
		"no tag of this project":    {npm, "other-1.4.0", "", "version = 'tag'", "is no tag of shop", false},
		"none given":                {npm, "", "", "version = 'given'", "no version was given", false},
		"not valid in npm":          {npm, "1.4", "", "", "not a valid SemVer", false},
		"no manifest":               {nil, "", "", "", "no manifest", false},
		"no manifest, snapshots":    {nil, "", "", snapshots, "there is no manifest", false},
		"no manifest, a date":       {nil, "2026-11-25", "", "", "2026-11-25", false},
		"no manifest, no version":   {nil, "nightly", "", "", "is no version", false},
		"a manifest, and snapshots": {npm, "", "", snapshots, "1.3.0", false},
		"a branch is no tag":        {npm, "main", "", "version = 'tag'", "is no tag of shop", false},
		"a tag that is no version":  {npm, "shop-next", "", "", "not a valid SemVer", false},
		"manifest only":             {npm, "", "", "version = 'manifest'", "1.3.0", false},
	} {
		if c.toml != "" {
			c.toml += "\n"
		}
		s := fromFile(
			t,
			settings.Given{Version: c.given, Template: c.template, Remote: "https://git.example/acme/shop.git"},
			c.toml,
		)
		common := &Common{Repo: s, Tree: treeOf(c.files), Context: context.Background()}
		r := New(common, s)
		err := r.readProject()
		got := r.read.Project.Version.Text
		switch {
		case err != nil:
			got = err.Error()
		case got == "":
			got = r.facts.None
		}
		if got != c.want && (r.read.Project.Version.Text != "" || !strings.Contains(got, c.want)) ||
			r.facts.Pushed != c.pushed || err == nil && r.read.Project.Name != "shop" {
			t.Errorf("%s: %q of %q, pushed %v", name, got, r.read.Project.Name, r.facts.Pushed)
		}
	}
}

// TestTheManifestDoesNotCount: if the manifest says another version than the one that was given, the report tells which
// counts.
func TestTheManifestDoesNotCount(t *testing.T) {
	t.Parallel()
	s := fromFile(t, settings.Given{Version: "1.4.0"}, "")
	r := New(&Common{Repo: s, Tree: treeOf(map[string]string{"package.json": `{"name":"shop","version":"1.3.0"}`})}, s)
	if err := r.readProject(); err != nil {
		t.Fatal(err)
	}
	if got := r.says(); got != "shop is 1.4.0, as --version says; what package.json says, 1.3.0, does not count" {
		t.Error(got)
	}
}

// TestSettle has each environment decided on by the release that it is for, and held back by those before it.
func TestSettle(t *testing.T) {
	t.Parallel()
	s := fromFile(t, settings.Given{}, "[environments.test]\nsnapshots = true\n[environments.live]\nafter = 'test'\n")
	r := planned(t, settings.Given{Environments: []string{"test", "live"}})
	for i, said := range s.Flat() {
		r.read.Environments[i].said = said
	}
	needed := converge.Step{Needed: true, Why: "it runs nothing"}
	r.facts.Environments = []converge.Environment{{Name: "test"}, {Name: "live", After: "test"}}
	r.plan.Deploy = []converge.Step{needed, needed}
	r.settle()
	if !r.plan.Deploy[0].Needed || !r.plan.Deploy[1].Needed ||
		!strings.HasSuffix(r.plan.Deploy[1].Why, ", after test") {
		t.Errorf("a version for both: %+v", r.plan.Deploy)
	}

	r.snapshot = &Release{version: r, read: r.read, facts: r.facts}
	r.snapshot.plan.Deploy = []converge.Step{needed, {}}
	r.plan.Deploy = []converge.Step{needed, needed}
	r.settle()
	if r.plan.Deploy[0].Needed || !r.snapshot.plan.Deploy[0].Needed {
		t.Errorf("the snapshot is not for test: %+v, %+v", r.plan.Deploy, r.snapshot.plan.Deploy)
	}
	if live := r.plan.Deploy[1]; live.Needed || !strings.Contains(live.Why, "live takes only what runs well in test") {
		t.Errorf("live takes the version, though test gets the snapshot: %+v", live)
	}
}
