package settings

import (
	"strings"
	"testing"

	"dagger/ship/internal/projects"
)

// image is what a table's image comes to, in a few words.
func (i Image) words() string {
	words := []string{i.Name, i.Place, i.Context, i.Dockerfile, i.Target}
	for _, arg := range i.Args {
		words = append(words, arg.Name+"="+arg.Value)
	}
	for _, keys := range i.Sets {
		for _, key := range keys {
			words = append(words, string(key.Part)+":"+key.Path)
		}
	}
	if i.Cache {
		words = append(words, "cached")
	}
	return strings.Join(words, " ")
}

func TestImages(t *testing.T) {
	for text, want := range map[string]string{
		``: "   Dockerfile  repository:image.repository tag:image.tag digest:image.digest",
		`keys = ["a"]
target = "web"`: "   Dockerfile web image:a",
		`keys = [["a"], {digest = "c", registry = "d", repository = "e", tag = "f"}]`: "   Dockerfile  image:a " +
			"registry:d repository:e tag:f digest:c",
		`dockerfile = "Containerfile"
args = ["A=1"]
[images.worker]
context = "jobs/"
dockerfile = "Dockerfile"
args = ["B={created}"]
[images.web]
image = "front"
target = "slim"
keys = {tag = "global.tag", digest = "web.digest"}`: "worker  jobs Dockerfile  B={created} " +
			"repository:worker.image.repository tag:worker.image.tag digest:worker.image.digest; " +
			"web front . Containerfile slim A=1 tag:global.tag digest:web.digest",
		"cache = true": "   Dockerfile  repository:image.repository tag:image.tag digest:image.digest cached",
		"cache = true\n[images.a]\nkeys = [\"x\"]\n[images.b]\nkeys = [\"y\"]\ncache = false": "a  . Dockerfile  " +
			"image:x cached; b  . Dockerfile  image:y",
		"[images.a]\ncache = \"yes\"":                            "2:9: cannot decode TOML string into",
		`[images.Web]`:                                           `1:2: "Web" cannot name an image`,
		"[images.a]\n[images.b]\nimage = \"a\"":                  "3:1: the images a and b have one address",
		"[images.a]\nkeys = [\"x\"]\n[images.b]\nkeys = [\"x\"]": `4:1: keys: "x" and "x" are the same`,
		"[images.a]\nkeys = {tags = \"x\"}":                      `2:1: keys: "tags" is no part of an image`,
		"[images.a]\nkeys = 1":                                   "2:1: keys: write a list of paths",
		"keys = [\"a\", [\"b\"]]":                                "1:1: keys: write a list of paths",
		"[images.a]\nargs = [\"b\"]":                             `2:1: args: "b" is not KEY=VALUE`,
		"[images.a]\ncontext = \"/etc\"":                         `2:1: context: "/etc" is no folder of the repo`,
		"[images.a]\ncontext = \"../..\"":                        `2:1: context: "../.." leads out of the repo`,
		"[images.a]\nkey = [\"b\"]":                              `2:1: unknown key "key": did you mean "keys"?`,
	} {
		file, err := projects.Read([]byte(text))
		var s Settings
		if err == nil {
			s, err = For(Given{Registry: "r.example"}, file.Top)
		}
		var all []string
		for _, image := range s.Images {
			all = append(all, image.words())
		}
		got := strings.Join(all, "; ")
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
	}
}
