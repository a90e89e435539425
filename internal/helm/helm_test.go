package helm

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]Target{
		"production":               {Name: "production", Namespace: "production", Strategy: Upgrade},
		"test:reinstall":           {Name: "test", Namespace: "test", Strategy: Reinstall},
		"test=shop-test:reinstall": {Name: "test", Namespace: "shop-test", Strategy: Reinstall},
		"production=shop":          {Name: "production", Namespace: "shop", Strategy: Upgrade},
	} {
		if got, err := ParseTarget(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "test:", "test:replace", "Test", "a b", "test=", "-a", "a/b", "a+b"} {
		if got, err := ParseTarget(text); err == nil {
			t.Errorf("%q: %+v, want an error", text, got)
		}
	}
}

func TestParseTargets(t *testing.T) {
	got, err := ParseTargets([]string{"test:reinstall", "eu=shop-eu + us", "live"})
	want := []Target{
		{"test", "test", Reinstall, false},
		{"eu", "shop-eu", Upgrade, false},
		{"us", "us", Upgrade, true},
		{"live", "live", Upgrade, false},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for list, want := range map[string]string{
		"test,test=other": `environment "test" is given twice`,
		"eu+eu=other":     "is given twice",
		"eu+":             `environment "eu+": a name is missing`,
		"+eu":             "a name is missing",
		"+":               "a name is missing",
		"eu++us":          "a name is missing",
		"eu+us:replace":   `no strategy "replace"`,
		"eu+US":           `environment "US": write NAME`,
	} {
		if got, err := ParseTargets(strings.Split(list, ",")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v, want %s", list, got, err, want)
		}
	}
}

// kept is a revision as Helm keeps it, in a list of the cluster's.
func kept(t *testing.T, labels, revision string) string { // labels may be followed by more metadata
	t.Helper()
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	_, _ = w.Write([]byte(revision))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	release := base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString(compressed.Bytes())))
	return `{"metadata":{"labels":` + labels + `},"data":{"release":"` + release + `"}}`
}

func TestParseRevisions(t *testing.T) {
	claimed := `{"name":"shop","ship-operation":"3.70","ship-claim":"3.70.A","ship-recovery":"3"},` +
		`"uid":"u1","creationTimestamp":"2026-01-02T03:05:05Z",` +
		`"managedFields":[{"manager":"helm","time":"2026-01-02T03:07:05Z"},` +
		`{"manager":"ship-claim","time":"2026-01-02T03:06:05Z"}]`
	failed := `{"name":"shop",` +
		`"info":{"status":"failed","last_deployed":"2026-01-02T03:04:05.6Z","description":"Rollback to 1"},` +
		`"config":{"image":{"repository":"r/shop","tag":"1.4.0","digest":"sha256:1"}},` +
		`"hooks":[{"name":"shop-migrate"}],"version":3}`
	answer := `{"items":[` + kept(t, claimed, failed) + `,` +
		kept(t, `{"name":"shop"}`, `{"name":"shop","info":{"status":"deployed"},"version":2}`) + `,` +
		kept(t, `{"name":"other"}`, `{"name":"other","info":{"status":"deployed"},"version":1}`) + `]}`
	last, err := ParseRevisions(answer)
	got := last["shop"]
	if images := got.Images(DefaultSlots); err != nil || images[0] != (Image{"r/shop", "1.4.0", "sha256:1"}) {
		t.Errorf("got %+v, %v", images, err)
	}
	got.values = nil
	want := Revision{UID: "u1",
		Number:      3,
		Status:      "failed",
		Since:       time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC),
		Description: "Rollback to 1",
		Hooks:       []string{"shop-migrate"},
		Operation:   "3.70",
		Claim:       "3.70.A",
		Recovered:   "3",
		Created:     time.Date(2026, 1, 2, 3, 5, 5, 0, time.UTC),
		Claimed:     time.Date(2026, 1, 2, 3, 6, 5, 0, time.UTC),
	}
	if !reflect.DeepEqual(got, want) || !got.Rollback() {
		t.Errorf("got %+v", got)
	}
	if last["other"].Number != 1 || last["third"].Number != 0 {
		t.Errorf("got %+v", last)
	}
	for _, broken := range []string{"", `{"items":[{"data":{"release":"aGVsbG8="}}]}`,
		`{"items":[{"data":{"release":3}}]}`} {
		if _, err := ParseRevisions(broken); err == nil {
			t.Errorf("%q is no list", broken)
		}
	}
}

