package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"dagger/ship/testbed/control"
)

// onGitLab makes an app tell GitLab of its releases, and returns GitLab's own client for a user who may change them.
func (a *app) onGitLab() *gitlab.Client {
	a.t.Helper()
	a.Settings["gitlab"] = a.Bed.Git.API
	client, err := gitlab.NewClient(a.Bed.Git.Token, gitlab.WithBaseURL(a.Bed.Git.API))
	return must(a.t, client, err)
}

// told is the version's release on GitLab, as its own client reads it.
func (a *app) told(client *gitlab.Client, tag string) *gitlab.Release {
	a.t.Helper()
	release, _, err := client.Releases.GetRelease(a.Repo, tag)
	return must(a.t, release, err)
}

// writes are the requests that made or changed releases on GitLab.
func (a *app) writes() (writes int) {
	a.t.Helper()
	requests, err := control.Client{URL: a.Bed.Git.Control}.Requests(a.t.Context())
	for _, r := range must(a.t, requests, err) {
		if r.Repository == a.Repo && r.Operation == "releases" && r.Method != http.MethodGet {
			writes++
		}
	}
	return writes
}

func (a *app) disturb(fault control.Fault) {
	a.t.Helper()
	fault.Repository = a.Repo
	_, err := control.Client{URL: a.Bed.Git.Control}.Fault(a.t.Context(), fault)
	must(a.t, 0, err)
}

func TestNotes(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	client := a.onGitLab()
	a.Settings["environments"] = "production=" + a.Name
	first := a.git("rev-parse", "HEAD")
	tag := a.Name + "-0.1.0"
	if plan, err := a.ship("plan"); err != nil || !strings.Contains(plan, "> notes") ||
		!strings.Contains(plan, "GitLab's release "+tag+" is missing") {
		t.Errorf("plan: %v", err)
	}
	a.release("released")
	release := a.told(client, tag)
	reference := a.Image() + ":0.1.0@" + a.look("0.1.0").Digest
	want := "Image: `" + reference + "`\n\nChanges:\n\n- first (" + first[:8] + ", a)\n"
	if release.Name != a.Name+" 0.1.0" || release.Commit.ID != first || release.Description != want {
		t.Errorf("%s of %s says\n%s\nwant\n%s", release.Name, release.Commit.ID, release.Description, want)
	}
	written := a.writes()
	a.release("nothing to do")

	// people may rewrite it, but not lose the image
	for _, text := range []string{"Ours. Get it at " + reference, "Ours."} {
		_, _, err := client.Releases.UpdateRelease(a.Repo, tag, &gitlab.UpdateReleaseOptions{Description: &text})
		must(t, 0, err)
	}
	a.release("resumed")
	if got := a.told(client, tag).Description; got != "Ours.\n\nImage: `"+reference+"`\n" {
		t.Errorf("what was rewritten says\n%s", got)
	}
	a.release("nothing to do")
	if got := a.writes() - written; got != 3 {
		t.Errorf("%d writes, want two of ours and one of Ship's", got)
	}

	// what a merge brought since the last version
	a.git("checkout", "--quiet", "-b", "greet")
	a.write("greeting.md", "Hello.\n")
	a.git("add", "greeting.md")
	a.git("commit", "--quiet", "--message=Greet (!12)")
	a.git("checkout", "--quiet", "main")
	a.git("merge", "--quiet", "--no-ff", "--message=Merge branch 'greet' into 'main'", "greet")
	a.bump("0.2.0")
	a.release("released")
	got := a.told(client, a.Name+"-0.2.0").Description
	lines := regexp.MustCompile(`\([0-9a-f]{8}, a\)`).ReplaceAllString(got, "(…)")
	if !strings.HasSuffix(lines, "\n\nChanges since "+tag+":\n\n- release 0.2.0 (…)\n- Greet (!12) (…)\n") ||
		!strings.Contains(got, a.look("0.2.0").Digest) {
		t.Errorf("the second version's release says\n%s", got)
	}
}

// TestNotesOfOneProject leaves out what changed nothing in the project's folder.
func TestNotesOfOneProject(t *testing.T) {
	t.Parallel()
	a := newMonorepo(t, "[projects.api]\npath = \"services/api\"\nenvironments = []\n\n[projects.web]\nneeds = "+
		"[\"api\"]\nenvironments = []\n", "services/api", "web")
	client := a.onGitLab()
	if out, err := a.ship("release"); err != nil {
		t.Fatal(out)
	}
	for _, change := range []string{"services/api/a.py", "web/w.py", "readme.md"} {
		a.write(change, "# changed\n")
		a.commit("change " + change)
	}
	for _, project := range []string{"services/api", "web"} {
		a.edit(project+"/pyproject.toml", `(?m)^version = .*`, `version = "0.2.0"`)
	}
	a.commit("raise both")
	if out, err := a.ship("release"); err != nil {
		t.Fatal(out)
	}
	for tag, want := range map[string]string{"api-0.2.0": "raise both, change services/api/a.py",
		"web-0.2.0": "raise both, change web/w.py"} {
		var changes []string
		for _, line := range regexp.MustCompile(`(?m)^- (.*) \(.*$`).FindAllStringSubmatch(a.told(client,
			tag).Description, -1) {
			changes = append(changes, line[1])
		}
		if got := strings.Join(changes, ", "); got != want {
			t.Errorf("%s tells of %q, want %q", tag, got, want)
		}
	}
}

