package test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"dagger.io/dagger"
)

// Commands reach servers on this machine, by the names that it knows.
func TestNetwork(t *testing.T) {
	if !isEmbedded {
		t.Skip("an engine's containers have a network of their own")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("served")) }))
	defer server.Close()
	local := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	ref, err := base()
	if err != nil {
		t.Fatal(err)
	}
	resolv, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		t.Fatal(err)
	}
	ask(t, []question{
		{"loopback", text(shell(t).WithExec([]string{"wget", "-q", "-O-", server.URL}).Stdout), "served", ""},
		{"localhost", text(shell(t).WithExec([]string{"wget", "-q", "-O-", local}).Stdout), "served", ""},
		{"DNS", text(shell(t).WithExec([]string{"cat", "/etc/resolv.conf"}).Stdout), string(resolv), ""},
		{"a Dockerfile's RUN", contents(client.Directory().WithNewFile("Dockerfile", "FROM "+ref+"\nARG URL\nRUN wget -q -O /x $URL").
			DockerBuild(dagger.DirectoryDockerBuildOpts{BuildArgs: []dagger.BuildArg{{Name: "URL", Value: server.URL}}}).File("/x")), "served", ""},
	})
}
