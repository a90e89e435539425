package charts

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dagger/ship/internal/network"
	"dagger/ship/internal/registry"
)

func TestParse(t *testing.T) {
	t.Parallel()
	pin := "sha256:" + strings.Repeat("0", 64)
	for text, want := range map[string]string{
		"oci://r.example:5000/charts/shop:1.2.3":    "r.example:5000/charts/shop shop 1.2.3 ",
		"oci://r.example/charts/shop:1.2.3@" + pin:  "r.example/charts/shop shop 1.2.3 " + pin,
		"oci://r.example/charts/shop@" + pin:        "r.example/charts/shop shop  " + pin,
		"oci://r.example/charts/shop:1.2.3+5":       "r.example/charts/shop shop 1.2.3+5 ",
		"https://charts.example/stable/shop:1.2.3":  "https://charts.example/stable shop 1.2.3 ",
		"http://charts.example:8080/shop:v1":        "http://charts.example:8080 shop v1 ",
		"oci://r.example/charts/shop":               "add the version, as oci://r.example/charts/shop:1.2.3",
		"https://charts.example:8080/shop":          "add the version",
		"oci://r.example:5000":                      "write HOST/PATH:VERSION",
		"git://r.example/shop:1":                    "comes from oci:// or https://",
		"oci://r.example/Shop:1":                    "is not an image's address",
		"oci://shop:1":                              "write HOST/PATH:VERSION",
		"oci://r.example/shop:1@sha256:1":           "is no digest",
		"https://charts.example/shop:1@" + pin:      "no digest to name them by",
		"https://user:secret@charts.example/shop:1": "has a user in it",
		"https://charts.example/x?token=a/shop:1":   "without a query",
		"oci://r.example/shop:1 2":                  "is no version",
		"https:///shop:1":                           "without a query",
	} {
		r, err := Parse(text)
		got := fmt.Sprintf("%s %s %s %s", r.Place, r.Name, r.Version, r.Digest)
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
		if strings.Contains(got, "secret@") {
			t.Errorf("the error shows a login: %s", got)
		}
	}
}

