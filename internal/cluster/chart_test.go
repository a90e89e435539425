package cluster

import "testing"

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
