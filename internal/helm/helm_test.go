package helm

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"reflect"
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
	want := []Target{{"test", "test", Reinstall, false}, {"eu", "shop-eu", Upgrade, false}, {"us", "us", Upgrade, true}, {"live", "live", Upgrade, false}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for list, want := range map[string]string{
		"test,test=other":           `environment "test" is given twice`,
		"test=shop,production=shop": `the namespace "shop" is another environment's already`,
		"eu+eu=other":               "is given twice",
		"test,eu+us=test":           `the namespace "test" is another environment's already`,
		"eu+":                       `environment "eu+": a name is missing`,
		"+eu":                       "a name is missing",
		"+":                         "a name is missing",
		"eu++us":                    "a name is missing",
		"eu+us:replace":             `no strategy "replace"`,
		"eu+US":                     `environment "US": write NAME`,
	} {
		if got, err := ParseTargets(strings.Split(list, ",")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v, want %s", list, got, err, want)
		}
	}
}

func TestValuesThereAndBack(t *testing.T) {
	image := Image{"registry.example/shop", "1.4.0", "sha256:1"}
	for _, keys := range []Keys{DefaultKeys, {"image.repository", "image.tag"}, {"repo", "app.tag", "app.image.digest"}} {
		if err := keys.Check(); err != nil {
			t.Errorf("%q: %v", keys, err)
		}
		var values map[string]any
		if err := json.Unmarshal([]byte(keys.Values(image)), &values); err != nil {
			t.Fatal(err)
		}
		if got := keys.Image(values); got != image {
			t.Errorf("%q: got %+v", keys, got)
		}
	}
	for _, keys := range []Keys{nil, {"a"}, {"a", "b", "c", "d"}, {"a", "a"}, {"a", "a.b"}, {"a.b", "a"}, {"a", ""}} {
		if err := keys.Check(); err == nil {
			t.Errorf("%q passed", keys)
		}
	}
}

func TestImageOfForeignValues(t *testing.T) {
	for _, values := range []string{`null`, `{}`, `{"image": "x"}`, `{"image": {"tag": 1}}`} {
		var decoded map[string]any
		_ = json.Unmarshal([]byte(values), &decoded)
		if got := DefaultKeys.Image(decoded); got != (Image{}) {
			t.Errorf("%s: %+v", values, got)
		}
	}
}

func TestCheckRendered(t *testing.T) {
	image := Image{"r/shop", "1.4.0", "sha256:1"}
	if err := DefaultKeys.CheckRendered("image: r/shop@sha256:1", image); err != nil {
		t.Error(err)
	}
	err := DefaultKeys.CheckRendered("image: r/shop:1.4.0", image)
	if err == nil || !strings.Contains(err.Error(), "--keys image.repository,image.tag") {
		t.Errorf("a chart without digest: %v", err)
	}
}

// kept is a revision as Helm keeps it, in a list of the cluster's.
func kept(t *testing.T, labels, revision string) string {
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
	answer := `{"items":[` + kept(t, `{"name":"shop","ship-operation":"3.70","ship-reinstall":"1-A"}`,
		`{"name":"shop","info":{"status":"failed","last_deployed":"2026-01-02T03:04:05.6Z","description":"Rollback to 1"},`+
			`"config":{"image":{"repository":"r/shop","tag":"1.4.0","digest":"sha256:1"}},"hooks":[{"name":"shop-migrate"}],"version":3}`) + `,` +
		kept(t, `{"name":"shop"}`, `{"name":"shop","info":{"status":"deployed"},"version":2}`) + `,` +
		kept(t, `{"name":"other"}`, `{"name":"other","info":{"status":"deployed"},"version":1}`) + `]}`
	last, err := ParseRevisions(answer)
	got := last["shop"]
	if image := got.Image(DefaultKeys); err != nil || image != (Image{"r/shop", "1.4.0", "sha256:1"}) {
		t.Errorf("got %+v, %v", image, err)
	}
	got.values = nil
	want := Revision{Number: 3, Status: "failed", Since: time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC), Description: "Rollback to 1",
		Hooks: []string{"shop-migrate"}, Operation: "3.70", Claim: "1-A"}
	if !reflect.DeepEqual(got, want) || !got.Rollback() {
		t.Errorf("got %+v", got)
	}
	if last["other"].Number != 1 || last["third"].Number != 0 {
		t.Errorf("got %+v", last)
	}
	for _, broken := range []string{"", `{"items":[{"data":{"release":"aGVsbG8="}}]}`, `{"items":[{"data":{"release":3}}]}`} {
		if _, err := ParseRevisions(broken); err == nil {
			t.Errorf("%q is no list", broken)
		}
	}
}