// TestNotesInTrouble makes sure that the deploys do without the notes, and that the next release makes up for them.
func TestNotesInTrouble(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trouble func(*app)
		words   string // of the error
	}{
		"the token does not have the scope": {func(a *app) { a.Secrets["SHOP_GIT_TOKEN"] = a.Bed.Git.Push },
			"notes: make GitLab's release TAG: GitLab refused the token: it needs the scope api, beside " +
				"write_repository for tags"},
		"GitLab's API is down": {func(a *app) {
			a.disturb(control.Fault{Operation: "releases", Kind: control.Status, Status: 502, Count: 6})
		},
			"notes: make GitLab's release TAG: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			client := a.onGitLab()
			a.Settings["environments"] = "production=" + a.Name
			c.trouble(a)
			tag := a.Name + "-0.1.0"
			out, err := a.ship("release")
			if err == nil || !strings.Contains(out, strings.ReplaceAll(c.words, "TAG", tag)) {
				t.Errorf("%v: want an error that says %s", err, c.words)
			}
			if running := a.running(a.Name); !strings.Contains(running, a.look("0.1.0").Digest) || a.tags()[tag] == "" {
				t.Errorf("production runs %q", running)
			}
			a.Secrets["SHOP_GIT_TOKEN"] = a.Bed.Git.Job
			a.release("resumed")
			if !strings.Contains(a.told(client, tag).Description, a.look("0.1.0").Digest) {
				t.Error("the next release did not make up for it")
			}
			if got := a.revisions(a.Name); got != 1 {
				t.Errorf("it made revision %d", got)
			}
		})
	}
}

// TestNotesMeanwhile is about a release on GitLab that appears between looking and making it.
func TestNotesMeanwhile(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	a.release("released")
	client := a.onGitLab()
	tag := a.Name + "-0.1.0"
	forget := func() {
		_, _, err := client.Releases.DeleteRelease(a.Repo, tag)
		must(t, 0, err)
	}

	// two releases of the version at once
	a.disturb(control.Fault{Operation: "releases", Method: http.MethodPost, Kind: control.Barrier,
		Parties: 2, Count: 2})
	var group sync.WaitGroup
	var outs [2]string
	for i := range outs {
		racer := &app{App: copyOf(a), t: t}
		racer.Dir, racer.Settings["source"] = a.Dir, a.Dir
		group.Go(func() {
			out, err := racer.ship("release")
			outs[i] = out
			if err != nil {
				t.Errorf("a racer: %v", err)
			}
		})
	}
	group.Wait()
	if both := outs[0] + outs[1]; strings.Count(both, "made GitLab's release "+tag) != 1 ||
		strings.Count(both, "names the image by now") != 1 {
		t.Error("want one racer that made it and one that found it")
	}
	forget()

	// an answer that got lost
	a.disturb(control.Fault{Operation: "releases", Method: http.MethodPost, Kind: control.CutResponse, Count: 1})
	a.release("resumed")
	if !strings.Contains(a.told(client, tag).Description, a.look("0.1.0").Digest) {
		t.Error("what was made says nothing of the image")
	}
	forget()

	// somebody else's, which could not be looked at
	ours := "Ours."
	_, _, err := client.Releases.CreateRelease(a.Repo, &gitlab.CreateReleaseOptions{TagName: &tag, Description: &ours})
	must(t, 0, err)
	a.disturb(control.Fault{Operation: "releases", Method: http.MethodGet, Kind: control.Status, Status: 400, Count: 1})
	a.release("resumed")
	if got := a.told(client, tag).Description; !strings.HasPrefix(got, "Ours.\n\nImage: `"+a.Image()+":0.1.0@sha256:") {
		t.Errorf("somebody else's says\n%s", got)
	}
	a.release("nothing to do")

	a.Settings["gitlab"] = "https://gitlab.example.com"
	if out, err := a.ship("plan"); err == nil || !strings.Contains(out, "--gitlab: not the address of GitLab's API") {
		t.Errorf("a bad address: %v", err)
	}
}
