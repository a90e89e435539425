package helm

import (
	"strings"
	"testing"
)

// chart is a deployment with a container, and what more there is.
func chart(image, more string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  template:\n    spec:\n" +
		"      containers: [{name: web, image: \"" + image + "\"}]\n" + more
}

const digest = "sha256:0123456789012345678901234567890123456789012345678901234567890123"

// TestCheckImages holds what a chart may make of an image. IMAGE stands for it in the manifests.
func TestCheckImages(t *testing.T) {
	image := Image{"r.example/shop", "1.4.0", digest}
	one, two := slots("image"), slots("image.repository", "image.tag")
	worker := "---\nkind: CronJob\nmetadata: {name: batch}\n" +
		"spec: {jobTemplate: {spec: {template: {spec: {initContainers: [{name: worker, image: \"WORKER\"}]}}}}}\n"
	rollout := "apiVersion: argoproj.io/v1\nkind: Rollout\nmetadata: {name: shop}\n" +
		"spec: {template: {spec: {containers: [{name: web, image: \"IMAGE\"}]}}}\n"
	spark := "apiVersion: spark.example.com/v1\nkind: Application\nmetadata: {name: shop}\nspec: {image: \"IMAGE\"}\n"
	for name, c := range map[string]struct {
		keys      Slots
		manifests string
		want      string // in the error, or in a remark; empty: there is none
	}{
		"repository, tag and digest": {nil, chart("IMAGE", ""), ""},
		"repository and digest":      {nil, chart("r.example/shop@"+digest, ""), ""},
		"no digest": {nil, chart("r.example/shop:1.4.0", ""),
			"Deployment shop: container web runs r.example/shop:1.4.0, so the chart does not use image.digest"},
		"another tag": {two, chart("r.example/shop:1.3.0", ""),
			"runs r.example/shop:1.3.0, and not the version that is released"},
		"another digest": {nil, chart("IMAGE", strings.ReplaceAll(worker, "WORKER",
			"r.example/shop:1.4.0@"+strings.Replace(digest, "0", "f", 1))), "CronJob batch: container worker runs"},
		"the digest in an annotation alone": {nil, chart("r.example/shop:1.3.0", "") +
			"---\nkind: ConfigMap\nmetadata: {name: a, annotations: {image: \"IMAGE\"}}\n",
			"runs r.example/shop:1.3.0"},
		"another registry": {nil, chart("docker.io/IMAGE", ""),
			"no container of the chart runs r.example/shop:1.4.0@sha256:…: it runs docker.io/r.example/shop:1.4.0@" +
				"sha256:…; the chart puts docker.io before"},
		"a map": {nil, chart("map[digest:sha256:1 tag:1.4.0]", ""), "is no image's reference"},
		"empty": {one, chart("", ""), "is no image's reference"},
		"no containers": {one, "kind: ConfigMap\nmetadata: {name: a}\n",
			"it makes no containers; it is given image=r.example/shop"},
		"custom resource": {nil, rollout, ""},
		"custom resource without containers": {nil, spark,
			"no container of the chart runs the image, but Application shop names its digest"},
		"custom resource with a template of its own": {nil, chart("IMAGE", "---\n"+
			strings.ReplaceAll(rollout, "IMAGE", "{{ image }}")), ""},
		"a floating worker": {nil, chart("IMAGE", strings.ReplaceAll(worker, "WORKER", "busybox")),
			"worker runs busybox, which may change"},
		"a pinned worker": {nil, chart("IMAGE", strings.ReplaceAll(worker, "WORKER", "busybox:1@"+digest)), ""},
		"an old worker": {nil, chart("IMAGE", strings.ReplaceAll(worker, "WORKER", "r.example/shop:1.3.0")),
			"container worker runs r.example/shop:1.3.0"},
	} {
		if c.keys == nil {
			c.keys = DefaultSlots
		}
		objects, err := ParseObjects(strings.ReplaceAll(c.manifests, "IMAGE", image.String()), "shop")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		remarks, err := c.keys.CheckImages(objects, Images{image})
		got := strings.Join(remarks, "; ")
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, c.want)
		}
	}
}