func TestHistory(t *testing.T) {
	const ran, failed, killed, back = "Upgrade complete", `Upgrade "shop" failed: timed out`, "Preparing upgrade", "Rollback to 1"
	for name, c := range map[string]struct {
		history        []Entry
		last, withdrew int
	}{
		"none":                        {nil, 0, 0},
		"never ran":                   {[]Entry{{1, "failed", failed}}, 0, 0},
		"failed after one that ran":   {[]Entry{{1, "superseded", ran}, {2, "deployed", ran}, {3, "failed", failed}}, 2, 0},
		"a rollback that failed":      {[]Entry{{1, "deployed", ran}, {2, "superseded", killed}, {3, "failed", `Rollback "shop" failed: x`}}, 1, 0},
		"rolled back on purpose":      {[]Entry{{1, "superseded", ran}, {2, "superseded", ran}, {3, "deployed", back}}, 3, 2},
		"and once more":               {[]Entry{{1, "superseded", ran}, {2, "superseded", ran}, {3, "superseded", back}, {4, "deployed", back}}, 4, 2},
		"rolled back after a failure": {[]Entry{{1, "superseded", ran}, {2, "failed", failed}, {3, "deployed", back}}, 3, 0},
		"a failure after a rollback":  {[]Entry{{1, "superseded", ran}, {2, "superseded", ran}, {3, "superseded", back}, {4, "failed", failed}, {5, "deployed", "Rollback to 3"}}, 5, 2},
		"freed from a killed upgrade": {[]Entry{{1, "superseded", ran}, {2, "pending-upgrade", killed}, {3, "deployed", back}}, 3, 0},
	} {
		if got := LastRan(c.history); got != c.last {
			t.Errorf("%s: revision %d ran last, want %d", name, got, c.last)
		}
		if got := RolledBackFrom(c.history); got != c.withdrew {
			t.Errorf("%s: rolled back from %d, want %d", name, got, c.withdrew)
		}
	}
	got, err := ParseHistory(`[{"revision":2,"status":"deployed","description":"b"},{"revision":1,"status":"superseded","description":"a"}]`)
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
		"none":          {nil, nil},
		"one":           {[]Entry{{1, "deployed", ran}}, nil},
		"two":           {[]Entry{{1, "superseded", ran}, {2, "deployed", ran}}, []int{1}},
		"now failed":    {[]Entry{{1, "superseded", ran}, {2, "deployed", ran}, {3, "failed", failed}}, []int{2, 1}},
		"back once":     {[]Entry{{1, "superseded", ran}, {2, "superseded", ran}, {3, "superseded", ran}, {4, "deployed", "Rollback to 2"}}, []int{1}},
		"back twice":    {[]Entry{{1, "superseded", ran}, {2, "superseded", ran}, {3, "superseded", "Rollback to 1"}, {4, "deployed", ran}}, []int{3}},
		"of a rollback": {[]Entry{{1, "superseded", ran}, {2, "superseded", ran}, {3, "superseded", ran}, {4, "superseded", "Rollback to 2"}, {5, "failed", failed}, {6, "deployed", "Rollback to 4"}}, []int{1}},
		"pruned":        {[]Entry{{5, "superseded", ran}, {6, "deployed", "Rollback to 2"}}, nil},
		"later again":   {[]Entry{{1, "superseded", ran}, {2, "failed", failed}, {3, "superseded", "Rollback to 1"}, {4, "superseded", ran}, {5, "deployed", ran}}, []int{4, 3}},
	} {
		if got := Earlier(c.history); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestParseVersion(t *testing.T) {
	for answer, want := range map[string]Version{
		"v4.3.1": {4, 3}, "v4.3": {4, 3}, "v4.0.0-rc.1": {4, 0}, "v3.22.0\n": {3, 22}, "v3.12.9": {}, "v2.17.0": {}, "v5.0.0": {}, "": {},
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
	if got := Failure(137, " \n"); !strings.Contains(got, "137") {
		t.Errorf("a program that was killed: %q", got)
	}
}

func TestFlagsFollowTheVersion(t *testing.T) {
	r := Release{Name: "shop", Namespace: "test", Chart: "/chart", Timeout: 90 * time.Second, Helm: Version{3, 22}, Next: 7}
	want := "timeout -k 5 95 helm upgrade --install shop /chart --labels ship-operation=7.110 --namespace test --wait --timeout 1m30s"
	if got := strings.Join(r.UpgradeArgs(), " "); got != want {
		t.Errorf("Helm 3: got %s", got)
	}
	r.Helm = Version{4, 0}
	if slices.Contains(r.RollbackArgs(1), "--description") {
		t.Error("Helm 4.0 has no description for a rollback")
	}
	for _, args := range [][]string{r.UpgradeArgs(), r.InstallArgs(), r.RollbackArgs(1)} {
		if !slices.Contains(args, "--force-conflicts") {
			t.Errorf("Helm 4: %v leaves what somebody else has changed", args)
		}
	}
}

func TestEnds(t *testing.T) {
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := Release{Timeout: 90 * time.Second, Helm: Version{4, 3}}
	byShip := r.RollbackArgs(2)[slices.Index(r.RollbackArgs(2), "--description")+1]
	for _, c := range []struct {
		revision Revision
		label    string
		known    bool
	}{
		{Revision{Number: 7, Since: since}, "7.110", true},
		{Revision{Number: 8, Since: since}, "7.110", false}, // inherited by an upgrade of somebody else
		{Revision{Number: 7, Since: since}, "", false},
		{Revision{Number: 7}, "7.110", false},
		{Revision{Number: 8, Since: since, Description: byShip}, "2.110", true},
		{Revision{Number: 8, Since: since, Description: "Rollback to 2"}, "2.110", false},
	} {
		c.revision.Operation = c.label
		at, known := c.revision.Ends()
		if known != c.known || known && !at.Equal(since.Add(110*time.Second)) {
			t.Errorf("%+v, label %q: %s, %v", c.revision, c.label, at, known)
		}
	}
}

func TestClaim(t *testing.T) {
	r := Release{Name: "shop", Namespace: "test", Timeout: time.Minute}
	one, other := r.NewClaim("A"), r.NewClaim("B")
	if one == other || !one.Of("A") || one.Of("B") || Claim("").Of("A") {
		t.Error("whose claim it is cannot be told")
	}
	if left := time.Until(one.Until()); left < 2*time.Minute || left > 3*time.Minute {
		t.Errorf("a claim holds for %s", left)
	}
	if !Claim("nonsense").Until().Before(time.Now()) {
		t.Error("a claim that says no time never ends")
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add(0, `{"config":{"image":{"tag":"1@2"}}}`, "")
	f.Fuzz(func(t *testing.T, exitCode int, stdout, stderr string) {
		_, _ = ParseRevisions(stdout)
		Failure(exitCode, stderr)
		_, _ = ParseValues(stdout, DefaultKeys)
		history, _ := ParseHistory(stdout)
		LastRan(history)
		RolledBackFrom(history)
		Earlier(history)
		Revision{Description: stdout, Operation: stderr}.Ends()
		Claim(stdout).Until()
	})
}

func TestWaited(t *testing.T) {
	for cause, want := range map[string]bool{
		"UPGRADE FAILED: resource Deployment/shop/shop not ready. status: InProgress, message: Updated: 1/2\ncontext deadline exceeded": true,
		"UPGRADE FAILED: context deadline exceeded": true, // Helm 3
		"UPGRADE FAILED: pre-upgrade hooks failed: 1 error occurred:\n\t* job shop-migrate failed: BackoffLimitExceeded":                                          true,
		"failed pre-install: resource Job/shop/shop-migrate not ready. status: Failed, message: Job Failed. failed: 1/1":                                          true,
		`UPGRADE FAILED: cannot patch "shop" with kind Deployment: Deployment.apps "shop" is invalid: spec.selector: Invalid value: field is immutable`:           false,
		`UPGRADE FAILED: failed to create resource: deployments.apps is forbidden: User "ship" cannot create resource "deployments" in API group "apps"`:          false,
		`UPGRADE FAILED: conflict occurred while applying object shop/shop apps/v1, Kind=Deployment: Apply failed with 1 conflict: conflict with "kubectl-scale"`: false,
	} {
		if got := Waited(cause); got != want {
			t.Errorf("%q: %v", cause, got)
		}
	}
}
