package e2e

import (
	"strings"
	"testing"
)

// shaped is a light app whose environments are those of a ship.toml. In the text, NAME is the app's name.
func shaped(t *testing.T, text string) *app {
	t.Helper()
	a := newLight(t)
	delete(a.Settings, "environments")
	a.write("ship.toml", strings.ReplaceAll(text, "NAME", a.Name))
	a.commit("how it is released")
	return a
}

// says calls a function, which must succeed and say all of the words.
func (a *app) says(function []string, words ...string) string {
	a.t.Helper()
	out, err := a.ship(function...)
	must(a.t, 0, err)
	for _, word := range words {
		if !strings.Contains(out, word) {
			a.t.Errorf("%s does not say %q", strings.Join(function, " "), word)
		}
	}
	return out
}

// TestByCommit: in a repo without versions, each commit runs in an environment, and a person's button takes it to
// another one.
func TestByCommit(t *testing.T) {
	t.Parallel()
	a := shaped(t, `version = "given"

[environments.acc]
snapshots = true
namespace = "NAME-acc"
release = "shop-{environment}"

[environments.prod]
snapshots = true
namespace = "NAME-acc"
release = "shop-{environment}"
after = "acc"
manual = true
`)
	namespace := a.Name + "-acc"
	first := a.git("rev-parse", "HEAD")
	a.says([]string{"plan"}, "sha-"+first+" is not in the registry", "prod is left to deploy --environment=prod")
	a.release("released")
	image := a.look("sha-" + first)
	want := a.Image() + ":sha-" + first + "@" + image.Digest
	if got := a.running(namespace); got != want || image.Revision != first {
		t.Fatalf("acc runs %s, want %s", got, want)
	}
	if tags := a.tags(); len(tags) != 0 || a.look("latest").Digest != "" {
		t.Errorf("a commit without a version got the tags %v, or latest", tags)
	}
	a.release("nothing to do")
	a.says([]string{"deploy", "--environment=prod", "version"}, "sha-"+first)
	if got := strings.Fields(a.running(namespace)); len(got) != 2 || got[0] != want || got[1] != want {
		t.Errorf("acc and prod run %s, want %s", got, want)
	}

	a.write("src/later.txt", "later\n")
	second := a.commit("later")
	if out, err := a.ship("deploy", "--environment=prod", "version"); err == nil ||
		!strings.Contains(out, "is not published: call publish or release first") {
		t.Errorf("what is not published: %v", err)
	}
	a.release("released")
	a.Settings["commit"] = first // an older pipeline, once more
	a.says([]string{"release"}, "nothing to do",
		"acc runs sha-"+second[:7]+", which is of a later commit than "+first[:7])
	delete(a.Settings, "commit")
	if got := a.running(namespace); !strings.Contains(got, second) || !strings.Contains(got, first) {
		t.Errorf("acc and prod run %s", got)
	}
	a.says([]string{"rollback", "--environment=acc"}, "runs")
	a.says([]string{"release"}, "nothing to do", "rolled back from sha-"+second[:7])
	if out, err := a.ship("deploy", "--environment=prod", "version"); err == nil ||
		!strings.Contains(out, "prod takes only what runs well in acc, which runs sha-"+first[:7]+": deploy sha-"+
			second[:7]+" there first") {
		t.Errorf("what does not run in acc: %v", err)
	}
}

