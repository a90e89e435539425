package helm

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestDiffers(t *testing.T) {
	t.Parallel()
	layer := func(text string) Layer { return Layer{Name: "values.yaml", Text: text} }
	for name, c := range map[string]struct {
		kept   string // as Helm keeps them
		layers []Layer
		want   string
	}{
		"the same": {`{"a":{"b":1},"c":"x"}`, []Layer{layer("a: {b: 1}\nc: y"), layer("c: x")}, ""},
		"nothing":  {`null`, []Layer{layer(""), layer("{}"), layer("a: {}")}, ""},
		"YAML 1.1": {`{"a":true,"b":8}`, []Layer{layer("a: yes\nb: 010")}, ""},
		"numbers": {`{"a":1000,"b":1.5,"c":12345678901234567}`,
			[]Layer{layer("a: 1e3\nb: 1.50\nc: 12345678901234567")}, ""},
		"a text":         {`{"a":"1"}`, []Layer{layer("a: 1")}, "a"},
		"another value":  {`{"a":{"b":1,"c":2}}`, []Layer{layer("a: {b: 1, c: 3}")}, "a.c"},
		"one too many":   {`{"a":1,"by":{"hand":2}}`, []Layer{layer("a: 1")}, "by.hand"},
		"one is missing": {`{"a":1}`, []Layer{layer("a: 1\nb: {c: 2, d: 3}")}, "b.c b.d"},
		"a list":         {`{"a":[1,2]}`, []Layer{layer("a: [1]"), layer("a: [2]")}, "a"},
		"a list again":   {`{"a":[{"b":2}]}`, []Layer{layer("a: [1]"), layer("a: [{b: 2}]")}, ""},
		"null":           {`{"a":null}`, []Layer{layer("a: 1"), layer("a: null")}, ""},
		"map for a text": {`{"a":"x"}`, []Layer{layer("a: {b: 1}")}, "a"},
	} {
		var revision Revision
		if err := json.Unmarshal([]byte(c.kept), &revision.values); err != nil {
			t.Fatal(err)
		}
		got, err := revision.Differs(c.layers)
		if err != nil || !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%s: %q, %v, want %s", name, got, err, c.want)
		}
	}
}

func TestSetLayer(t *testing.T) {
	t.Parallel()
	layer, err := SetLayer("set", []Pair{{"a.b", "x"}, {"a.c", int64(2)}, {"d", true}}, false)
	if err != nil || strings.Join(strings.Fields(layer.Text), "") != `{"a":{"b":"x","c":2},"d":true}` {
		t.Errorf("%+v, %v", layer, err)
	}
	if _, err := SetLayer("set", []Pair{{"a[0].b", "x"}}, false); err == nil {
		t.Error("a key that leads into a list is not refused")
	}
	for _, text := range []string{"hunter2: [", "hunter2", "- hunter2"} {
		err := Layer{"the secret TEST", text, true}.Check()
		if err == nil || strings.Contains(err.Error(), "hunter2") ||
			!strings.Contains(err.Error(), "the secret TEST") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
