package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dagger/ship/testbed/control"
)

// TestPageOfBreaks breaks releases in the ways that users meet most, and looks for each line that
// docs/when-it-breaks.md shows, in order, in what they say; … stands for lines that the page leaves out.
func TestPageOfBreaks(t *testing.T) {
	t.Parallel()
	if world.OnEngine() || world.Cluster.Node != "real" {
		t.Skip("the page shows what the program prints beside a real node")
	}
	for heading, breaks := range map[string]func(*app) string{
		"The token may not push": func(a *app) string {
			server := control.Client{URL: a.Bed.Git.Control}
			// as on GitLab by default
			must(a.t, 0, server.Change(a.t.Context(), control.Repository{Path: a.Repo, NoJobPush: true}))
			a.Secrets["SHOP_GIT_TOKEN"] = a.Bed.Git.Job
			a.edit("Dockerfile", "(?m)^CMD", "RUN sleep 100\nCMD") // so that there is a build to stop
			a.commit("take a while to build")
			return a.fails()
		},
		"The registry refuses the password": func(a *app) string {
			a.Secrets["SHOP_REGISTRY_PASSWORD"] = "not-the-one"
			return a.fails()
		},
		"The new version does not start": func(a *app) string {
			a.release("released")
			a.crashes("DATABASE_URL is not set")
			a.Settings["timeout"] = a.brief()
			a.bump("0.2.0")
			return a.fails()
		},
		"The job was cancelled half-way": func(a *app) string {
			p := &patient{app: a}
			held := p.set(imageRegistry, "", control.Fault{Kind: control.Hang, Operation: "manifest-write"})
			release := p.begin()
			must(a.t, 0, p.server(imageRegistry).AwaitWaiting(release.ended, held.ID, 1))
			release.kill(true)
			// what pushes for it, apart from it, gives up a moment later
			for range 300 {
				all, err := p.server(imageRegistry).Faults(a.t.Context())
				must(a.t, 0, err)
				if !slices.ContainsFunc(all, func(f control.Fault) bool { return f.ID == held.ID && f.Waiting > 0 }) {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			must(a.t, 0, p.endFaults[0]())
			out, err := a.ship("release")
			return must(a.t, out, err)
		},
	} {
		t.Run(heading, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			a.Settings["environments"] = "production=" + a.Name
			said := a.plain(breaks(a))
			rest := said
			for line := range strings.Lines(a.plain(under(t, heading))) {
				line = strings.TrimSpace(line)
				if line == "…" {
					continue
				}
				_, after, found := strings.Cut(rest, line)
				if !found {
					t.Fatalf("the page shows %q, but this was said:\n%s", line, said)
				}
				rest = after
			}
		})
	}
}

// fails releases, which must fail, and returns the error.
func (a *app) fails() string {
	a.t.Helper()
	out, err := a.ship("release")
	_, said, found := strings.Cut(out, "Error: ")
	if err == nil || !found {
		a.t.Fatalf("the release did not fail: %v", err)
	}
	return said
}

// under is the first code block of docs/when-it-breaks.md after a heading.
func under(t *testing.T, heading string) string {
	t.Helper()
	_, after, found := strings.Cut(read(t, "docs/when-it-breaks.md"), "\n## "+heading+"\n")
	_, after, _ = strings.Cut(after, "```\n")
	text, _, closed := strings.Cut(after, "```")
	if !found || !closed {
		t.Errorf("the page shows nothing under %q", heading)
	}
	return text
}

// plain is output without what differs from run to run: names, commits, digests, times and how far a crash loop has
// come.
func (a *app) plain(output string) string {
	output = strings.NewReplacer(a.Image(), "registry.example.com/acme/shop", a.Bed.Git.URL+"/"+a.Repo,
		"https://gitlab.example.com/acme/shop",
		a.Name, "shop").Replace(output)
	for _, differs := range []struct{ pattern, with string }{
		{`\bat [0-9a-f]{7}\b`, "at COMMIT"}, {`HEAD is [0-9a-f]{7}\b`, "HEAD is COMMIT"},
		{`sha256:([0-9a-f]{12,64}|…)`, "DIGEST"},
		{` \([0-9.]+m?s\)`, ""}, {`\([0-9.]+m?s, `, "("}, {`shop-[0-9a-f]{8,10}-?[0-9a-z]{5,7}`, "POD"},
		{`restarts: \d`, "restarts: N"},
		{`(?m)^  POD: \w+, `, "  POD: STATE, "}, {`crashe(d|s again and again)`, "crashes"},
		{`shop:(latest|0\.1\.0): the registry`, "shop:TAG: the registry"},
	} {
		output = regexp.MustCompile(differs.pattern).ReplaceAllString(output, differs.with)
	}
	return strings.TrimSpace(output)
}
