package helm

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// slots are those of one image, by a list of paths.
func slots(paths ...string) Slots {
	keys, _ := ParseKeys(paths)
	return Slots{{Sets: []Keys{keys}}}
}

// TestValuesThereAndBack gives an image to charts of every form, and reads it from the values that
// a release keeps.
func TestValuesThereAndBack(t *testing.T) {
	image := Image{"registry.example:5000/acme/shop", "1.4.0", "sha256:1"}
	const own = "extra: [{name: sidecar, enabled: yes}, {name: web, image: {tag: '1', pull: 2024-01-02}}]\n" +
		"images: [nginx, shop]\n"
	for _, c := range []struct {
		keys Slots
		want string
	}{
		{DefaultSlots, `{"image":{"digest":"DIGEST","repository":"REPO","tag":"TAG"}}`},
		{slots("image.repository", "image.tag"), `{"image":{"repository":"REPO","tag":"TAG@DIGEST"}}`},
		{slots("repo", "app.tag", "app.image.digest"),
			`{"app":{"image":{"digest":"DIGEST"},"tag":"TAG"},"repo":"REPO"}`},
		{slots("image"), `{"image":"REPO:TAG@DIGEST"}`},
		{slots("images[1]"), `{"images":["nginx","REPO:TAG@DIGEST"]}`},
		{slots("extra[name=web].image.repository", "extra[1].image.tag"),
			`{"extra":[{"enabled":true,"name":"sidecar"},` +
				`{"image":{"pull":"2024-01-02","repository":"REPO","tag":"TAG@DIGEST"},"name":"web"}]}`},
	} {
		if err := c.keys.Check(); err != nil {
			t.Errorf("%q: %v", c.keys, err)
		}
		text, err := c.keys.Values(Images{image}, "extra: [none]\n", own, "")
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
		if got := c.keys.Images(values); got[0] != image || !c.keys.wrote(values, got) {
			t.Errorf("%q: got %+v", c.keys, got)
		}
		if c.keys.wrote(values, Images{{image.Repository, image.Tag, "sha256:2"}}) {
			t.Errorf("%q: another digest counts for the same", c.keys)
		}
	}
}

func TestKeysThatCannotBe(t *testing.T) {
	for _, keys := range [][]string{nil, {"a", "b", "c", "d"}, {"a", "a"}, {"a", "a.b"}, {"a.b", "a"}, {"a", ""},
		{"a."}, {".a"}, {"a..b"}, {"a[]"}, {"a[x]"}, {"a[0"}, {"a[0]b"}, {"[0].a"}, {"a[0]", "a[0].b"}} {
		if _, err := ParseKeys(keys); err == nil {
			t.Errorf("%q passed", keys)
		}
	}
	for name, own := range map[string]string{
		"no file": "", "no such list": "other: []\n", "a map": "list: {a: 1}\n", "too short": "list: [a]\n",
		"text": "list: [a, b]\n", "a bomb": "list: " + strings.Repeat("[", 200) + strings.Repeat("]", 200),
	} {
		_, err := slots("list[1].image").Values(Images{{}}, own)
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
		if got := DefaultKeys.image(decoded); got != want {
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
		if got := slots("image")[0].image(map[string]any{"image": value}); got != want {
			t.Errorf("%s: %+v", value, got)
		}
	}
}

// TestSlots gives a chart several images, and one image under several sets of keys.
func TestSlots(t *testing.T) {
	parts := func(of ...string) (keys Keys) {
		for i := 0; i < len(of); i += 2 {
			keys = append(keys, Key{Part(of[i]), of[i+1]})
		}
		return keys
	}
	web, worker := Image{
		"r.example/shop/web",
		"1.4.0",
		"sha256:1",
	}, Image{
		"r.example/shop/worker",
		"1.4.0",
		"sha256:2",
	}
	for name, c := range map[string]struct {
		slots Slots
		want  string // the values; or what is wrong with the keys
		tag   string // of what is read back
	}{
		"a key each": {
			Slots{{"web", []Keys{parts("image", "web.image")}}, {"worker", []Keys{parts("image", "worker.image")}}},
			`{"web":{"image":"r.example/shop/web:1.4.0@sha256:1"},"worker":{"image":"r.example/shop/worker:1.4.0@sha256:2"}}`,
			"1.4.0",
		},
		"a tag for all": {
			Slots{
				{"web", []Keys{parts("tag", "global.imageTag", "digest", "web.digest")}},
				{"worker", []Keys{parts("tag", "global.imageTag", "digest", "worker.digest")}},
			},
			`{"global":{"imageTag":"1.4.0"},"web":{"digest":"sha256:1"},"worker":{"digest":"sha256:2"}}`, "1.4.0",
		},
		"two sets, and a registry apart": {
			Slots{
				{"web", []Keys{
					parts("registry", "image.registry", "repository", "image.name", "tag", "image.tag"),
					parts("repository", "job.repository", "digest", "job.digest"),
				}},
				{"worker", []Keys{parts("digest", "worker.digest")}},
			},
			`{"image":{"name":"shop/web","registry":"r.example","tag":"1.4.0@sha256:1"},` +
				`"job":{"digest":"sha256:1","repository":"r.example/shop/web"},"worker":{"digest":"sha256:2"}}`,
			"1.4.0",
		},
		"one key for two": {
			Slots{{"web", []Keys{parts("image", "image")}}, {"worker", []Keys{parts("image", "image")}}},
			`"image" and "image" are the same`, "",
		},
		"one tag with two digests": {
			Slots{{"web", []Keys{parts("tag", "tag")}}, {"worker", []Keys{parts("tag", "tag")}}},
			`"tag" and "tag" are the same`, "",
		},
		"no tag": {
			Slots{{"web", []Keys{parts("digest", "a")}}, {"worker", []Keys{parts("digest", "b")}}},
			"no key gets the tag", "",
		},
	} {
		if err := c.slots.Check(); err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
			continue
		}
		text, err := c.slots.Values(Images{web, worker})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var values map[string]any
		if err := json.Unmarshal([]byte(text), &values); err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(values); string(got) != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
		got := c.slots.Images(values)
		if !slices.Equal(got.Digests(), []string{"sha256:1", "sha256:2"}) || got.Tag() != c.tag ||
			!c.slots.wrote(values, Images{web, worker}) {
			t.Errorf("%s: read back %+v", name, got)
		}
		if job, is := values["job"].(map[string]any); is {
			if job["digest"] = "sha256:3"; c.slots.Images(values)[0].Digest != "" {
				t.Errorf("%s: two sets that differ count for one digest", name)
			}
		}
		if c.slots.wrote(values, Images{web, {worker.Repository, worker.Tag, "sha256:3"}}) {
			t.Errorf("%s: another worker counts for the same", name)
		}
	}
	for text, keys := range map[string]Keys{
		"nothing is left":            parts("image", "a", "tag", "b"),
		"for the repository":         parts("registry", "a", "tag", "b"),
		"none gets the image's dige": parts("repository", "a"),
	} {
		if err := keys.Check(); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v: %v, want %s", keys, err, text)
		}
	}
}
