package gitremote

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dagger/ship/internal/limit"
	"dagger/ship/internal/network"
)

const oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"

var (
	large    = Object{OID: oid, Size: 5}
	ownLogin = "Basic " + base64.StdEncoding.EncodeToString([]byte("ship:secret"))
)

// lfs is a remote whose LFS server answers as told.
func lfs(t *testing.T, handle http.HandlerFunc) *Remote {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	client, err := network.New("", 10*time.Second, func(text string) { t.Log(text) })
	if err != nil {
		t.Fatal(err)
	}
	return &Remote{URL: server.URL + "/group/shop.git", User: "ship", Token: "secret", Client: client}
}

func TestLFSServer(t *testing.T) {
	const home = "https://git.example.com/group/shop"
	const own, url, remote = home + ".git/info/lfs", "[lfs]\n\turl = ", "[remote \"origin\"]\n\tlfsurl = "
	for config, want := range map[string]string{
		"":                                   own,
		"[lfs]\n\tconcurrenttransfers = 3\n": own,
		url + "https://git.example.com/a/info/lfs/\n":                            "https://git.example.com/a/info/lfs",
		url + "https://git.example.com:443/large":                                "https://git.example.com:443/large",
		url + "git@git.example.com:large.git":                                    "https://git.example.com/large.git",
		remote + "https://git.example.com/a":                                     "https://git.example.com/a",
		remote + "https://x.example.com/a\n" + url + "https://git.example.com/b": "https://git.example.com/b",
		"[remote \"other\"]\n\tlfsurl = https://x.example.com/a\n":               own,
		"[lfs \"https://x.example.com\"]\n\turl = https://x.example.com/a\n":     own,
		url + "https://lfs.example.com/a":                                        "the token is for",
		url + "http://git.example.com/a":                                         "the token is for",
		url + "https://git.example.com:8443/a":                                   "the token is for",
		url + "https://git.example.com.evil.example/a":                           "the token is for",
		url + "/srv/large":                                                       "names no server",
		url + "https://user:pass-word@lfs.example.com/a":                         "the token is for",
	} {
		for _, address := range []string{home, home + ".git", home + ".git/"} {
			got, err := (&Remote{URL: address}).LFSServer(config)
			if err != nil {
				got = err.Error()
			}
			if got != want && (err == nil || !strings.Contains(got, want)) || strings.Contains(got, "pass-word") {
				t.Errorf("%q: %s, want %s", config, got, want)
			}
		}
	}
}

// TestDownloads asks for more objects than one request may have, with the token.
func TestDownloads(t *testing.T) {
	var sizes []int
	r := lfs(t, func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Operation string
			Transfers []string
			Objects   []struct {
				OID  string
				Size int64
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		if r.URL.Path != "/group/shop.git/info/lfs/objects/batch" || r.Header.Get("Authorization") != ownLogin ||
			r.Header.Get("Accept") != lfsType || r.Header.Get("Content-Type") != lfsType ||
			asked.Operation != "download" || !slices.Equal(asked.Transfers, []string{"basic"}) {
			t.Errorf("%s %v %+v", r.URL, r.Header, asked)
		}
		sizes = append(sizes, len(asked.Objects))
		var objects []string
		for _, o := range asked.Objects {
			objects = append(objects, fmt.Sprintf(`{"oid":%q,"size":%d,"authenticated":true,"actions":{"download":{
				"href":"https://storage.example.com/%s?sig=1","header":{}}}}`, o.OID, o.Size, o.OID))
		}
		fmt.Fprintf(w, `{"transfer":"basic","objects":[%s]}`, strings.Join(objects, ","))
	})
	var objects []Object
	for i := range 2*maxBatch + 1 {
		objects = append(objects, Object{OID: fmt.Sprintf("%064x", i), Size: int64(i)})
	}
	server, err := r.LFSServer("")
	if err != nil {
		t.Fatal(err)
	}
	found, err := r.Downloads(t.Context(), server, objects)
	if err != nil || len(found) != len(objects) || !slices.Equal(sizes, []int{maxBatch, maxBatch, 1}) {
		t.Fatalf("%d found, %v, asked for %v", len(found), err, sizes)
	}
	for _, o := range objects {
		if d := found[o.OID]; d.Err != nil || d.URL != "https://storage.example.com/"+o.OID+"?sig=1" ||
			d.Authorization != "" {
			t.Errorf("%s: %+v", o.OID, d)
		}
	}
}

