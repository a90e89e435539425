package test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"dagger.io/dagger"
)

// startDownloads serves a text at any path, to who shows the header. It counts how often it was asked.
func startDownloads(t *testing.T, text, header string) (string, *atomic.Int64) {
	t.Helper()
	asked := new(atomic.Int64)
	l, err := net.Listen("tcp", net.JoinHostPort(listenAddress(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Authorization") != header {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	server.Listener.Close()
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, asked
}

func TestHTTP(t *testing.T) {
	const header = "Basic aHR0cC1zZWNyZXQ6aHR0cC1zZWNyZXQ="
	url, asked := startDownloads(t, "large", header)
	sum := sha256.Sum256([]byte("large"))
	checksum := "sha256:" + hex.EncodeToString(sum[:])
	secret := client.SetSecret("http-header", header)
	get := func(path string, o dagger.HTTPOpts) *dagger.File { return client.HTTP(url+path, o) }
	with := dagger.HTTPOpts{AuthHeader: secret, Checksum: checksum, Name: "named"}
	executable, noName, noChecksum, wrong := with, with, with, with
	executable.Permissions, noName.Name, noChecksum.Checksum = 0o755, "", ""
	wrong.Checksum = "sha256:" + strings.Repeat("0", 64)
	dir := client.Directory().WithNewFile("a/pointer", "x").WithFile("a/pointer", get("/a", with),
		dagger.DirectoryWithFileOpts{Permissions: 0o750})
	below := client.Directory().WithFile("new/below/x", get("/a", with),
		dagger.DirectoryWithFileOpts{Permissions: 0o640})
	ask(t, []question{
		{"folders above a file", status(below, "new"), "DIRECTORY 755 4096", ""},
		{"folder of a file", status(below, "new/below"), "DIRECTORY 755 4096", ""},
		{"permissions in a new folder", status(below, "new/below/x"), "REGULAR 640 5", ""},
		{"contents", contents(get("/a", with)), "large", ""},
		{"size", number(get("/a", with).Size), 5, ""},
		{"name", text(get("/a", with).Name), "named", ""},
		{"name of the URL", text(get("/below/b.bin?x=y", noName).Name), "b.bin", ""},
		{"without a checksum", contents(get("/c", noChecksum)), "large", ""},
		{"permissions", status(client.Directory().WithFile("x", get("/a", executable)), "x"), "REGULAR 755 5", ""},
		{"in place of a file", contents(dir.File("a/pointer")), "large", ""},
		{"permissions in place of a file", status(dir, "a/pointer"), "REGULAR 750 5", ""},
		{"another checksum", contents(get("/a", wrong)), nil, "mismatch"},
		{"without the header", contents(get("/d", dagger.HTTPOpts{Name: "d"})), nil, "status"},
		{"no server", contents(client.HTTP("http://127.0.0.1:1/x?signature=sign3d-query", dagger.HTTPOpts{
			Checksum: checksum})), nil, "refused"},
	})
	if !isEmbedded {
		return
	}
	t.Run("the checksum is the cache's key", func(t *testing.T) {
		before := asked.Load()
		other := with
		other.AuthHeader = client.SetSecret("http-header", header+"2") // as another job's token
		text, err := get("/elsewhere?signature=2", other).Contents(context.Background())
		if err != nil || text != "large" || asked.Load() != before {
			t.Errorf("%q, %v, asked for %d times", text, err, asked.Load()-before)
		}
	})
	t.Run("nothing secret shows", func(t *testing.T) {
		for _, file := range []*dagger.File{get("/a", wrong), client.HTTP(
			"http://127.0.0.1:1/y?signature=sign3d-query", dagger.HTTPOpts{Checksum: checksum, AuthHeader: secret})} {
			_, err := file.Contents(context.Background())
			if err == nil || strings.Contains(err.Error(), "sign3d") || strings.Contains(err.Error(), "aHR0") {
				t.Error(err)
			}
		}
	})
	ask(t, []question{
		{"another protocol", contents(client.HTTP("ftp://127.0.0.1/x")), nil, "by HTTP and HTTPS"},
		{"a password in the URL", contents(client.HTTP("http://u:p@127.0.0.1/x")), nil, "no credentials in the URL"},
		{"a folder as name", contents(get("/a", dagger.HTTPOpts{Name: "a/b"})), nil, "must not contain a directory"},
	})
}
