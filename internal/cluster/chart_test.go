package cluster

import (
	"strings"
	"testing"

	"dagger/ship/internal/helm"
)

func TestHooks(t *testing.T) {
	for events, want := range map[string]bool{
		"pre-install":               false,
		"post-delete,test":          false,
		"pre-upgrade, post-upgrade": true,
	} {
		hook := "kind: Job\nmetadata: {name: migrate, annotations: {helm.sh/hook: '" + events + "'}}\n"
		rendered, err := newRendered("kind: Service\nmetadata: {name: web}\n---\n"+hook, "shop")
		if err != nil || len(rendered.Objects) != 1 || len(rendered.Hooks) != 1 {
			t.Fatalf("got %+v, %v", rendered, err)
		}
		if got := (&Environment{rendered: rendered}).hasHook("post-upgrade"); got != want {
			t.Errorf("%s: %t", events, got)
		}
	}
}

// TestImageLayer: a list that a key leads into is that of the last file, and is secret if a file is.
func TestImageLayer(t *testing.T) {
	layers := []helm.Layer{
		{Name: "a", Text: "containers: [{name: plain}]"},
		{Name: "b", Text: "containers: [{name: hidden}]", Secret: true},
	}
	for name, c := range map[string]struct {
		keys   []string
		layers []helm.Layer
		secret bool
		want   string
	}{
		"no list":       {[]string{"image.repository", "image.tag"}, layers, false, `"repository":"r/shop"`},
		"a plain list":  {[]string{"containers[0].image"}, layers[:1], false, `"name":"plain"`},
		"a secret list": {[]string{"containers[0].image"}, layers, true, `"name":"hidden"`},
	} {
		keys, err := helm.ParseKeys(c.keys)
		if err != nil {
			t.Fatal(err)
		}
		e := &Environment{Slots: helm.Slots{{Sets: []helm.Keys{keys}}}}
		layer, err := e.imageLayer(t.Context(), Wanted{
			Images: helm.Images{{Repository: "r/shop"}}, Layers: c.layers,
		})
		text := strings.Join(strings.Fields(layer.Text), "")
		if err != nil || layer.Secret != c.secret || !strings.Contains(text, c.want) {
			t.Errorf("%s: %+v, %v", name, layer, err)
		}
	}
}