func TestHistory(t *testing.T) {
	const ran, failed, killed, back = "Upgrade complete", `Upgrade "shop" failed: timed out`, "Preparing upgrade",
		"Rollback to 1"
	for name, c := range map[string]struct {
		history        []Entry
		last, withdrew int
	}{
		"none":      {nil, 0, 0},
		"never ran": {[]Entry{{1, "failed", failed}}, 0, 0},
		"failed after one that ran": {
			[]Entry{{1, "superseded", ran}, {2, "deployed", ran}, {3, "failed", failed}},
			2,
			0,
		},
		"a rollback that failed": {
			[]Entry{{1, "deployed", ran}, {2, "superseded", killed}, {3, "failed", `Rollback "shop" failed: x`}},
			1,
			0,
		},
		"rolled back on purpose": {
			[]Entry{{1, "superseded", ran}, {2, "superseded", ran}, {3, "deployed", back}},
			3,
			2,
		},
		"and once more": {
			[]Entry{{1, "superseded", ran}, {2, "superseded", ran}, {3, "superseded", back}, {4, "deployed", back}},
			4,
			2,
		},
		"rolled back after a failure": {
			[]Entry{{1, "superseded", ran}, {2, "failed", failed}, {3, "deployed", back}},
			3,
			0,
		},
		"a failure after a rollback": {
			[]Entry{
				{1, "superseded", ran},
				{2, "superseded", ran},
				{3, "superseded", back},
				{4, "failed", failed},
				{5, "deployed", "Rollback to 3"},
			},
			5,
			2,
		},
		"freed from a killed upgrade": {
			[]Entry{{1, "superseded", ran}, {2, "pending-upgrade", killed}, {3, "deployed", back}},
			3,
			0,
		},
	} {
		if got := LastRan(c.history); got != c.last {
			t.Errorf("%s: revision %d ran last, want %d", name, got, c.last)
		}
		if got := RolledBackFrom(c.history); got != c.withdrew {
			t.Errorf("%s: rolled back from %d, want %d", name, got, c.withdrew)
		}
	}
	got, err := ParseHistory(
		`[{"revision":2,"status":"deployed","description":"b"},{"revision":1,"status":"superseded","description":"a"}]`,
	)
	if want := []Entry{{1, "superseded", "a"}, {2, "deployed", "b"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestEarlier(t *testing.T) {
	const ran, failed = "Upgrade complete", `Upgrade "shop" failed: timed out`
	for name, c := range map[string]struct {
		history []Entry
		want    []int
	}{
		"none":       {nil, nil},
		"one":        {[]Entry{{1, "deployed", ran}}, nil},
		"two":        {[]Entry{{1, "superseded", ran}, {2, "deployed", ran}}, []int{1}},
		"now failed": {[]Entry{{1, "superseded", ran}, {2, "deployed", ran}, {3, "failed", failed}}, []int{2, 1}},
		"back once": {
			[]Entry{
				{1, "superseded", ran},
				{2, "superseded", ran},
				{3, "superseded", ran},
				{4, "deployed", "Rollback to 2"},
			},
			[]int{1},
		},
		"back twice": {
			[]Entry{
				{1, "superseded", ran},
				{2, "superseded", ran},
				{3, "superseded", "Rollback to 1"},
				{4, "deployed", ran},
			},
			[]int{3},
		},
		"of a rollback": {
			[]Entry{
				{1, "superseded", ran},
				{2, "superseded", ran},
				{3, "superseded", ran},
				{4, "superseded", "Rollback to 2"},
				{5, "failed", failed},
				{6, "deployed", "Rollback to 4"},
			},
			[]int{1},
		},
		"pruned": {[]Entry{{5, "superseded", ran}, {6, "deployed", "Rollback to 2"}}, nil},
		"later again": {
			[]Entry{
				{1, "superseded", ran},
				{2, "failed", failed},
				{3, "superseded", "Rollback to 1"},
				{4, "superseded", ran},
				{5, "deployed", ran},
			},
			[]int{4, 3},
		},
	} {
		if got := Earlier(c.history); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestParseVersion(t *testing.T) {
	for answer, want := range map[string]Version{
		"v4.3.1":      {4, 3},
		"v4.3":        {4, 3},
		"v4.0.0-rc.1": {4, 0},
		"v3.22.0\n":   {3, 22},
		"v3.12.9":     {},
		"v2.17.0":     {},
		"v5.0.0":      {},
		"":            {},
	} {
		if got, err := ParseVersion(answer); got != want || (err != nil) != (want == Version{}) {
			t.Errorf("%q: %+v, %v", answer, got, err)
		}
	}
}

func TestFailure(t *testing.T) {
	if got := Failure(1, "WARNING: x\nError: no such host"); got != "no such host" {
		t.Errorf("got %q", got)
	}
	for _, stderr := range []string{" \n", "Killed\n"} {
		if got := Failure(137, stderr); !strings.Contains(got, "137") {
			t.Errorf("a program that was killed: %q", got)
		}
	}
}

func TestFlagsFollowTheVersion(t *testing.T) {
	r := Release{
		Name:      "shop",
		Namespace: "test",
		Chart:     "/chart",
		Timeout:   90 * time.Second,
		Helm:      Version{3, 22},
		Next:      7,
	}
	want := "timeout -k 5 95 helm upgrade --install shop /chart --labels ship-operation=7.110,ship-rollout=7 " +
		"--namespace test --timeout 1m30s"
	if got := strings.Join(r.UpgradeArgs(), " "); got != want {
		t.Errorf("Helm 3: got %s", got)
	}
	r.PostHooks = true
	if got := strings.Join(r.UpgradeArgs(), " "); !strings.Contains(got, " --wait --n") {
		t.Errorf("Helm 3 does not wait before the hooks that come after the rollout: %s", got)
	}
	r.Helm = Version{4, 0}
	if got := strings.Join(r.UpgradeArgs(), " "); !strings.Contains(got, " --wait=legacy ") {
		t.Errorf("Helm 4 does not wait before the hooks that come after the rollout: %s", got)
	}
	if slices.Contains(r.RollbackArgs(1), "--description") {
		t.Error("Helm 4.0 has no description for a rollback")
	}
	for _, args := range [][]string{r.UpgradeArgs(), r.InstallArgs(), r.RollbackArgs(1)} {
		if !slices.Contains(args, "--force-conflicts") {
			t.Errorf("Helm 4: %v leaves what somebody else has changed", args)
		}
	}
}

// TestRecordThatInflates reads a record of 1 MB that unpacks to a gigabyte.
func TestRecordThatInflates(t *testing.T) {
	bomb := `{"items":[` + kept(t, `{"name":"shop"}`, `{"name":"shop","manifest":"`+strings.Repeat("0", 200<<20)+`"}`) +
		`]}`
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := ParseRevisions(bomb)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "the Helm release shop: it unpacks to more than 32 MB") {
		t.Errorf("got %v", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 200<<20 {
		t.Errorf("it took %d MB", took>>20)
	}
}

// TestPackRefusesLinks runs the part of the program that comes before Helm.
func TestPackRefusesLinks(t *testing.T) {
	tree, outside := t.TempDir(), t.TempDir()
	for _, folder := range []string{"chart/files", "deploy"} {
		must(t, os.MkdirAll(filepath.Join(tree, folder), 0o755))
	}
	must(t, os.WriteFile(filepath.Join(tree, "chart/Chart.yaml"), []byte("name: x\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(tree, "deploy/a.yaml"), nil, 0o644))
	must(t, os.WriteFile(filepath.Join(outside, "secret"), nil, 0o644))
	must(t, os.Symlink("../deploy/a.yaml", filepath.Join(tree, "chart/values-a.yaml")))
	must(t, os.Symlink("../../deploy", filepath.Join(tree, "chart/files/deploy")))
	must(t, os.Symlink("../chart", filepath.Join(tree, "deploy/chart"))) // and round again
	run := func() (int, string) {
		args := PackArgs(tree, "./chart", filepath.Join(t.TempDir(), "out"), "1.4.0")
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = []string{"PATH=/usr/bin:/bin"} // no Helm
		var stderr strings.Builder
		cmd.Stderr = &stderr
		_ = cmd.Run()
		return cmd.ProcessState.ExitCode(), stderr.String()
	}
	if code, said := run(); code == LinksOutside || code == NoChart {
		t.Errorf("links inside the tree: exit code %d: %s", code, said)
	}
	for name, to := range map[string]string{
		"files/ship":    outside,
		"files/secret":  filepath.Join(outside, "secret"),
		"files/environ": "/proc/self/environ",
		"files/up":      "../../../..",
		"values-b.yaml": "/etc/passwd", "files/through": "../../other/out", "files/none": "nothing",
	} {
		link := filepath.Join(tree, "chart", name)
		must(t, os.Symlink(to, link))
		if name == "files/through" { // a link inside the tree leads to one that leads out
			must(t, os.MkdirAll(filepath.Join(tree, "other"), 0o755))
			must(t, os.Symlink(outside, filepath.Join(tree, "other/out")))
		}
		if code, said := run(); code != LinksOutside || !strings.Contains(said, "chart/"+name+" -> "+to+"\n") ||
			strings.Count(said, "\n") != 1 {
			t.Errorf("%s -> %s: exit code %d: %s", name, to, code, said)
		}
		must(t, os.Remove(link))
	}
	must(t, os.Remove(filepath.Join(tree, "chart/Chart.yaml")))
	if code, _ := run(); code != NoChart {
		t.Errorf("no chart: exit code %d", code)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestHolds(t *testing.T) {
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := Release{Name: "shop", Timeout: 90 * time.Second, Helm: Version{4, 3}}
	describe := func(args []string) string { return args[slices.Index(args, "--description")+1] }
	asked, after := describe(r.RollbackArgs(2)), describe(r.RecoverArgs(2))
	const upgrade, rollback = "pending-upgrade", "pending-rollback"
	byShip := Hold{What: upgrade, Since: created, Limit: 110 * time.Second, Known: true}
	backByShip := Hold{What: rollback, Since: created, Limit: 110 * time.Second, Known: true}
	claimed := Hold{
		What:  "claimed by another release",
		Since: created.Add(time.Minute),
		Limit: 220 * time.Second,
		Known: true,
		Claim: true,
	}
	for name, c := range map[string]struct {
		revision Revision
		want     []Hold
	}{
		"deployed": {Revision{Number: 7, Status: "deployed"}, nil},
		"by Ship":  {Revision{Number: 7, Status: upgrade, Operation: "7.110"}, []Hold{byShip}},
		"inherited by somebody else's": {
			Revision{Number: 8, Status: upgrade, Operation: "7.110"},
			[]Hold{{What: upgrade, Since: created}},
		},
		"somebody else's": {Revision{Number: 7, Status: upgrade}, []Hold{{What: upgrade, Since: created}}},
		"a rollback of Ship's": {
			Revision{Number: 8, Status: rollback, Description: asked, Operation: "2.110"},
			[]Hold{backByShip},
		},
		"a recovery of Ship's": {
			Revision{Number: 8, Status: rollback, Description: after, Operation: "2.110"},
			[]Hold{backByShip},
		},
		"a person's rollback": {
			Revision{Number: 8, Status: rollback, Description: "Rollback to 2", Operation: "2.110"},
			[]Hold{{What: rollback, Since: created}},
		},
		"another's claim": {
			Revision{Number: 7, Status: "deployed", Claim: r.NewClaim(7, "B")},
			[]Hold{claimed},
		},
		"a claim on another revision": {Revision{Number: 8, Status: "deployed", Claim: r.NewClaim(7, "B")}, nil},
		"taken back by another": {
			Revision{Number: 7, Status: upgrade, Operation: "7.110", Claim: r.NewClaim(7, "B")},
			[]Hold{claimed, byShip},
		},
		"one's own claim": {Revision{Number: 7, Status: "deployed", Claim: r.NewClaim(7, "A")}, nil},
		"no claim":        {Revision{Number: 7, Status: "deployed", Claim: "nonsense"}, nil},
	} {
		// the clock of the machine that Helm ran on does not count
		c.revision.Since, c.revision.Created, c.revision.Claimed = created.Add(-time.Hour), created,
			created.Add(time.Minute)
		if got := c.revision.Holds("A"); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestRecovery(t *testing.T) {
	r := Release{Name: "shop", Namespace: "test", Helm: Version{4, 3}}
	args := r.RecoverArgs(2)
	description := args[slices.Index(args, "--description")+1]
	for _, c := range []struct {
		revision Revision
		want     bool
	}{
		{Revision{Number: 4, Description: description}, true},
		{Revision{Number: 4, Description: "Rollback to 2, by Ship in 110 s at most"}, false},
		{Revision{Number: 4, Description: "Rollback to 2"}, false},
		{Revision{Number: 4, Description: "Rollback to 2", Recovered: "4"}, true},
		{Revision{Number: 4, Description: "Rollback to 2", Recovered: "3"}, false}, // inherited
	} {
		if got := c.revision.Recovery(); got != c.want {
			t.Errorf("%+v: %v", c.revision, got)
		}
	}
	if r.RecoveredArgs(4) != nil {
		t.Error("Helm 4.3 is marked twice")
	}
	r.Helm = Version{3, 22}
	if got := r.RecoveredArgs(4); !slices.Contains(got, "ship-recovery=4") ||
		!slices.Contains(got, "sh.helm.release.v1.shop.v4") {
		t.Errorf("Helm 3: %q", got)
	}
	// the operation that was thought to be dead was alive, and succeeded after it was taken back
	history := []Entry{
		{1, "superseded", "Install complete"},
		{2, "deployed", "Upgrade complete"},
		{3, "deployed", description},
	}
	if from := RolledBackFrom(history); from != 0 {
		t.Errorf("a recovery counts as a person's rollback from revision %d", from)
	}
	history[2].Description = "Rollback to 1"
	if from := RolledBackFrom(history); from != 2 {
		t.Errorf("a person's rollback is from %d", from)
	}
	history[2] = history[2].AsRecovery()
	if from := RolledBackFrom(history); from != 0 {
		t.Errorf("a marked recovery counts as a person's rollback from revision %d", from)
	}
}

func TestBetween(t *testing.T) {
	const ran, failed = "Upgrade complete", `Upgrade "shop" failed: timed out`
	for name, c := range map[string]struct {
		history []Entry
		want    int
	}{
		"nothing": {[]Entry{{4, "superseded", ran}, {5, "deployed", "Rollback to 3"}}, 0},
		"tried again": {
			[]Entry{{4, "superseded", ran}, {5, "superseded", "Rollback to 3"}, {6, "deployed", "Rollback to 3"}},
			0,
		},
		"a release":    {[]Entry{{4, "superseded", ran}, {5, "superseded", ran}, {6, "deployed", "Rollback to 3"}}, 5},
		"a failed one": {[]Entry{{4, "superseded", ran}, {5, "failed", failed}, {6, "deployed", "Rollback to 3"}}, 0},
		"another rollback": {
			[]Entry{{4, "superseded", ran}, {5, "superseded", "Rollback to 2"}, {6, "deployed", "Rollback to 3"}},
			5,
		},
		"the history ended": {nil, 0},
	} {
		if got := Between(c.history, 4, 3); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestClaim(t *testing.T) {
	r := Release{Name: "shop", Namespace: "test", Timeout: time.Minute}
	one, other := r.NewClaim(7, "A"), r.NewClaim(7, "B")
	if one == other || !one.Of("A") || one.Of("B") || Claim("").Of("A") {
		t.Error("whose claim it is cannot be told")
	}
	if of, limit, known := one.parse(); of != 7 || !known || limit < 2*time.Minute || limit > 3*time.Minute {
		t.Errorf("a claim on %d holds for %s", of, limit)
	}
	if len(r.NewClaim(1234567, rand.Text())) > 63 {
		t.Error("a claim is too long for a label")
	}
}

func TestCompare(t *testing.T) {
	r := Release{Name: "shop", Next: 8}
	for _, c := range []struct {
		before Revision
		want   string
		record bool
	}{
		{Revision{Number: 7, Status: "deployed", UID: "u1"}, "ne (int .Release.Revision) 8 }}", true},
		{Revision{Number: 7, Status: "uninstalled", UID: "u1"}, "ne (int .Release.Revision) 1 }}", true},
		{Revision{}, "ne (int .Release.Revision) 8 }}", false},
	} {
		got := r.Compare(c.before)
		if !strings.Contains(got, c.want) || !strings.Contains(got, Taken+": the next") ||
			strings.Contains(got, "lookup") != c.record {
			t.Errorf("%+v: %s", c.before, got)
		}
		if c.record && !(strings.Contains(got, `"sh.helm.release.v1.shop.v7"`) && strings.Contains(got, `"u1"`)) {
			t.Errorf("%+v: %s", c.before, got)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add(0, `{"config":{"image":{"tag":"1@2"}}}`, "")
	f.Fuzz(func(t *testing.T, exitCode int, stdout, stderr string) {
		_, _ = ParseRevisions(stdout)
		words := Failure(exitCode, stderr)
		NotDone(Late(words, 1, 0))
		Own(words)
		_, _ = ParseValues(stdout, DefaultSlots)
		history, _ := ParseHistory(stdout)
		LastRan(history)
		RolledBackFrom(history)
		Earlier(history)
		Revision{Status: "pending-x", Description: stdout, Operation: stderr}.Holds("")
		Revision{Claim: Claim(stdout)}.Holds("")
		Between(history, exitCode, exitCode)
	})
}