// TestByTag: a tag that a person pushed is released, and commits go to staging.
func TestByTag(t *testing.T) {
	t.Parallel()
	a := shaped(t, `version = "tag"
template = "v{version}"

[environments.staging]
snapshots = true
namespace = "NAME-staging"

[environments.live]
namespace = "NAME-live"
`)
	first := a.git("rev-parse", "HEAD")
	a.says([]string{"release"}, "released", "no tag was given")
	a.git("tag", "v1.4.0")
	a.git("push", "--quiet", "origin", "v1.4.0")
	a.Settings["version"] = "v1.4.0"
	a.says([]string{"plan"}, "is 1.4.0, as --version says; what pyproject.toml says, 0.1.0, does not count")
	before := len(a.changes())
	a.release("resumed")
	image := a.look("1.4.0")
	for _, namespace := range []string{"staging", "live"} {
		if got, want := a.running(a.Name+"-"+namespace), a.Image()+":1.4.0@"+image.Digest; got != want {
			t.Errorf("%s runs %s, want %s", namespace, got, want)
		}
	}
	for _, change := range a.changes()[before:] {
		if strings.Contains(change, "push") {
			t.Errorf("something was pushed to git: %s", change)
		}
	}
	if image.Revision != first || a.look("latest") != image {
		t.Errorf("the image is %+v, latest is %+v", image, a.look("latest"))
	}
	a.release("nothing to do")
	a.Settings["version"] = "v1.5.0"
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "the git remote has no tag v1.5.0") {
		t.Errorf("a tag that is not there: %v", err)
	}
	a.Settings["version"] = "" // the branch's pipeline, once more
	a.says([]string{"release"}, "nothing to do", "staging runs 1.4.0, which is of the same commit")
}

// TestVersionsAndSnapshots: a merge without a new version goes to the test environment, one with a new version to all.
func TestVersionsAndSnapshots(t *testing.T) {
	t.Parallel()
	a := shaped(t, `
[environments.test]
snapshots = true
namespace = "NAME-test"

[environments.production]
namespace = "NAME-production"
`)
	a.release("released")
	a.write("src/later.txt", "later\n")
	second := a.commit("no new version")
	a.says([]string{"plan"}, "build snapshot", "publish snapshot")
	a.release("released")
	a.release("nothing to do")
	runs := func(test, production string) {
		t.Helper()
		if got := a.running(a.Name + "-test"); !strings.Contains(got, ":"+test+"@") {
			t.Errorf("test runs %s, want %s", got, test)
		}
		if got := a.running(a.Name + "-production"); !strings.Contains(got, ":"+production+"@") {
			t.Errorf("production runs %s, want %s", got, production)
		}
	}
	runs("sha-"+second, "0.1.0")
	third := a.bump("0.2.0")
	a.release("released")
	runs("0.2.0", "0.2.0")
	if tags := a.tags(); len(tags) != 2 || tags[a.Name+"-0.2.0"] != third {
		t.Errorf("tags: %v", tags)
	}
	a.Settings["commit"] = second
	a.says([]string{"release"}, "nothing to do")
	runs("0.2.0", "0.2.0")
}

// TestTakingOver: a release that somebody's helm made, with another name and without a digest, goes on as Ship's: as
// its next revision, and nothing restarts that need not.
func TestTakingOver(t *testing.T) {
	t.Parallel()
	for _, helm := range []string{"helm", "helm3"} {
		t.Run(helm, func(t *testing.T) {
			t.Parallel()
			a := shaped(t, `[environments.live]
namespace = "NAME-live"
release = "old-shop"
set = {"podAnnotations" = "none"}
`)
			namespace := a.Name + "-live"
			a.publish()
			image := a.look("0.1.0")
			out, err := a.ClusterProgram(helm, "install", "old-shop", a.Dir+"/chart", "--namespace="+namespace,
				"--create-namespace", "--set=image.repository="+a.Image(), "--set=image.tag=0.1.0",
				"--set=image.digest="+image.Digest, "--wait")
			must(t, out, err)
			pods := a.kubectl("get", "pods", "--namespace="+namespace, "--output=name")
			a.says([]string{"plan"}, "live runs 0.1.0, but not as wanted: podAnnotations")
			a.release("resumed")
			if got := a.kubectl("get", "pods", "--namespace="+namespace, "--output=name"); got != pods {
				t.Errorf("the pods %q were replaced by %q", pods, got)
			}
			if got := a.revisions(namespace); got != 2 {
				t.Errorf("there are %d revisions, want one after helm's", got)
			}
			a.release("nothing to do")
			a.bump("0.2.0")
			a.release("released")
			if got, want := a.running(namespace), a.Image()+":0.2.0@"+a.look("0.2.0").Digest; got != want {
				t.Errorf("it runs %s, want %s", got, want)
			}
		})
	}
}
