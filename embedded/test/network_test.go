package test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dagger.io/dagger"
)

// Commands reach servers on this machine, by the names that it knows.
func TestNetwork(t *testing.T) {
	if !isEmbedded {
		t.Skip("an engine's containers have a network of their own")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("served"))
	}))
	defer server.Close()
	local := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	resolv, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		t.Fatal(err)
	}
	ask(t, []question{
		{"loopback", text(shell(t).WithExec([]string{"wget", "-q", "-O-", server.URL}).Stdout), "served", ""},
		{"localhost", text(shell(t).WithExec([]string{"wget", "-q", "-O-", local}).Stdout), "served", ""},
		{"DNS", text(shell(t).WithExec([]string{"cat", "/etc/resolv.conf"}).Stdout), string(resolv), ""},
	})
}

// What is in a Dockerfile is anybody's who may change it: its commands have a network, but not this machine's loopback.
func TestBuildNetwork(t *testing.T) {
	if !isEmbedded {
		t.Skip("an engine's containers have a network of their own")
	}
	ref, err := base()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("served"))
	}))
	defer server.Close()
	everywhere, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	outside := &httptest.Server{Listener: everywhere, Config: &http.Server{Handler: server.Config.Handler}}
	outside.Start()
	defer outside.Close()
	// the build's way out leads through this machine: its address there is one of those that it listens on
	build := func(c *dagger.Client, network string) *dagger.Container {
		const script = `FROM %s
ARG NETWORK LOOPBACK PORT
RUN (wget -q -O- $LOOPBACK || echo none) > /loopback 2>&1
RUN gateway=$(ip route | sed -n 's/^default via \([0-9.]*\).*/\1/p'); \
    (wget -q -O- http://$gateway:$PORT || echo none) > /outside 2>&1
`
		_, port, _ := net.SplitHostPort(everywhere.Addr().String())
		folder := c.Directory().WithNewFile("Dockerfile", fmt.Sprintf(script, ref))
		return folder.DockerBuild(dagger.DirectoryDockerBuildOpts{BuildArgs: []dagger.BuildArg{
			{Name: "NETWORK", Value: network}, {Name: "LOOPBACK", Value: server.URL}, {Name: "PORT", Value: port},
		}})
	}
	own := build(client, "own")
	host := build(connect(t, "SHIP_BUILD_NETWORK=host"), "host")
	ask(t, []question{
		{"outside", contents(own.File("/outside")), "served", ""},
		{"loopback, if it was asked for", contents(host.File("/loopback")), "served", ""},
	})
	said, err := own.File("/loopback").Contents(background)
	if err != nil || !strings.Contains(said, "none") || strings.Contains(said, "served") {
		t.Errorf("a build asked a server on loopback and got %q, %v", said, err)
	}
}

// Where no network can be made, builds run in the machine's, and the session says so.
func TestNoBuildNetwork(t *testing.T) {
	runc, err := exec.LookPath("runc")
	if err != nil {
		t.Fatal(err)
	}
	ref, err := base()
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() // without iptables
	if err := os.Symlink(runc, filepath.Join(path, "runc")); err != nil {
		t.Fatal(err)
	}
	before := os.Getenv("PATH")
	t.Setenv("PATH", path)
	host, _ := startDaemon(t, "")
	t.Setenv("PATH", before)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("served"))
	}))
	defer server.Close()
	log := &safeBuffer{}
	c, err := dagger.Connect(background, dagger.WithLogOutput(log),
		dagger.WithEnvironmentVariable("BUILDKIT_HOST", host))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ask(t, []question{{"a Dockerfile's RUN", contents(c.Directory().WithNewFile("Dockerfile",
		"FROM "+ref+"\nARG URL\nRUN wget -q -O /x $URL").
		DockerBuild(dagger.DirectoryDockerBuildOpts{BuildArgs: []dagger.BuildArg{{Name: "URL",
			Value: server.URL}}}).File("/x")), "served", ""}})
	if said := log.String(); strings.Count(said, "no network of their own") != 1 {
		t.Errorf("the session said %q", said)
	}
	daemon, err := os.ReadFile(filepath.Join(filepath.Dir(strings.TrimPrefix(host, "unix://")), "log"))
	if err != nil || !strings.Contains(string(daemon), "install Debian's package iptables") {
		t.Errorf("the daemon said %q, %v", daemon, err)
	}
}

// safeBuffer is a buffer that a program writes to while a test reads it.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(data)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
