package helm

import (
	"fmt"
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
