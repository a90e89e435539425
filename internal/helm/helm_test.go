package helm

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]Target{
		"production":               {"production", "production", Upgrade},
		"test:reinstall":           {"test", "test", Reinstall},
		"test=shop-test:reinstall": {"test", "shop-test", Reinstall},
		"production=shop":          {"production", "shop", Upgrade},
	} {
		if got, err := ParseTarget(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "test:", "test:replace", "Test", "a b", "test=", "-a", "a/b"} {
		if got, err := ParseTarget(text); err == nil {
			t.Errorf("%q: %+v, want an error", text, got)
		}
	}
	if _, err := ParseTargets([]string{"test", "test=other"}); err == nil {
		t.Error("two environments of one name")
	}
	if _, err := ParseTargets([]string{"test=shop", "production=shop"}); err == nil {
		t.Error("two environments in one namespace")
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

func TestParseStatus(t *testing.T) {
	answer := `{"name":"shop","info":{"status":"failed","last_deployed":"2026-01-02T03:04:05.6Z"},"config":{"image":{"repository":"r/shop","tag":"1.4.0","digest":"sha256:1"}},"version":3}`
	got, exists, err := ParseStatus(0, answer, "", DefaultKeys)
	if want := (Revision{3, "failed", time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC), Image{"r/shop", "1.4.0", "sha256:1"}}); err != nil || !exists || got != want {
		t.Errorf("got %+v, %v, %v", got, exists, err)
	}
	if _, exists, err := ParseStatus(1, "", "Error: release: not found\n", DefaultKeys); exists || err != nil {
		t.Errorf("no release: %v, %v", exists, err)
	}
	if _, _, err := ParseStatus(1, "", "Error: Kubernetes cluster unreachable\n", DefaultKeys); err == nil {
		t.Error("an unreachable cluster is no missing release")
	}
}

func TestLastDeployed(t *testing.T) {
	for history, want := range map[string]int{
		`[]`:                                 0,
		`[{"revision":1,"status":"failed"}]`: 0,
		`[{"revision":1,"status":"superseded"},{"revision":2,"status":"deployed"},{"revision":3,"status":"failed"}]`: 2,
	} {
		if got, all, err := LastDeployed(history); err != nil || got != want || all != strings.Count(history, "status") {
			t.Errorf("%s: %d of %d, %v", history, got, all, err)
		}
	}
}

func FuzzParseStatus(f *testing.F) {
	f.Add(0, `{"config":{"image":{"tag":"1@2"}}}`, "")
	f.Fuzz(func(t *testing.T, exitCode int, stdout, stderr string) {
		_, _, _ = ParseStatus(exitCode, stdout, stderr, DefaultKeys)
		_, _, _ = LastDeployed(stdout)
	})
}