// TestPack makes the same bytes of the same files, whatever order and times they come in.
func TestPack(t *testing.T) {
	t.Parallel()
	files := func(names ...string) []byte {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		for i, name := range names {
			text := map[string]string{
				"x/Chart.yaml":       "name: shop\nversion: 0.0.1\ndescription: a shop\n",
				"x/values.yaml":      "# how many\nreplicas: 2\nimage: {tag: old, pullPolicy: Always}\n",
				"x/templates/a.yaml": "a: 1\n",
			}[name]
			header := &tar.Header{Name: name, Size: int64(len(text)), Mode: 0o600, ModTime: time.Unix(int64(i), 0)}
			if err := w.WriteHeader(header); err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(w, text)
		}
		_ = w.Close()
		return out.Bytes()
	}
	p := Package{Version: "1.4.0", Values: `{"image": {"tag": "1.4.0", "digest": "sha256:1"}}`, When: time.Unix(42, 0)}
	one, err := p.Pack(files("x/Chart.yaml", "x/values.yaml", "x/templates/a.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := p.Pack(files("x/templates/a.yaml", "x/values.yaml", "x/Chart.yaml"))
	if err != nil || !bytes.Equal(one.Layer.Data, two.Layer.Data) || !bytes.Equal(one.Config.Data, two.Config.Data) {
		t.Errorf("the same files make other bytes: %v", err)
	}
	if got := string(
		one.Config.Data,
	); got != `{"appVersion":"1.4.0","description":"a shop","name":"shop","version":"1.4.0"}` {
		t.Errorf("config: %s", got)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(one.Layer.Data))
	if err != nil {
		t.Fatal(err)
	}
	data, _ := io.ReadAll(unzipped)
	contents, err := untar(data)
	want := "image:\n  digest: sha256:1\n  pullPolicy: Always\n  tag: 1.4.0\nreplicas: 2\n"
	if err != nil || string(contents["values.yaml"]) != want || len(contents) != 3 {
		t.Errorf("%d files, values.yaml: %s, %v", len(contents), contents["values.yaml"], err)
	}
	if _, err := p.Pack(files("x/Chart.yaml")); err != nil { // it has no values of its own
		t.Error(err)
	}
	if _, err := p.Pack([]byte("no tar, but long enough to be taken for one" + strings.Repeat(" ", 600))); err == nil {
		t.Error("what is no tar is packed")
	}
}

// TestRepository asks a chart repository that wants a login, for charts with a digest and without.
func TestRepository(t *testing.T) {
	t.Parallel()
	archive := "an archive"
	index := "entries:\n  shop:\n  - {version: v2.0.0, urls: [shop-2.tgz], digest: " +
		strings.TrimPrefix(sum([]byte(archive)), "sha256:") + "}\n" +
		"  - {version: 1.0.0, urls: [charts/shop-1.tgz]}\n  - {version: 3.0.0, urls: []}\n" +
		"  - {version: 4.0.0, urls: [ELSEWHERE/shop-2.tgz]}\n" +
		"  - {version: 5.0.0, urls: [shop-2.tgz], digest: " + strings.Repeat("0", 64) + "}\n"
	var elsewhere []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere = append(elsewhere, r.Header.Get("Authorization"))
		fmt.Fprint(w, archive)
	}))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch user, password, _ := r.BasicAuth(); {
		case user != "ship" || password != "not-for-others":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/stable/index.yaml":
			fmt.Fprint(w, strings.ReplaceAll(index, "ELSEWHERE", other.URL))
		case r.URL.Path == "/broken/index.yaml":
			fmt.Fprint(w, "entries: [")
		case strings.HasSuffix(r.URL.Path, ".tgz"):
			fmt.Fprint(w, archive)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	client, err := network.New("", 5*time.Second, func(text string) { t.Log(text) })
	if err != nil {
		t.Fatal(err)
	}
	good := Server{&registry.Account{User: "ship", Password: "not-for-others", PlainHTTP: true, Client: client}}
	unasked := Server{&registry.Account{User: "ship", Password: "not-for-others", Client: client}}
	for name, c := range map[string]struct {
		server      Server
		chart, want string // in the error; empty: the archive is got
	}{
		"with a digest":     {good, "/stable/shop:2.0.0", ""},
		"without":           {good, "/stable/shop:1.0.0", ""},
		"on another server": {good, "/stable/shop:4.0.0", ""},
		"another digest":    {good, "/stable/shop:5.0.0", "but its repository says sha256:0000"},
		"without a place":   {good, "/stable/shop:3.0.0", "there is no chart shop of version 3.0.0"},
		"no such version":   {good, "/stable/shop:9.0.0", "there is no chart shop of version 9.0.0"},
		"no repository":     {good, "/none/shop:1.0.0", "answered 404"},
		"no index":          {good, "/broken/shop:1.0.0", "is no chart repository's"},
		"no login": {Server{&registry.Account{Client: client}}, "/stable/shop:2.0.0",
			"wants another login than it got: give one for 127.0.0.1"},
		"over plain HTTP, unasked": {unasked, "/stable/shop:2.0.0", "wants another login than it got"},
	} {
		r, err := Parse(server.URL + c.chart)
		if err != nil {
			t.Fatal(err)
		}
		var data []byte
		found, err := c.server.Resolve(t.Context(), r)
		if err == nil {
			data, err = c.server.Fetch(t.Context(), r, found)
		}
		switch {
		case c.want == "" && (err != nil || string(data) != archive || found.Digest != sum([]byte(archive))):
			t.Errorf("%s: %q, %s, %v", name, data, found.Digest, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	for _, sent := range elsewhere {
		if sent != "" {
			t.Errorf("another server got the login: %s", sent)
		}
	}
}
