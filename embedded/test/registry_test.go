package test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"golang.org/x/crypto/bcrypt"
)

// The registries' user and password.
const (
	user     = "tester"
	password = "correct-horse"
)

// startRegistry serves an empty registry and returns its address. Without credentials, anyone may use it.
func startRegistry(t testing.TB, credentials bool, certificate *tls.Certificate) string {
	t.Helper()
	config := &configuration.Configuration{Storage: configuration.Storage{"inmemory": nil, "delete": {"enabled": true}}}
	config.Log.Level = "panic"
	config.Log.AccessLog.Disabled = true
	config.HTTP.Secret = "test"
	config.Catalog.MaxEntries = 100
	if credentials {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "htpasswd")
		if err := os.WriteFile(file, []byte(user+":"+string(hash)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		config.Auth = configuration.Auth{"htpasswd": {"realm": "test", "path": file}}
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	l, err := net.Listen("tcp", net.JoinHostPort(address(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handlers.NewApp(ctx, config)}
	t.Cleanup(func() { server.Close() })
	go func() {
		if certificate != nil {
			server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}}
			server.ServeTLS(l, "", "")
		} else {
			server.Serve(l)
		}
	}()
	return l.Addr().String()
}

// address is where servers listen: an engine's containers do not reach the loopback of the machine.
func address() string {
	if given := os.Getenv("SHIP_TEST_ADDRESS"); given != "" {
		return given
	}
	return "127.0.0.1"
}