// TestCheckSeveral: of several images, each container runs its own digest, and one that nothing runs is said.
func TestCheckSeveral(t *testing.T) {
	web, worker := Image{"r.example/web", "1.4.0", digest}, Image{"r.example/worker", "1.4.0",
		strings.Replace(digest, "0", "f", 1)}
	both := Slots{{"web", []Keys{{{PartReference, "web"}}}}, {"worker", []Keys{{{PartReference, "worker"}}}}}
	two := func(first, second string) string {
		return chart(first, "      initContainers: [{name: migrate, image: \""+second+"\"}]\n")
	}
	for manifests, want := range map[string]string{
		two(web.String(), worker.String()):                  "",
		chart(web.String(), ""):                             "no container of the chart runs worker",
		two(web.String(), "r.example/worker:1.4.0@"+digest): "not the version that is released; it is given worker=",
		two("r.example/web:1.3.0", worker.String()):         "container web runs r.example/web:1.3.0",
		chart("busybox", ""):                                "no container of the chart runs r.example/web:1.4.0@sha2",
	} {
		objects, err := ParseObjects(manifests, "shop")
		if err != nil {
			t.Fatal(err)
		}
		remarks, err := both.CheckImages(objects, Images{web, worker})
		got := strings.Join(remarks, "; ")
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestParseReference(t *testing.T) {
	for text, want := range map[string]reference{
		"busybox":                           {"docker.io/library/busybox", "", ""},
		"index.docker.io/busybox:1":         {"docker.io/library/busybox", "1", ""},
		"acme/shop:1":                       {"docker.io/acme/shop", "1", ""},
		"localhost/shop":                    {"localhost/shop", "", ""},
		"r.example:5000/a/b__c:1@" + digest: {"r.example:5000/a/b__c", "1", digest},
		"[::1]:5000/shop":                   {"[::1]:5000/shop", "", ""},
	} {
		if got, valid := parseReference(text); !valid || got != want {
			t.Errorf("%s: %+v, %t", text, got, valid)
		}
	}
	for _, text := range []string{"", ":1", "Shop", "shop:", "shop:a b", "shop@", "shop@sha256:1", "r.example/", "a//b",
		"shop:1:2", "r.example/shop:1@" + digest + "@" + digest} {
		if got, valid := parseReference(text); valid {
			t.Errorf("%q passes as %+v", text, got)
		}
	}
}

func TestCheckLabels(t *testing.T) {
	for name, c := range map[string]struct{ metadata, pods, want string }{
		"good":             {"labels: {app.kubernetes.io/name: shop, empty: '', v: '1.4.0_5'}", "labels: {a: b}", ""},
		"a tag and digest": {"labels: {version: '1.4.0@" + digest + "'}", "", `Deployment shop: the label version is "1.4.0@sha256:…", but a tag with a digest in it is no label`},
		"plus":             {"labels: {version: 1.4.0+5}", "", "the label version is \"1.4.0+5\", which cannot be"},
		"of pods":          {"", "labels: {version: '-'}", "the label version is \"-\", which"},
		"too long":         {"labels: {version: " + strings.Repeat("a", 64) + "}", "", "at most 63"},
		"a number":         {"labels: {version: 1.4}", "", "the label version is 1.4, which is no text: quote it"},
		"a bad name":       {"labels: {'a b': c}", "", `the label "a b" cannot be called so`},
		"an annotation":    {"annotations: {port: 8080}", "", "the annotation port is 8080"},
		"a selector":       {"", "", `the selector a is "b c"`},
	} {
		selector := "b"
		if name == "a selector" {
			selector = "b c"
		}
		objects, err := ParseObjects("apiVersion: apps/v1\nkind: Deployment\n"+
			"metadata: {name: shop, "+c.metadata+"}\nspec:\n  selector: {matchLabels: {a: "+selector+"}}\n"+
			"  template: {metadata: {"+c.pods+"}, spec: {containers: []}}\n", "shop")
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckLabels(objects); (c.want == "") != (err == nil) || err != nil &&
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