// TestHostileDownloads: where a header goes is the answer's to say, but the token is for the remote's server only.
func TestHostileDownloads(t *testing.T) {
	var answer atomic.Value
	r := lfs(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer.Load().(string)) })
	home := strings.TrimSuffix(r.URL, "/group/shop.git")
	download := func(rest, href, header string) string {
		return fmt.Sprintf(`{"oid":%q,"size":5%s,"actions":{"download":{"href":%q,"header":%s}}}`, oid, rest, href,
			header)
	}
	for name, c := range map[string]struct {
		said          string // of the object
		url           string
		authorization string
		err           string
	}{
		"the server's own header": {download("", home+"/x", `{"authorization":"RemoteAuth 1"}`), home + "/x",
			"RemoteAuth 1", ""},
		"no header":               {download("", home+"/x", `{}`), home + "/x", ownLogin, ""},
		"no header, and none due": {download(`,"authenticated":true`, home+"/x?s=1", `{}`), home + "/x?s=1", "", ""},
		"elsewhere":               {download("", "https://s.example.com/x", `null`), "https://s.example.com/x", "", ""},
		"another port":            {download("", "http://127.0.0.1:1/x", `null`), "http://127.0.0.1:1/x", "", ""},
		"elsewhere, with a header": {download("", "https://s.example.com/x",
			`{"Authorization":"Bearer 2","Accept":"x"}`), "https://s.example.com/x", "Bearer 2", ""},
		"a fragment": {download(`,"authenticated":true`, home+"/x#y", `{}`), home + "/x", "", ""},
		"elsewhere by plain HTTP": {download("", "http://s.example.com/x", `{"Authorization":"Bearer 2"}`), "", "",
			"could be read on the way"},
		"another header":     {download("", home+"/x", `{"X-Amz-Key":"k"}`), "", "", "the header X-Amz-Key"},
		"a broken header":    {download("", home+"/x", `{"Authorization":"a\r\nX: y"}`), "", "", "cannot be sent"},
		"another protocol":   {download("", "file:///etc/passwd", `{}`), "", "", "no address by HTTP(S)"},
		"a relative address": {download("", "/x", `{}`), "", "", "no address by HTTP(S)"},
		"no address":         {download("", "", `{}`), "", "", "no address by HTTP(S)"},
		"a login":            {download("", "https://u:pass-word@s.example.com/x", `{}`), "", "", "holds a login"},
		"another size": {strings.Replace(download("", home+"/x", `{}`), `"size":5`, `"size":6`, 1), "", "",
			"it has 6 bytes on the LFS server, and 5 by its pointer"},
		"no size": {strings.Replace(download("", home+"/x", `{}`), `"size":5`, `"id":5`, 1), home + "/x", ownLogin, ""},
		"another object": {strings.Replace(download("", home+"/x", `{}`), oid, strings.Repeat("0", 64), 1), "", "",
			"says nothing of it"},
		"not there": {fmt.Sprintf(`{"oid":%q,"size":5,"error":{"code":404,"message":"x"}}`, oid), "", "",
			"does not have it"},
		"no action": {fmt.Sprintf(`{"oid":%q,"size":5}`, oid), "", "", "does not have it"},
		"another error": {fmt.Sprintf(`{"oid":%q,"error":{"code":422,"message":"a\nb\u001b[1m"}}`, oid), "", "",
			`does not give it: 422 a b\x1b[1m`},
	} {
		answer.Store(`{"objects":[` + c.said + `]}`)
		found, err := r.Downloads(t.Context(), r.URL, []Object{large})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d := found[oid]
		text := ""
		if d.Err != nil {
			text = d.Err.Error()
		}
		if d.URL != c.url || d.Authorization != c.authorization || !strings.Contains(text, c.err) ||
			c.err == "" && text != "" {
			t.Errorf("%s: %+v, want %+v", name, d, c)
		}
		if strings.Contains(text, "pass-word") {
			t.Errorf("%s shows a secret: %s", name, text)
		}
	}
	// without a token there is none to send
	r.Token = ""
	answer.Store(`{"objects":[` + download("", home+"/x", `{}`) + `]}`)
	if found, err := r.Downloads(t.Context(), r.URL, []Object{large}); err != nil || found[oid].Authorization != "" {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestRefusedBatch: what a server answers instead of objects.
func TestRefusedBatch(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
		is     error
	}{
		"a wrong token":    {401, `{"message":"Access denied."}`, "Access denied.", ErrRefused},
		"no right":         {403, `{"message":"You may not read it."}`, "You may not read it.", ErrRefused},
		"no LFS":           {404, "<html>", "there is no Git LFS at ", nil},
		"LFS is off":       {501, `{"message":"Git LFS is not enabled on this GitLab server."}`, "is not enabled", nil},
		"a page":           {200, "<html>", "does not answer as Git LFS does", nil},
		"another transfer": {200, `{"transfer":"ssh"}`, "sends files in a way that Ship does not know: ssh", nil},
		"too much": {200, `{"transfer":"` + strings.Repeat("x", 17<<20) + `"}`, "16 MB to keep",
			limit.ErrExceeded},
		"a redirect": {307, "", "it answered 307", nil},
	} {
		asked := 0
		r := lfs(t, func(w http.ResponseWriter, r *http.Request) {
			asked++
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		found, err := r.Downloads(t.Context(), r.URL, []Object{large})
		if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) || asked != 1 {
			t.Errorf("%s: %v, %.300v, asked %d times", name, found, err, asked)
		}
	}
}

// TestFollow: a header goes no further than the server that it is for.
func TestFollow(t *testing.T) {
	var shown atomic.Int64
	storage := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		shown.Add(1)
	}))
	t.Cleanup(storage.Close)
	r := lfs(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != ownLogin {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/there?x=1", http.StatusFound)
		case "/away":
			http.Redirect(w, r, storage.URL+"/bucket?signature=1", http.StatusFound)
		case "/login":
			http.Redirect(w, r, strings.Replace(storage.URL, "//", "//u:pass-word@", 1), http.StatusFound)
		case "/around":
			http.Redirect(w, r, "/around", http.StatusFound)
		case "/nowhere":
			w.WriteHeader(http.StatusFound)
		case "/forbidden":
			w.WriteHeader(http.StatusForbidden)
		case "/none":
			w.WriteHeader(http.StatusNotFound)
		case "/long":
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader("too large"))
		case "/whole": // without a range
			_, _ = io.WriteString(w, "lar")
		case "/endless":
			for _, err := w.Write(make([]byte, 1<<20)); err == nil; _, err = w.Write(make([]byte, 1<<20)) {
			}
		default:
			if got := r.Header.Get("Range"); got != "bytes=0-0" {
				t.Errorf("range %q", got)
			}
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader("large"))
		}
	})
	home := strings.TrimSuffix(r.URL, "/group/shop.git")
	for path, want := range map[string]string{
		"/there": home + "/there " + ownLogin, "/moved": home + "/there?x=1 " + ownLogin,
		"/away": storage.URL + "/bucket?signature=1 ", "/endless": home + "/endless " + ownLogin,
		"/login": "holds a login", "/around": "ten times", "/nowhere": "and not where",
		"/forbidden": "the token may not have it", "/none": "it is not there",
		"/long": "it has 9 bytes there, and 5 by its pointer", "/whole": "it has 3 bytes there",
	} {
		to, err := r.Follow(t.Context(), large, Download{URL: home + path, Authorization: ownLogin})
		got := to.URL + " " + to.Authorization
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) || strings.Contains(got, "pass-word") {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if _, err := r.Follow(t.Context(), large, Download{URL: home + "/there?signature=sign3d"}); err == nil ||
		!strings.Contains(err.Error(), "401") || strings.Contains(err.Error(), "sign3d") {
		t.Errorf("without the header: %v", err)
	}
	if shown.Load() != 0 {
		t.Errorf("the storage was asked %d times", shown.Load())
	}
}

func FuzzBatchAnswer(f *testing.F) {
	f.Add(`{"objects":[{"oid":"` + oid + `","size":5,"actions":{"download":{"href":"https://a/b","header":{"Authorization":"x"}}}}]}`)
	f.Add(`{"objects":[{"oid":"` + oid + `","error":{"code":404}}]}`)
	f.Add(`{"objects":[{"oid":"` + oid + `","actions":null}]}`)
	r := &Remote{URL: "https://git.example.com/a.git", User: "u", Token: "secret"}
	f.Fuzz(func(t *testing.T, text string) {
		var answer batchAnswer
		if json.Unmarshal([]byte(text), &answer) != nil {
			return
		}
		d := r.download(large, answer)
		if d.Err == nil && !strings.HasPrefix(d.URL, "http") || strings.Contains(d.Authorization, "\n") {
			t.Errorf("%+v", d)
		}
	})
}
