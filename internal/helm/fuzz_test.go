package helm

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// record is what Helm keeps of a revision, as the cluster lists it.
func record(data []byte) string {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write(data)
	_ = zip.Close()
	kept := base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString(packed.Bytes())))
	list, _ := json.Marshal(map[string]any{"items": []any{map[string]any{"data": map[string]any{"release": kept}}}})
	return string(list)
}

// FuzzRecord reads what anybody who may write to a namespace can keep as Helm's record.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"name":"shop","version":3,"info":{"status":"deployed"},"config":{"image":{}},"hooks":[{}]}`))
	f.Add([]byte(`{"config":` + strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000) + "}"))
	f.Add(bytes.Repeat([]byte{' '}, 1<<20))
	f.Add([]byte(`{"version":1e999}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		revisions, err := ParseRevisions(record(data))
		if err != nil && len(revisions) > 0 {
			t.Errorf("%d revisions beside %v", len(revisions), err)
		}
		for _, revision := range revisions {
			revision.Images(DefaultSlots)
			revision.Holds("")
		}
	})
}

// FuzzObjects reads what a chart renders.
func FuzzObjects(f *testing.F) {
	f.Add("kind: List\nitems:\n- {kind: Pod, metadata: {name: a}}\n---\n")
	f.Add("a: &a [*a, *a]\nkind: *a\n")
	bomb := "kind: Secret\nx0: &x0 [1, 1]\n"
	for i := range 60 {
		bomb += fmt.Sprintf("x%d: &x%d [*x%d, *x%d]\n", i+1, i+1, i, i)
	}
	f.Add(bomb)
	f.Add("kind: Secret\na: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000))
	f.Add("? {a: b}\n: c\n? [d]\n: e\nkind: !!binary aGk=\n")
	f.Fuzz(func(t *testing.T, manifests string) {
		objects, err := ParseObjects(manifests, "production")
		for _, o := range objects {
			if o.Kind == "" || o.Namespace == "" {
				t.Errorf("%+v has no kind or namespace, %v", o, err)
			}
		}
	})
}
