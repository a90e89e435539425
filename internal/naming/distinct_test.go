package naming

import (
	"strings"
	"testing"
)

func TestDistinct(t *testing.T) {
	project := func(key, name, version string) Places {
		tag, err := DefaultTemplate.Tag(name, version)
		if err != nil {
			t.Fatal(err)
		}
		return Places{
			Key:       key,
			Name:      name,
			Template:  DefaultTemplate,
			Tag:       tag,
			Images:    []string{"r/" + Image(name)},
			Releases:  []string{name + " in test"},
			IsVersion: func(text string) bool { return strings.Trim(text, "0123456789.-") == "" },
		}
	}
	api := project("one", "api", "1.0")
	for _, c := range []struct {
		other Places
		want  string
	}{
		{project("two", "web", "1.0"), ""},
		{project("two", "api-gateway", "1.0"), ""},
		{project("two", "Api", "1.0"), "image r/api"},
		{project("two", "api", "2.0"), "image r/api"},
		{
			project("two", "api-1", "1.0"),
			"the tag api-1-1.0 of the project two reads as version 1-1.0 of the project one",
		},
		{Places{Key: "two", Tag: "x", Images: []string{"y"}, Releases: api.Releases}, "Helm release api in test"},
		{Places{Key: "two", Tag: api.Tag, Images: []string{"y"}}, "git tag api-1.0"},
	} {
		for _, pair := range [][]Places{{api, c.other}, {c.other, api}} {
			err := Distinct(pair)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s beside api: %v, want %q", c.other.Tag, err, c.want)
			}
		}
	}
}
