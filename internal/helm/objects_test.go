package helm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseObjects(t *testing.T) {
	objects, err := ParseObjects(`---
# Source: shop/templates/empty.yaml
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, name: web}
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Secret, metadata: {name: key, namespace: vault}}
---
apiVersion: delivery.example.com/v1
kind: Canary
metadata:
  name: web
`, "production")
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, o := range objects {
		got += fmt.Sprintf("%s %s/%s %s\n", o.Group, o.Kind, o.Name, o.Namespace)
	}
	want := "apps Deployment/web production\n Secret/key vault\ndelivery.example.com Canary/web production\n"
	if got != want {
		t.Errorf("got\n%swanted\n%s", got, want)
	}
}

// TestAliases reads what YAML has beside plain values: aliases, merged maps, keys that are there
// twice.
func TestAliases(t *testing.T) {
	objects, err := ParseObjects(`
kind: Pod
metadata:
  labels: &labels {app: shop, tier: web}
  name: shop
  annotations: {"helm.sh/hook": "post-install, post-upgrade"}
spec: {selector: *labels, labels: {tier: worker, <<: *labels, app: api}}
`, "shop")
	if err != nil || len(objects) != 1 {
		t.Fatal(objects, err)
	}
	body := objects[0].Body
	got := []string{text(body, "spec", "selector", "app"), text(body, "spec", "labels", "app"),
		text(body, "spec", "labels", "tier")}
	if want := []string{"shop", "api", "worker"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if events := objects[0].Events(); !slices.Equal(events, []string{"post-install", "post-upgrade"}) {
		t.Errorf("it is a hook of %q", events)
	}
}

// TestAliasesThatMultiply reads a short document that stands for more values than a machine's memory
// holds.
func TestAliasesThatMultiply(t *testing.T) {
	bomb := "kind: X\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10))
	}
	deep := "kind: X\na: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	for name, text := range map[string]string{"wide": bomb, "deep": deep} {
		if _, err := ParseObjects(text, "shop"); !errors.Is(err, errTooMuch) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
