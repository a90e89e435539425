package helm

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestValuesThereAndBack gives an image to charts of every form, and reads it from the values that
// a release keeps.
func TestValuesThereAndBack(t *testing.T) {
	image := Image{"registry.example:5000/acme/shop", "1.4.0", "sha256:1"}
	const own = "extra: [{name: sidecar, enabled: yes}, {name: web, image: {tag: '1', pull: 2024-01-02}}]\n" +
		"images: [nginx, shop]\n"
	for _, c := range []struct {
		keys Keys
		want string
	}{
		{DefaultKeys, `{"image":{"digest":"DIGEST","repository":"REPO","tag":"TAG"}}`},
		{Keys{"image.repository", "image.tag"}, `{"image":{"repository":"REPO","tag":"TAG@DIGEST"}}`},
		{Keys{"repo", "app.tag", "app.image.digest"},
			`{"app":{"image":{"digest":"DIGEST"},"tag":"TAG"},"repo":"REPO"}`},
		{Keys{"image"}, `{"image":"REPO:TAG@DIGEST"}`},
		{Keys{"images[1]"}, `{"images":["nginx","REPO:TAG@DIGEST"]}`},
		{Keys{"extra[name=web].image.repository", "extra[1].image.tag"},
			`{"extra":[{"enabled":true,"name":"sidecar"},` +
				`{"image":{"pull":"2024-01-02","repository":"REPO","tag":"TAG@DIGEST"},"name":"web"}]}`},
	} {
		if err := c.keys.Check(); err != nil {
			t.Errorf("%q: %v", c.keys, err)
		}
		text, err := c.keys.Values(image, "extra: [none]\n", own, "")
		if err != nil {
			t.Errorf("%q: %v", c.keys, err)
		}
		var values map[string]any
		if err := json.Unmarshal([]byte(text), &values); err != nil {
			t.Fatal(err)
		}
		got, _ := json.Marshal(values)
		want := strings.NewReplacer("REPO", image.Repository, "TAG", image.Tag, "DIGEST", image.Digest).Replace(c.want)
		if string(got) != want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.keys, got, want)
		}
		if got := c.keys.Image(values); got != image {
			t.Errorf("%q: got %+v", c.keys, got)
		}
	}
}

func TestKeysThatCannotBe(t *testing.T) {
	for _, keys := range []Keys{nil, {"a", "b", "c", "d"}, {"a", "a"}, {"a", "a.b"}, {"a.b", "a"}, {"a", ""}, {"a."},
		{".a"}, {"a..b"}, {"a[]"}, {"a[x]"}, {"a[0"}, {"a[0]b"}, {"[0].a"}, {"a[0]", "a[0].b"}} {
		if err := keys.Check(); err == nil {
			t.Errorf("%q passed", keys)
		}
	}
	for name, own := range map[string]string{
		"no file": "", "no such list": "other: []\n", "a map": "list: {a: 1}\n", "too short": "list: [a]\n",
		"text": "list: [a, b]\n", "a bomb": "list: " + strings.Repeat("[", 200) + strings.Repeat("]", 200),
	} {
		_, err := Keys{"list[1].image"}.Values(Image{}, own)
		if err == nil || name != "a bomb" && !strings.Contains(err.Error(), "--keys: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestImageOfForeignValues reads values that somebody else wrote, or Ship when it had other keys.
func TestImageOfForeignValues(t *testing.T) {
	for values, want := range map[string]Image{
		`null`:                           {},
		`{}`:                             {},
		`{"image": "x"}`:                 {},
		`{"image": {"tag": 1}}`:          {},
		`{"image": {"tag": "1@sha256"}}`: {Tag: "1", Digest: "sha256"},
	} {
		var decoded map[string]any
		_ = json.Unmarshal([]byte(values), &decoded)
		if got := DefaultKeys.Image(decoded); got != want {
			t.Errorf("%s: %+v", values, got)
		}
	}
	for value, want := range map[string]Image{
		"r:5000/shop":        {Repository: "r:5000/shop"},
		"r:5000/shop:1":      {Repository: "r:5000/shop", Tag: "1"},
		"shop@sha256:1":      {Repository: "shop", Digest: "sha256:1"},
		"r/shop:1@sha256:1":  {"r/shop", "1", "sha256:1"},
		"r/shop:1@sha256:1:": {"r/shop", "1", "sha256:1:"},
	} {
		if got := (Keys{"image"}).Image(map[string]any{"image": value}); got != want {
			t.Errorf("%s: %+v", value, got)
		}
	}
}
